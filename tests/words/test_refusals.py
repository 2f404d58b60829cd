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

STEP = {
    "fr": re.compile(
        r"\b(?!(?:ass|av|ch|dev|pouv|travaill|voul)ez\b)\w{2,}ez\b|\bpouvez encore\b"
        r"|[Pp]ossibles?\b[^.:]*\u00a0:|[Aa]ttendue?\u00a0:|\bau maximum\b|\bau minimum\b"
    ),
    "de": re.compile(
        r"\b(?!(?:haben|können|müssen|sind|sollen|wollen) Sie)\w+n Sie\b"
        r"|\b(?:[Dd]anach|Nach [^.]*) können Sie\b|\bkönnen weiter\b"
        r"|[Mm]ögliche?\b[^.:]*:|[Ee]rwartet:|\b(höchst|mindest)ens\b"
    ),
    "nl": re.compile(
        r"(?:^|[.:] |, )(Annuleer|Begin|Bespreek|Controleer|Ga|Gebruik|Geef|Kies|Kijk|Laad|Laat|Lees|Maak|Meld|Noteer"
        r"|Open|Probeer|Publiceer|Scheid|Schrijf|Stuur|Verbeter|Verhelp|Verhoog|Verwerp|Verwijder|Vink|Voeg|Voer|Volg|Vraag"
        r"|Vernieuw|Vul|Wacht|Wijzig|Zet|Zoek|U kunt nog)\b|\bkunt u [^.]*\w+en\."
        r"|[Mm]ogelijke?\b[^.:]*:|[Vv]erwacht:|\b(maxim|minim)aal\b",
        re.IGNORECASE,
    ),
    "en": re.compile(
        r"(?:^|[.:] |, )(please |first )?(Add|Ask|Cancel|Change|Check|Choose|Combine|Complete|Continue|Correct|Discard"
        r"|Enter|Fix|Follow|Give|Go|Hold|Leave|Look|Open|Publish|Put|Raise|Read|Record|Reload|Remove|Restore|Retry"
        r"|Renew|Send|Separate|Shorten|Sign in|Start|Talk|Tick|Try|Use|Wait|Write|You can)\b|[Pp]ossible\b[^.:]*:"
        r"|[Ee]xpected:|\bat (most|least)\b",
        re.IGNORECASE,
    ),
}
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


@pytest.mark.parametrize("lang", STEP)
def test_a_refusal_says_what_to_do(lang: str) -> None:
    assert {
        one.slug: text
        for one in refusals()
        if one.slug not in ALLOWED and not STEP[lang].search(text := i18n.translate(one.message, lang))
    } == {}


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("fr", "Vous ne pouvez pas faire cela."),
        ("fr", "Vous avez déjà un plan."),
        ("fr", "Le plan est fermé."),
        ("de", "Das können Sie nicht tun, denn der Plan ist geschlossen."),
        ("nl", "Het plan is gesloten. Dat kan niet."),
        ("en", "The plan is closed. You cannot do this."),
    ],
)
def test_a_refusal_without_a_step_is_found(lang: str, text: str) -> None:
    assert not STEP[lang].search(text)


def test_an_exception_is_still_needed() -> None:
    assert {
        one.slug for one in refusals() if STEP["fr"].search(i18n.translate(one.message, "fr"))
    } & ALLOWED.keys() == set()
