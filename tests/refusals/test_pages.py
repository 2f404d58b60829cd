"""What a person can do wrong on a page is shown there, in their language, and changes nothing."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from services.chassis.identity.people import Person
from tests.givens.intake import COUNSELLOR as INTAKE_COUNSELLOR
from tests.givens.intake import LIEGE_DESK, NAMUR_DESK, PROVIDER
from tests.givens.plans import ARLON_COUNSELLOR
from tests.givens.plans import COUNSELLOR as PLANS_COUNSELLOR
from tests.givens.rows import all_rows
from tests.givens.scenarios import SCENARIOS, Scenario
from tests.givens.scheduling import COUNSELLOR, ELSEWHERE, LIEGE
from tests.refusals.test_api import TOO_MUCH

Messages = tuple[str, str]
"""What stands there in French and in German."""

WRONG_ROLE: Messages = ("Votre compte ne permet pas cette action", "Ihr Konto erlaubt das nicht")
STALE: Messages = ("Quelqu’un a modifié cette page entre-temps", "Jemand hat diese Seite inzwischen geändert")
TOO_LARGE: Messages = ("L’envoi est trop volumineux", "Die Datenmenge ist zu groß")
WRONG_CENTRE: Messages = ("Votre compte n’est pas lié à ce centre", "Ihr Konto gehört nicht zu diesem Zentrum")
NO_PLAN: Messages = ("Ce plan n’existe pas, a été effacé, ou n’est pas pour vous", "Diesen Plan gibt es nicht")
AREA_NOT_SERVED: Messages = ("Ce centre n’aide pas pour ce besoin", "Dieses Zentrum hilft nicht bei diesem Anliegen")
UNKNOWN_FIELD: Messages = ("Ce champ n’existe pas ici", "Dieses Feld gibt es hier nicht")


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
        422,
        AREA_NOT_SERVED,
        area="gardening",
    ),
    arrival("a body that is too large", 303, TOO_LARGE, area=TOO_MUCH),
    arrival("a field that nobody knows", 422, UNKNOWN_FIELD, name="x"),
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
        AREA_NOT_SERVED,
        path="",
        person_="{new}",
        area="gardening",
    ),
    booking(
        "a time that is over",
        422,
        ("Cette heure est déjà passée\u00a0: 24/02/2026, 10:00", "Diese Zeit ist schon vorbei: 24.02.2026, 10:00"),
        date="2026-02-24",
    ),
    booking("no time at all", 422, ("une date et une heure", "ein Datum und eine Uhrzeit"), time="soon"),
    booking(
        "a fifth interview",
        422,
        ("le maximum d’entretiens\u00a0: 4", "die höchste Zahl an Gesprächen: 4"),
        path="{full}",
    ),
    booking("ninety minutes", 422, ("dure une ou deux heures", "dauert eine oder zwei Stunden"), minutes="90"),
    booking(
        "an hour that is taken",
        422,
        ("la personne qui conseille n’est pas libre", "ist die Beraterin oder der Berater nicht frei"),
        date="2026-03-03",
    ),
    booking("a body that is too large", 303, TOO_LARGE, room=TOO_MUCH),
    booking("a field that nobody knows", 422, UNKNOWN_FIELD, name="x"),
    booking("the wrong role", 403, WRONG_ROLE, PROVIDER),
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
        ("Cette personne est déjà inscrite", "Diese Person ist schon angemeldet"),
    ),
    track(
        "an area that the centre does not have",
        422,
        AREA_NOT_SERVED,
        area="gardening",
    ),
    track("the wrong role", 403, WRONG_ROLE, PROVIDER),
    track("a plan of another centre", 404, NO_PLAN, ARLON_COUNSELLOR),
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
            shown = client.flash(answer)
            assert shown.startswith("error:"), shown
            client.cookies.delete("cefo-flash")
        assert words in shown
    assert await all_rows(client.store) == before
