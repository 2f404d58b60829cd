"""Nobody who takes part in a workshop, or looks at its public page, sees another participant.

The pages and answers are those that the table of permissions has for everyone and for visitors, also future ones.
"""

import re
import tomllib
from pathlib import Path
from uuid import UUID

import pytest

from services.chassis.identity.people import Person, visitor
from services.chassis.testing import Client
from services.scheduling.actions import seats
from services.scheduling.store import Seat, Workshop
from tests.givens.rows import rows_of
from tests.givens.scheduling import LIEGE, NADIA, TOM, Visitor, react
from tests.scheduling.test_pages import Form, one, press

TABLE = Path(__file__).parents[1] / "matrix" / "expected" / "scheduling.toml"
ALLOWED = tomllib.loads(TABLE.read_text())["allowed"]


def readable(who: str) -> list[str]:
    """The paths that these may read."""
    found = (route for one in ALLOWED if who in one["who"] for route in one["routes"])
    return sorted({route.removeprefix("GET ") for route in found if route.startswith("GET ") and "(" not in route})


EVERYONE, OWN = readable("everyone"), readable("visitor")


async def workshop_with(desk: Client, *people: Visitor) -> Workshop:
    """A workshop of two places, in which these people sit and wait, in this order."""
    await react(desk.store, [one.registered() for one in people])
    form: Form = {"centre": LIEGE, "title": "Changer de voie", "counsellor": NADIA, "facilitators": [TOM], "seats": "2"}
    form |= {"date": "2026-03-03", "time": "10:00", "minutes": "120", "sessions": "2", "published": "true"}
    await press(desk, "/workshops/new", **form)
    workshop = await one(desk, Workshop)
    for person in people:
        async with desk.store.work() as work:
            await seats.take_seat(work, workshop.id, person.subject_ref, waitlist=True)
    return workshop


async def private_of(desk: Client, *people: Visitor) -> set[str]:
    """What identifies these participants: their references, seats and paths, and who they are with."""
    refs = {one.subject_ref for one in people}
    theirs = [seat for seat in await rows_of(desk.store, Seat) if seat.subject_ref in refs]
    ids: set[UUID | None] = {*refs, *(seat.id for seat in theirs), *(seat.path_id for seat in theirs)}
    return {str(id) for id in ids if id is not None}


def test_the_table_has_pages_for_both() -> None:
    assert "/scheduling/centres/{centre}/workshops" in EVERYONE
    assert {"/scheduling/mine", "/scheduling/mine/seats/{id}", "/scheduling/mine/data.json"} <= set(OWN)


@pytest.mark.parametrize("path", [*EVERYONE, *OWN])
async def test_no_answer_has_another_participant(desk: Client, path: str) -> None:
    me, beside, waits = Visitor(), Visitor(), Visitor()
    workshop = await workshop_with(desk, me, beside, waits)
    (mine,) = [seat for seat in await rows_of(desk.store, Seat) if seat.subject_ref == me.subject_ref]
    others = await private_of(desk, beside, waits)
    assert len(others) == 5, "two references, two seats, one path"
    person: Person | None = visitor(me.subject_ref) if path in OWN else None
    desk.signed_in(person)
    for id in (mine.id, workshop.id, *(UUID(other) for other in others)):
        url = re.sub(r"\{centre\}", LIEGE, path)
        url = re.sub(r"\{\w+\}", str(id), url)
        answer = await desk.get(url)
        asked = url.count(str(id)) > 0 and str(id) in others
        assert answer.status_code in (200, 303, 404), answer.text
        found = {other for other in others if other in answer.text} - ({str(id)} if asked else set())
        assert found == set()
        if asked:
            assert answer.status_code != 200, "what is another's does not exist"
        for private in (NADIA, TOM):
            assert private not in answer.text
