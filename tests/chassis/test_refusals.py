"""Refusals: a slug, a status, a message with its values, and the field they are about."""

import pytest

from services.chassis import refusals
from services.chassis.refusals import BodyTooLarge, Refused, WrongCentre


def subclasses(refusal: type[Refused]) -> list[type[Refused]]:
    return [one for each in refusal.__subclasses__() for one in (each, *subclasses(each))]


def test_a_refusal_holds_its_values_and_its_field() -> None:
    refused = WrongCentre(yours=["mons"], centre="arlon")
    assert refused.values == {"yours": ["mons"], "centre": "arlon"}
    assert (refused.status, refused.slug, refused.about) == (403, "wrong-centre", "centre")
    assert str(BodyTooLarge(limit=7)).endswith("Maximum size in bytes: 7.")
    assert WrongCentre("at", yours=["mons"], centre="arlon").about == "at"


def test_a_refusal_without_the_values_of_its_message_is_an_error() -> None:
    with pytest.raises(KeyError):
        BodyTooLarge(size=7)


def test_every_refusal_of_the_chassis_is_in_the_tree_at_the_top_of_the_module() -> None:
    own = [one for one in subclasses(Refused) if one.__module__ == refusals.__name__]
    drawn = refusals.__doc__ or ""
    assert own
    assert [one.__name__ for one in own if one.__name__ not in drawn and one.slug != "wrong-centre"] == []
