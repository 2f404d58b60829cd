"""A refusal says what is wrong, and then what to do."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import services
from services.chassis import i18n
from services.chassis.refusals import Refused
from services.launcher import catalogue

STEP = re.compile(
    r"\b(?!(?:ass|av|ch|dev|pouv|travaill|voul)ez\b)\w{2,}ez\b|\bpouvez encore\b"
    r"|[Pp]ossibles?\b[^.:]*\u00a0:|[Aa]ttendue?\u00a0:|\bau maximum\b|\bau minimum\b"
)
"""A request to the reader, or the values that are possible. “Vous avez …” asks for nothing."""
ALLOWED: dict[str, str] = {}
"""Slugs of refusals after which nothing can be done, with the reason."""


def refusals(kind: type[Refused] = Refused) -> Iterator[type[Refused]]:
    """Every refusal of every service."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if "refusals" in module.name or ".domain" in module.name:
            importlib.import_module(module.name)
    yield kind
    for one in kind.__subclasses__():
        if one.__module__.startswith("services."):
            yield from refusals(one)


@pytest.fixture(autouse=True, scope="module")
def _every_catalogue() -> None:
    for folder in catalogue.folders():
        i18n.add_catalogues(folder / "locales")


def test_there_are_refusals() -> None:
    assert len({one.slug for one in refusals()}) > 60


def test_a_refusal_says_what_to_do() -> None:
    assert {
        one.slug: text
        for one in refusals()
        if one.slug not in ALLOWED and not STEP.search(text := i18n.translate(one.message, "fr"))
    } == {}


@pytest.mark.parametrize("text", ["Vous ne pouvez pas faire cela.", "Vous avez déjà un plan.", "Le plan est fermé."])
def test_a_refusal_without_a_step_is_found(text: str) -> None:
    assert not STEP.search(text)


def test_an_exception_is_still_needed() -> None:
    assert {one.slug for one in refusals() if STEP.search(i18n.translate(one.message, "fr"))} & ALLOWED.keys() == set()
