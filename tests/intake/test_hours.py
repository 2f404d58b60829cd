"""The centre's opening hours at the desk, on the wall, on the ticket and at the kiosk: said, and never in the way."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock, client_of
from services.contracts.directory import CentrePublished, DayOpening, OpeningHours, SpecialDay
from services.contracts.opening import Hours
from services.intake.app import SERVICE
from services.intake.domain.estimates import Estimate, outlook
from services.intake.reactions import on_centre_published
from services.intake.store import Centre, Visit
from tests.givens.intake import LIEGE_DESK, open_centres
from tests.givens.rows import count

BRUSSELS = ZoneInfo("Europe/Brussels")
WEEK: Any = ("MO", "TU", "WE", "TH", "FR")
SPANS = (("09:00", "12:00"), ("13:00", "16:30"))
HOURS = Hours.of_fields(
    "Europe/Brussels", [{"weekdays": WEEK, "opens_at": opens, "closes_at": closes} for opens, closes in SPANS], []
)


def local(at: str) -> datetime:
    return datetime.fromisoformat(at).replace(tzinfo=BRUSSELS).astimezone(UTC)


async def publish(store: Store, **more: Any) -> None:
    """The directory publishes Liège with its hours."""
    event = CentrePublished(
        centre="liege",
        name="Cité des métiers de Liège",
        kind="cite",
        areas=("choose-path", "find-job"),
        timezone="Europe/Brussels",
        opening_hours=tuple(OpeningHours(weekdays=WEEK, opens_at=opens, closes_at=closes) for opens, closes in SPANS),
        **more,
    )
    async with store.work() as work:
        await on_centre_published(work, event)


async def learns(store: Store, *pace: int) -> None:
    """Liège's pace: seconds for each place, low, typical, high."""
    async with store.work() as work:
        centre = await work.load(Centre, "liege")
        centre.paces, centre.day_began_at = {"": list(pace)}, local("2026-03-02T00:00")


@pytest.fixture
async def desk(tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Client]:
    async with client_of(SERVICE, tmp_path, person=LIEGE_DESK, clock=clock) as made:
        await open_centres(made.store)
        yield made


async def see(desk: Client, path: str = "/intake/desk/liege", language: str = "en") -> str:
    answer = await desk.get(path, headers={"accept": "text/html", "accept-language": language})
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


async def arrives(desk: Client, language: str = "en", **form: str) -> str:
    """What the desk reads after the check-in, with the script."""
    body = {"visit_id": str(uuid4()), "area": "find-job"} | form
    headers = {"accept": "text/html", "accept-language": language, "hx-request": "true"}
    answer = await desk.post("/intake/desk/liege/visits", data=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", "Le centre est fermé en ce moment. Il ouvre lundi à 09:00."),
        ("de", "Das Zentrum ist jetzt geschlossen. Es öffnet Montag um 09:00 Uhr."),
        ("nl", "Het centrum is nu gesloten. Het opent maandag om 09:00 uur."),
        ("en", "The centre is closed now. It opens Monday at 09:00."),
    ],
)
async def test_a_check_in_while_the_centre_is_closed_is_recorded_and_the_desk_says_when_it_opens(
    desk: Client, clock: FixedClock, language: str, said: str
) -> None:
    await publish(desk.store)
    clock.now = local("2026-03-07T21:14")
    assert said in await see(desk, language=language)
    shown = await arrives(desk, language)
    assert said in shown
    assert "E-001" in shown
    assert await count(desk.store, "visits") == 1
    form = {"visit_id": str(uuid4())}
    answer = await desk.post("/intake/desk/liege/visits", data=form, headers={"accept-language": language})
    assert answer.status_code == 303
    assert f"{said} ·" in await see(desk, language=language), "without the script, the page after it says so"
    clock.now = local("2026-03-09T10:00")
    assert said not in await see(desk, language=language)
    assert said not in await arrives(desk, language)


async def test_holidays_and_days_with_other_hours_count_as_in_the_agenda(desk: Client, clock: FixedClock) -> None:
    morning = SpecialDay(day="2026-12-24", openings=(DayOpening(opens_at="09:00", closes_at="12:00"),))
    await publish(desk.store, closed_on=("2026-12-24", "2026-12-25"), special_days=(morning,))
    clock.now = local("2026-12-24T11:00")
    assert "closed now" not in await see(desk)
    clock.now = local("2026-12-24T14:00")
    assert "The centre is closed now. It opens Monday at 09:00." in await see(desk)
    clock.now = local("2026-12-25T10:00")
    assert "The centre is closed now. It opens Monday at 09:00." in await arrives(desk)


