"""Rows of a centre: for its own staff, refused or hidden for others."""

from dataclasses import dataclass

import pytest

from services.chassis.identity.ownership import own, visible
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, WrongCentre
from services.contracts.roles import Role

NADIA = Person(subject="t/nadia", name="Nadia (test)", roles=frozenset({Role.COUNSELLOR}), centres=frozenset({"mons"}))
REGION = Person(subject="t/region", name="Région (test)", roles=frozenset({Role.MANAGER}))


@dataclass
class Workshop:
    centre: str


@pytest.mark.parametrize("allowed", [own, visible])
def test_a_row_is_for_staff_of_its_centre_and_the_region(allowed: type) -> None:
    workshop = Workshop("mons")
    assert allowed(workshop, NADIA, "workshop") is workshop
    assert allowed(workshop, REGION, "workshop") is workshop


def test_another_centres_row_is_refused_by_its_centre_or_hidden() -> None:
    with pytest.raises(WrongCentre) as refused:
        own(Workshop("arlon"), NADIA, "workshop")
    assert refused.value.values == {"yours": ["mons"], "centre": "arlon"}
    with pytest.raises(NotFound) as hidden:
        visible(Workshop("arlon"), NADIA, "workshop")
    assert hidden.value.values == {"what": "workshop"}


@pytest.mark.parametrize("allowed", [own, visible])
def test_a_missing_row_is_not_found(allowed: type) -> None:
    with pytest.raises(NotFound) as missing:
        allowed(None, REGION, "workshop")
    assert missing.value.values == {"what": "workshop"}
