"""The form of a workshop: rows of sessions without JavaScript, the question, copying, changing, publishing."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.testing import Client, FixedClock
from services.contracts.workshops import SeatRescheduled, WorkshopChanged
from services.scheduling.store import Session, Workshop
from tests.givens.events import emitted_events
from tests.givens.scheduling import ELSEWHERE, LIEGE, NADIA, TOM, Visitor, react
from tests.scheduling.test_pages import Form, one, press, see

SERIES: Form = {
    "centre": LIEGE,
    "title": "Changer de voie",
    "counsellor": NADIA,
    "facilitators": [TOM],
    "room": "salle-2",
    "date": "2026-03-24",
    "time": "10:00",
    "minutes": "120",
    "sessions": "3",
    "every": "7",
}


def fields(html: str, name: str) -> list[str]:
    """The values of the fields of this name, in order."""
    tags = re.findall(rf'<input[^>]*name="{name}"[^>]*>', html)
    return [found[1] for tag in tags if (found := re.search(r'value="([^"]*)"', tag))]


def rows(html: str) -> Form:
    """The rows of the sessions, as a browser sends them."""
    return {name: fields(html, name) for name in ("session_id", "session_date", "session_time", "session_minutes")}


async def sessions(desk: Client) -> Sequence[Session]:
    async with desk.store.read() as session:
        return (await session.scalars(sa.select(Session).order_by(col(Session.starts_at)))).all()


async def made(desk: Client, **changed: Any) -> Workshop:
    form: Form = dict(SERIES)
    form.update(changed)
    await press(desk, "/workshops/new", **form)
    return await one(desk, Workshop)


async def test_a_series_is_filled_in_changed_and_saved_as_it_stands(desk: Client) -> None:
    html = await press(desk, "/workshops/new", 200, **SERIES, do="fill")
    assert fields(html, "session_date") == ["2026-03-24", "2026-03-31", "2026-04-07"]
    assert fields(html, "seats") == ["20"], "as many as the room has"
    html = await press(desk, "/workshops/new", 200, **(SERIES | rows(html)), do="remove-2")
    assert fields(html, "session_date") == ["2026-03-24", "2026-04-07"]
    html = await press(desk, "/workshops/new", 200, **(SERIES | rows(html)), do="add")
    assert fields(html, "session_date") == ["2026-03-24", "2026-04-07", "2026-04-14"]
    assert await sessions(desk) == []
    changed: Form = rows(html) | {"session_time": ["10:00", "09:30", "14:00"], "session_minutes": ["120", "90", "60"]}
    form: Form = SERIES | {"do": "save"}
    form.update(changed)
    await press(desk, "/workshops/new", **form)
    assert [(at.starts_at, at.minutes) for at in await sessions(desk)] == [
        (datetime(2026, 3, 24, 9, 0, tzinfo=UTC), 120),
        (datetime(2026, 4, 7, 7, 30, tzinfo=UTC), 90),
        (datetime(2026, 4, 14, 12, 0, tzinfo=UTC), 60),
    ], "the clocks change on 29 March"
    workshop = await one(desk, Workshop)
    assert workshop.facilitators == [NADIA, TOM]
    page = await see(desk, f"/workshops/{workshop.id}")
    assert "Nadia Lambert" in page
    assert "Tom Peeters" in page


@pytest.mark.parametrize(
    ("name", "values", "field"),
    [
        ("session_date", ["2026-03-24", "", "2026-04-07"], "s2-session_date"),
        ("session_date", ["2026-03-24", "2026-03-29", "2026-04-07"], "s2-session_date"),
        ("session_minutes", ["120", "120", "beaucoup"], "s3-session_minutes"),
        ("session_minutes", ["120", "10", "60"], "s2-session_minutes"),
        ("session_time", ["10:00", "10:07", "10:00"], "sessions"),
        ("session_date", ["2026-03-24", "2026-03-24", "2026-04-07"], "sessions"),
    ],
)
async def test_a_wrong_row_comes_back_as_typed(desk: Client, name: str, values: list[str], field: str) -> None:
    html = await press(desk, "/workshops/new", 200, **SERIES, do="fill")
    typed = rows(html) | {name: values}
    if values[1] == "2026-03-29":
        typed["session_time"] = ["10:00", "02:30", "10:00"]
    html = await press(desk, "/workshops/new", 422, **(SERIES | typed))
    assert f'id="{field}-error"' in html
    assert f'href="#{field}"' in html
    assert f'id="{field}"' in html
    assert rows(html) == typed
    assert await sessions(desk) == []


async def test_the_form_asks_once_about_a_saturday_evening(desk: Client) -> None:
    evening: Form = SERIES | {"date": "2026-03-14", "time": "18:00", "sessions": "1"}
    html = await press(desk, "/workshops/new", 422, **evening)
    assert 'name="outside_usual_hours"' in html
    assert "14/03/2026" in html
    assert await sessions(desk) == []
    await press(desk, "/workshops/new", **evening, outside_usual_hours="true")
    assert [at.starts_at for at in await sessions(desk)] == [datetime(2026, 3, 14, 17, 0, tzinfo=UTC)]
    workshop = await one(desk, Workshop)
    edit = f"/workshops/{workshop.id}/edit"
    html = await see(desk, edit)
    other: Form = SERIES | rows(html) | {"title": "Autre", "seats": "9", "version": "1"}
    await press(desk, edit, **other)
    assert (await one(desk, Workshop)).title == "Autre"


async def test_a_copy_has_everything_but_the_dates(desk: Client) -> None:
    workshop = await made(desk, area="choose-path", seats="7", date="2026-03-24")
    html = await see(desk, f"/workshops/new?copy={workshop.id}")
    assert fields(html, "session_date") == ["2026-04-14", "2026-04-21", "2026-04-28"]
    assert fields(html, "session_time") == ["10:00"] * 3
    assert fields(html, "session_id") == [""] * 3
    assert fields(html, "title") == ["Changer de voie"]
    assert fields(html, "seats") == ["7"]
    for chosen in ("choose-path", NADIA, "salle-2"):
        assert f'value="{chosen}" selected' in html
    assert f'value="{TOM}" checked' in html
    await press(desk, "/workshops/new", **(SERIES | rows(html)))
    assert len(await sessions(desk)) == 6
    desk.signed_in(ELSEWHERE)
    await see(desk, f"/workshops/new?copy={workshop.id}", 404)


async def test_a_workshop_is_changed_and_says_before_whom_it_informs(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    agrees = Visitor()
    await react(desk.store, [agrees.registered(purposes=("guidance", "reminders"))])
    workshop = await made(desk, seats="2")
    page = f"/workshops/{workshop.id}"
    for person in (known, agrees):
        await press(desk, f"{page}/seats", person=str(person.subject_ref))
    html = await see(desk, f"{page}/edit")
    assert "1 personne reçoit un message" in html
    assert "1 personne reçoit un message" in await see(desk, page), "cancelling says it too"
    clock.now = datetime(2026, 3, 25, 9, 0, tzinfo=UTC)
    html = await see(desk, f"{page}/edit")
    version = fields(html, "version")[0]
    assert "Cette séance a commencé" in html
    later = rows(html) | {"session_date": ["2026-03-24", "2026-04-01", "2026-04-07"]}
    form: Form = SERIES | later | {"seats": "3", "version": version, "facilitators": []}
    await press(desk, f"{page}/edit", 422, **(form | {"seats": "1"}))
    await press(desk, f"{page}/edit", **form)
    (changed,) = await emitted_events(desk.store, WorkshopChanged)
    assert (changed.facilitators, changed.seats) == ((NADIA,), 3)
    assert [one.starts_at.day for one in changed.sessions] == [24, 1, 7]
    assert {one.subject_ref for one in await emitted_events(desk.store, SeatRescheduled)} == {
        known.subject_ref,
        agrees.subject_ref,
    }
    stale = await press(desk, f"{page}/edit", 422, **form)
    assert "modifi" in stale, "two people edited it"
    assert "error-summary" in stale


async def test_the_last_session_cannot_be_removed_nor_a_begun_one(desk: Client, clock: FixedClock) -> None:
    workshop = await made(desk)
    edit = f"/workshops/{workshop.id}/edit"
    html = await press(desk, edit, 422, **SERIES, seats="9", version="1")
    assert 'id="sessions-error"' in html
    clock.now = datetime(2026, 3, 24, 9, 30, tzinfo=UTC)
    html = await see(desk, edit)
    kept = await press(desk, edit, 200, **(SERIES | rows(html)), version="1", do="remove-1")
    assert len(fields(kept, "session_id")) == 3, "a page that is older than the session says the same"
    gone = {name: list(values)[1:] for name, values in rows(html).items()}
    html = await press(desk, edit, 422, **(SERIES | gone), seats="9", version="1")
    assert "a commencé" in html


async def test_a_session_that_begins_while_the_form_is_open_locks_nothing(desk: Client, clock: FixedClock) -> None:
    workshop = await made(desk)
    edit = f"/workshops/{workshop.id}/edit"
    typed = rows(await see(desk, edit))
    clock.now = datetime(2026, 3, 24, 9, 30, tzinfo=UTC)
    other_time = typed | {"session_time": ["14:00", "09:30", "10:00"]}
    removed = {name: list(values)[1:] for name, values in typed.items()}
    for form in (other_time, removed):
        html = await press(desk, edit, 422, **(SERIES | form), seats="9", version="1")
        assert "Une séance a commencé entre-temps" in html
        assert fields(html, "session_id") == list(typed["session_id"])
        assert fields(html, "session_time")[0] == "10:00"
    html = await press(desk, edit, 422, **(SERIES | other_time), seats="9", version="1")
    await press(desk, edit, **(SERIES | rows(html)), seats="9", version="1")
    assert [at.starts_at.hour for at in await sessions(desk)] == [9, 7, 8], "the second one was moved"


async def test_a_cancelled_workshop_has_no_form(desk: Client) -> None:
    workshop = await made(desk)
    await press(desk, f"/workshops/{workshop.id}/cancel", version="1")
    await see(desk, f"/workshops/{workshop.id}/edit", 303)
    assert "/edit" not in await see(desk, f"/workshops/{workshop.id}")
    assert f"copy={workshop.id}" in await see(desk, f"/workshops/{workshop.id}")


async def test_one_press_publishes_and_another_one_takes_it_back(desk: Client) -> None:
    workshop = await made(desk)
    for published, there in (("true", True), ("false", False)):
        version = str((await one(desk, Workshop)).version)
        await press(desk, f"/workshops/{workshop.id}/publish", version=version, published=published)
        assert ("Changer de voie" in await see(desk, f"/centres/{LIEGE}/workshops")) is there
    assert "error:" in await press(desk, f"/workshops/{workshop.id}/publish", version="1", published="true")


async def test_the_longest_series_is_forty_sessions(desk: Client) -> None:
    html = await press(desk, "/workshops/new", 200, **(SERIES | {"sessions": "20"}), do="fill")
    typed = {name: [*values, *values, values[0]] for name, values in rows(html).items()}
    await press(desk, "/workshops/new", 422, **(SERIES | typed))
    assert await sessions(desk) == []
