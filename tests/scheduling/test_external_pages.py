"""The other calendar on the counsellor's page, in the API and in calendars: its state, and never its address."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.chassis.testing import Client
from services.scheduling.domain.slots import Timeline
from services.scheduling.store import ExternalBusy, ExternalCalendar
from tests.givens.rows import rows_of
from tests.givens.scheduling import ELSEWHERE, LIEGE, NADIA, TOM, Visitor
from tests.scheduling.test_guidance import TUESDAY
from tests.scheduling.test_pages import press, see
from tests.scheduling.test_working_hours import API, OF_LIEGE, OF_MONS, PAGE

ADDRESS = "https://calendar.example.org/kanarienvogel-7f3a.ics"
WORKSHOPS = "/scheduling/api/v1/workshops"
OTHER = f"{API}/{NADIA}/other-calendar"


async def is_busy(desk: Client, hours: int = 1) -> None:
    """On Tuesday from ten, local time, as if the calendar had been read."""
    timeline = Timeline.of(date(2026, 3, 1), date(2026, 4, 1))
    async with desk.store.work() as work:
        work.add(ExternalBusy.of(NADIA, timeline, [(TUESDAY, TUESDAY + timedelta(hours=hours))]))
        [kept] = await rows_of(desk.store, ExternalCalendar)
        row = await work.load(ExternalCalendar, kept.id)
        row.asked_at = row.fetched_at = work.now


async def test_entered_read_and_removed_on_the_page(desk: Client) -> None:
    await press(desk, f"{PAGE}/other-calendar", address=ADDRESS)
    shown = await see(desk, PAGE)
    assert "calendar.example.org" in shown
    assert "Il n’a pas encore été lu" in shown
    await is_busy(desk)
    shown = await see(desk, PAGE)
    assert "Moments occupés à venir\u00a0: 1." in shown
    await press(desk, f"{PAGE}/other-calendar/read")
    assert "kanarienvogel" not in shown
    await press(desk, f"{PAGE}/other-calendar/remove")
    assert not await rows_of(desk.store, ExternalCalendar)
    assert not await rows_of(desk.store, ExternalBusy)


async def test_an_address_that_may_not_be_asked_is_explained(desk: Client) -> None:
    shown = await press(desk, f"{PAGE}/other-calendar", 422, address="http://calendar.example.org/a.ics")
    assert "L’adresse doit commencer par https://." in shown
    assert 'value="http://calendar.example.org/a.ics"' in shown


@pytest.mark.parametrize(
    ("failed", "words"), [("status", "L’autre site refuse l’agenda"), ("timeout", "trop de temps")]
)
async def test_a_failure_stands_there_in_words(desk: Client, failed: str, words: str) -> None:
    await press(desk, f"{PAGE}/other-calendar", address=ADDRESS)
    await is_busy(desk)
    async with desk.store.work() as work:
        [kept] = await rows_of(desk.store, ExternalCalendar)
        row = await work.load(ExternalCalendar, kept.id)
        row.failed, row.unread = failed, 2
        await work.session.delete(await work.load(ExternalBusy, NADIA))
    shown = await see(desk, PAGE)
    assert words in shown
    assert "Dernier essai\u00a0: " in shown
    assert "C’est trop ancien" in shown
    assert "n’ont pas pu être lues\u00a0: 2." in shown


async def test_the_api_has_its_state_and_never_its_address(desk: Client) -> None:
    assert (await desk.get(OTHER)).status_code == 404
    entered = await desk.put(OTHER, json={"address": ADDRESS.replace("https", "webcal")})
    assert entered.json() == {
        "site": "calendar.example.org",
        "asked_at": None,
        "fetched_at": None,
        "failed": None,
        "busy_times": None,
        "unread": 0,
    }
    await is_busy(desk)
    assert (await desk.get(OTHER)).json()["busy_times"] == 1
    assert (await desk.post(f"{OTHER}/read")).status_code == 200
    refused = await desk.put(OTHER, json={"address": "https://10.0.0.1/kanarienvogel"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "address")
    assert "kanarienvogel" not in refused.text
    desk.signed_in(OF_MONS)
    assert (await desk.get(OTHER)).status_code == 404
    desk.signed_in(ELSEWHERE)
    assert (await desk.delete(OTHER)).status_code == 404
    desk.signed_in(OF_LIEGE)
    assert (await desk.delete(OTHER)).status_code == 204
    assert not await rows_of(desk.store, ExternalCalendar)


@pytest.mark.parametrize(
    ("view", "words"), [("day", "Occupé ailleurs"), ("week", "Occupé ailleurs"), ("month", "Occupé ailleurs\u00a0: 1")]
)
async def test_calendars_show_that_it_is_busy_and_nothing_else(desk: Client, view: str, words: str) -> None:
    await press(desk, f"{PAGE}/other-calendar", address=ADDRESS)
    await is_busy(desk)
    shown = await see(desk, f"/agenda?view={view}&date=2026-03-03&counsellor={NADIA}")
    assert words in shown
    assert "calendar.example.org" not in shown


async def test_the_desk_is_asked_once(desk: Client, known: Visitor) -> None:
    await press(desk, f"{PAGE}/other-calendar", address=ADDRESS)
    await is_busy(desk)
    form: dict[str, Any] = {
        "person": str(known.subject_ref),
        "date": "2026-03-03",
        "time": "10:00",
        "minutes": "60",
        "counsellor": NADIA,
    }
    asked = await press(desk, "/interviews/new", 422, **form)
    assert 'name="while_busy" value="true"' in asked
    went = await press(desk, "/interviews/new", while_busy="true", **form)
    assert went.startswith("/scheduling/interviews/")


async def test_a_workshop_in_a_busy_time_is_asked_about_once(desk: Client) -> None:
    await press(desk, f"{PAGE}/other-calendar", address=ADDRESS)
    await is_busy(desk)
    form: dict[str, Any] = {"centre": LIEGE, "title": "Cap", "seats": "3", "counsellor": TOM}
    form |= {"facilitators": NADIA, "date": "2026-03-03", "time": "09:30", "minutes": "60", "sessions": "2"}
    asked = await press(desk, "/workshops/new", 422, **form)
    assert "03/03/2026" in asked
    assert "10/03/2026" not in asked
    assert 'name="while_busy" value="true"' in asked
    went = await press(desk, "/workshops/new", while_busy="true", **form)
    assert went.startswith("/scheduling/workshops/")


async def test_the_api_asks_about_a_workshop_in_a_busy_time_where_it_is_new(desk: Client) -> None:
    await press(desk, f"{PAGE}/other-calendar", address=ADDRESS)
    body: dict[str, Any] = {"centre": LIEGE, "title": "Cap", "seats": 3, "counsellor": NADIA}
    body["sessions"] = [{"starts_at": TUESDAY.isoformat(), "minutes": 60}]
    free = await desk.post(WORKSHOPS, json=body)
    assert free.status_code == 201, free.text
    await is_busy(desk, 2)
    one = f"{WORKSHOPS}/{free.json()['id']}"
    kept = {name: free.json()["sessions"][0][name] for name in ("id", "starts_at", "minutes")}
    stays = await desk.put(one, json={"title": "Autre", "version": 1, "sessions": [kept]})
    assert stays.status_code == 200, stays.text
    later = kept | {"starts_at": (TUESDAY + timedelta(hours=1)).isoformat()}
    moved = {"title": "Autre", "version": 2, "sessions": [later]}
    refused = await desk.put(one, json=moved)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "while_busy")
    assert (await desk.put(one, json=moved | {"while_busy": True})).status_code == 200
    assert (await desk.post(WORKSHOPS, json=body)).json()["errors"][0]["field"] == "while_busy"
    assert (await desk.post(WORKSHOPS, json=body | {"while_busy": True})).status_code == 201
