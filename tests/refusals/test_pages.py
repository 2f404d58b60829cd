"""What a person can do wrong on a page is shown there, in their language, and changes nothing."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from services.chassis.identity.people import Person
from tests.givens.intake import COUNSELLOR as INTAKE_COUNSELLOR
from tests.givens.intake import LIEGE_DESK, NAMUR_DESK, PROVIDER
from tests.givens.plans import ARLON_COUNSELLOR
from tests.givens.plans import COUNSELLOR as PLANS_COUNSELLOR
from tests.givens.rows import all_rows
from tests.givens.scenarios import SCENARIOS, Scenario
from tests.givens.scheduling import COUNSELLOR, ELSEWHERE, LIEGE
from tests.refusals.test_api import FRONT_DESK, TOO_MUCH

Messages = tuple[str, str]
"""What stands there in French and in German."""

WRONG_ROLE: Messages = ("Votre rôle ne le permet pas", "Ihre Rolle erlaubt das nicht")
STALE: Messages = ("Cela a changé entre-temps", "Das hat sich inzwischen geändert")
TOO_LARGE: Messages = ("L’envoi dépasse les 65536 octets", "größer als die 65536 Bytes")
WRONG_CENTRE: Messages = ("; ceci relève de", "das hier gehört zu")


@dataclass(frozen=True)
class Case:
    """A form, sent as a browser does, and what its page says. `{ids}` are those of the service's world."""

    what: str
    service: str
    person: Person
    path: str
    form: dict[str, Any]
    status: int
    """303: back to the page it came from, which says why."""
    messages: Messages


def arrival(what: str, status: int, messages: Messages, person: Person = LIEGE_DESK, **form: Any) -> Case:
    fields = {"visit_id": "{new}", "queue": "yes"} | form
    return Case(what, "intake", person, "/intake/desk/liege/visits", fields, status, messages)


def booking(what: str, status: int, messages: Messages, person: Person = COUNSELLOR, **form: Any) -> Case:
    fields = {
        "centre": LIEGE,
        "path": "{free}",
        "date": "2026-03-06",
        "time": "10:00",
        "minutes": "60",
        "counsellor": "liege-c01",
        "room": "salle-3",
    }
    return Case(what, "scheduling", person, "/scheduling/interviews/new", fields | form, status, messages)


def track(what: str, status: int, messages: Messages, person: Person = PLANS_COUNSELLOR, **form: Any) -> Case:
    fields = {"goal_id": "{goal}", "title": "Se former"} | form
    return Case(what, "plans", person, "/plans/{plan}/tracks", fields, status, messages)


CASES = [
    arrival(
        "an area that the centre does not have",
        303,
        ("n’a pas de domaine gardening", "hat keinen Bereich gardening"),
        area="gardening",
    ),
    arrival("a body that is too large", 303, TOO_LARGE, area=TOO_MUCH),
    arrival("a field that nobody knows", 303, ("Ce champ n’est pas connu", "Dieses Feld ist nicht bekannt"), name="x"),
    arrival("the wrong role", 403, WRONG_ROLE, PROVIDER),
    arrival("the wrong centre", 403, WRONG_CENTRE, NAMUR_DESK),
    Case(
        "a version that is no longer",
        "intake",
        INTAKE_COUNSELLOR,
        "/intake/visits/{waiting}/serve",
        {"version": "9"},
        303,
        STALE,
    ),
    booking(
        "an area that the centre does not have",
        422,
        ("n’a pas de domaine gardening", "hat keinen Bereich gardening"),
        path="",
        person_="{new}",
        area="gardening",
    ),
    booking("a time that is over", 422, ("est déjà passé", "ist vorbei"), date="2026-02-24"),
    booking("no time at all", 422, ("une date et une heure", "Datum und Uhrzeit"), time="soon"),
    booking("a fifth interview", 422, ("4 entretiens au plus", "höchstens 4 Gespräche"), path="{full}"),
    booking("ninety minutes", 422, ("60 ou 120 minutes, pas 90", "60 oder 120 Minuten, nicht 90"), minutes="90"),
    booking("an hour that is taken", 422, ("est déjà pris le", "schon belegt"), date="2026-03-03"),
    booking("a body that is too large", 303, TOO_LARGE, room=TOO_MUCH),
    booking("a field that nobody knows", 422, ("Ce champ n’est pas connu", "Dieses Feld ist nicht bekannt"), name="x"),
    booking("the wrong role", 403, WRONG_ROLE, FRONT_DESK),
    booking("the wrong centre", 403, WRONG_CENTRE, ELSEWHERE),
    Case(
        "a version that is no longer",
        "scheduling",
        COUNSELLOR,
        "/scheduling/interviews/{booked}/move",
        {
            "version": "9",
            "date": "2026-03-06",
            "time": "10:00",
            "minutes": "60",
            "counsellor": "liege-c01",
        },
        422,
        STALE,
    ),
    Case(
        "a second seat",
        "scheduling",
        COUNSELLOR,
        "/scheduling/workshops/{workshop}/seats",
        {"person": "{seated}"},
        422,
        ("Cette personne a déjà une place dans cet atelier", "Diese Person hat schon einen Platz in diesem Workshop"),
    ),
    track(
        "an area that the centre does not have",
        422,
        ("n’a pas de domaine gardening", "hat keinen Bereich gardening"),
        area="gardening",
    ),
    track("the wrong role", 403, WRONG_ROLE, PROVIDER),
    track("the wrong centre", 403, WRONG_CENTRE, ARLON_COUNSELLOR),
    Case(
        "a version that is no longer",
        "plans",
        PLANS_COUNSELLOR,
        "/plans/{plan}/assessment/skills",
        {"text": "Menuiserie", "version": "9"},
        422,
        STALE,
    ),
]


@pytest.fixture
async def world(case: Case, tmp_path: Path) -> AsyncGenerator[Scenario]:
    async with SCENARIOS[case.service](tmp_path) as made:
        yield made


def filled(value: Any, ids: dict[str, str]) -> Any:
    return value.format(**ids) if isinstance(value, str) and len(value) < 100 else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.service}: {case.what}")
async def test_the_page_says_why_and_nothing_changed(case: Case, world: Scenario) -> None:
    client, ids = world
    client.signed_in(case.person)
    before = await all_rows(client.store)
    for lang, words in zip(("fr", "de"), case.messages, strict=True):
        answer = await client.post(
            case.path.format(**ids),
            data={name.rstrip("_"): filled(value, ids) for name, value in case.form.items()},
            headers={"accept": "text/html", "accept-language": lang},
        )
        assert answer.status_code == case.status, answer.text
        shown = unescape(answer.text)
        if case.status == 303:
            shown = unquote(answer.cookies.get("cefo-flash") or "")
            assert shown.startswith("error:"), shown
            client.cookies.delete("cefo-flash")
        assert words in shown
    assert await all_rows(client.store) == before