async def test_hours_that_nobody_published_or_entered_warn_of_nothing(desk: Client, clock: FixedClock) -> None:
    clock.now = local("2026-03-07T21:14")
    assert "closed" not in await arrives(desk)


async def test_an_arrival_that_is_entered_with_a_time_when_the_centre_was_closed_is_asked_about(
    desk: Client, clock: FixedClock
) -> None:
    await publish(desk.store)
    clock.now = local("2026-03-09T15:00")
    shown = await arrives(desk, time="07:10")
    assert "The centre was closed at this time: 9 Mar 2026, 07:10. Is the time right? The arrival is recorded." in shown
    assert "closed" not in await arrives(desk, time="10:10")


def test_a_wait_that_passes_the_closing_is_said_and_gets_no_minutes() -> None:
    wait = Estimate(20, 28, 40)
    in_time = outlook(wait, HOURS, local("2026-03-02T15:00"), BRUSSELS)
    assert (in_time.estimate, in_time.closes) == (wait, None)
    perhaps = outlook(wait, HOURS, local("2026-03-02T15:55"), BRUSSELS)
    assert (perhaps.estimate, perhaps.closes) == (wait, local("2026-03-02T16:30"))
    late = outlook(wait, HOURS, local("2026-03-02T16:05"), BRUSSELS)
    assert (late.estimate, late.closes, late.opens_today) == (None, local("2026-03-02T16:30"), False)
    noon = outlook(wait, HOURS, local("2026-03-02T11:40"), BRUSSELS)
    assert (noon.estimate, noon.opens, noon.opens_today) == (None, local("2026-03-02T13:00"), True)
    assert outlook(wait, HOURS, local("2026-03-02T12:10"), BRUSSELS).closed
    assert outlook(wait, None, local("2026-03-02T16:05"), BRUSSELS).estimate == wait


@given(at=st.integers(0, 60 * 24 * 60), low=st.integers(0, 60), more=st.integers(0, 60))
def test_minutes_are_said_only_while_the_centre_is_open_and_half_of_the_visitors_are_called(
    at: int, low: int, more: int
) -> None:
    now = local("2026-03-01T00:00") + timedelta(minutes=at)
    wait = Estimate(low, low + more // 2, low + more)
    found = outlook(wait, HOURS, now, BRUSSELS)
    closes = HOURS.closes(now)
    assert found.closed == (closes is None)
    if found.estimate is not None:
        assert closes is not None
        assert now + timedelta(minutes=wait.typical) < closes
    if found.closes is None and not found.closed:
        assert closes is not None
        assert now + timedelta(minutes=wait.high) <= closes


async def test_desk_wall_and_ticket_say_that_it_is_probably_not_today(desk: Client, clock: FixedClock) -> None:
    await publish(desk.store)
    await learns(desk.store, 600, 720, 900)
    clock.now = local("2026-03-02T16:10")
    first = (await desk.put(f"/intake/api/v1/visits/{uuid4()}", json={"centre": "liege"})).json()
    assert first["estimate"] == [10, 12, 15]
    late = uuid4()
    clock.forward(seconds=1)
    assert (await desk.put(f"/intake/api/v1/visits/{late}", json={"centre": "liege"})).json()["estimate"] is None
    said = "Probably not today: the centre closes at 16:30."
    assert said in await arrives(desk)
    ticket = (await desk.put(f"/intake/api/v1/visits/{late}", json={"centre": "liege"})).json()["ticket_page"]
    for page in ("/intake/desk/liege", "/intake/waiting-room/liege", "/intake/t/" + ticket.rpartition("/")[2]):
        shown = await see(desk, page)
        assert said in shown
        assert "Estimated wait" not in shown
    own = await see(desk, "/intake/t/" + first["ticket_page"].rpartition("/")[2])
    assert "Estimated wait: 10 to 15 min" in own
    clock.now = local("2026-03-02T16:17")
    own = await see(desk, "/intake/t/" + first["ticket_page"].rpartition("/")[2])
    assert "Estimated wait: 10 to 15 min. The centre closes at 16:30." in own
    clock.now = local("2026-03-02T16:40")
    for page in ("/intake/waiting-room/liege", "/intake/t/" + ticket.rpartition("/")[2]):
        assert "The centre is closed now. It opens tomorrow at 09:00." in await see(desk, page)
    async with desk.store.read() as session:
        assert (await session.get_one(Visit, late)).estimate is None, "what was not shown is not measured"


async def test_before_the_break_the_desk_says_when_it_ends(desk: Client, clock: FixedClock) -> None:
    await publish(desk.store)
    await learns(desk.store, 600, 720, 900)
    clock.now = local("2026-03-02T11:52")
    assert "Probably not before 13:00: the centre is closed from 12:00 to 13:00." in await arrives(desk)


async def test_an_empty_room_says_that_the_centre_is_closed(desk: Client, clock: FixedClock) -> None:
    await publish(desk.store)
    clock.now = local("2026-03-02T18:00")
    shown = await see(desk, "/intake/waiting-room/liege")
    assert "The centre is closed now. It opens tomorrow at 09:00." in shown
    assert "You will be seen right away" not in shown


async def test_a_kiosk_is_answered_what_the_desk_reads(desk: Client, clock: FixedClock) -> None:
    await publish(desk.store)
    await learns(desk.store, 600, 720, 900)
    wait = "/intake/api/v1/centres/liege/wait"
    clock.now = local("2026-03-07T21:14")
    closed = {"closed": True, "estimate": None, "closes": None, "opens": "2026-03-09T08:00:00Z"}
    assert (await desk.get(wait)).json() == closed
    ticket = await desk.put(f"/intake/api/v1/visits/{uuid4()}", json={"centre": "liege"}, params={"qr": "true"})
    assert ticket.json()["wait"] == closed
    clock.now = local("2026-03-09T16:10")
    in_time = {"closed": False, "estimate": [10, 12, 15], "closes": None, "opens": None}
    assert (await desk.get(wait)).json() == in_time
    late = {"closed": False, "estimate": None, "closes": "2026-03-09T15:30:00Z", "opens": "2026-03-10T08:00:00Z"}
    for expected in (in_time, late):
        path, body = f"/intake/api/v1/visits/{uuid4()}", {"centre": "liege"}
        assert (await desk.put(path, json=body, params={"qr": "true"})).json()["wait"] == expected
        assert (await desk.put(path, json=body)).json()["wait"] is None, "only for who shows it"
    assert (await desk.get(wait)).json() == late


async def test_who_came_later_is_before_nobody(desk: Client, clock: FixedClock) -> None:
    """Nor are the others of a group before its first: an answer that is asked for again says the same."""
    await publish(desk.store)
    await learns(desk.store, 600, 720, 900)
    clock.now = local("2026-03-09T14:00")
    path, body = f"/intake/api/v1/visits/{uuid4()}", {"centre": "liege"}
    before = (await desk.put(path, json=body, params={"qr": "true"})).json()["wait"]
    assert before["estimate"] == [10, 12, 15]
    key = {"idempotency-key": str(uuid4())}
    group = await desk.post("/intake/api/v1/visits/groups", json=body | {"people": 12}, headers=key)
    assert len(group.json()) == 12
    assert (await desk.put(path, json=body, params={"qr": "true"})).json()["wait"] == before


async def test_the_desk_reads_the_same_of_a_group_when_others_have_come_since(desk: Client, clock: FixedClock) -> None:
    await publish(desk.store)
    await learns(desk.store, 600, 720, 900)
    clock.now = local("2026-03-09T16:10")
    group = {"visit_id": str(uuid4()), "people": "3"}
    assert "not today" not in await arrives(desk, **group)
    assert "not today" in await arrives(desk), "behind the three"
    assert "not today" not in await arrives(desk, **group)


async def test_a_device_has_the_openings_of_the_next_weeks(desk: Client, clock: FixedClock) -> None:
    await publish(desk.store, closed_on=("2026-03-10",))
    clock.now = local("2026-03-09T12:30")
    pack = (await desk.post("/intake/desk/liege/device", json={"device_id": str(uuid4())})).json()
    assert pack["openings"][:2] == [
        ["2026-03-09T12:00:00Z", "2026-03-09T15:30:00Z"],
        ["2026-03-11T08:00:00Z", "2026-03-11T11:00:00Z"],
    ]
    assert pack["openings_until"] == "2026-05-08T11:30:00Z", "summer time has begun"
    assert pack["openings"][-1][0] == "2026-05-08T11:00:00Z"
