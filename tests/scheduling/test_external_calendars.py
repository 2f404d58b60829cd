"""Counsellors' calendars in other programs: read by the guarded client, kept as busy quarter-hours, respected."""

import logging
from collections.abc import AsyncGenerator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.chassis.egress.client import Answer, GuardedClient, Limits
from services.chassis.identity.encryption import Encryption
from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.accounts import AccountStatus
from services.contracts.scheduling import InterviewMoved
from services.scheduling.actions import guidance
from services.scheduling.actions.availability import Meant
from services.scheduling.actions.external import (
    Reading,
    drop_outdated,
    read_due,
    read_soon,
    remove_calendar,
    set_calendar,
)
from services.scheduling.domain import refusals
from services.scheduling.domain.external import AddressRefused, NoOtherCalendar
from services.scheduling.store import Centre, ExternalBusy, ExternalCalendar
from services.scheduling.store.availability import delete_availability
from services.scheduling.store.slots import Search, free_times
from tests.chassis.calendars.test_reading import calendar
from tests.chassis.egress.test_client import OK, Server, serving
from tests.givens.events import emitted_events
from tests.givens.rows import rows_of
from tests.givens.scheduling import LIEGE, NADIA, TOM, Visitor, account_of, react
from tests.scheduling.test_former_counsellors import changed_account
from tests.scheduling.test_guidance import TUESDAY, book, take_path
from tests.scheduling.test_own_appointments import NEXT_MONDAY
from tests.scheduling.test_own_booking import chooses, confirms

BRUSSELS = ZoneInfo("Europe/Brussels")
SECRET = "kanarienvogel-7f3a"
MEETING = "DTSTART:20260303T090000Z", "DTEND:20260303T100000Z", "SUMMARY:Chez le médecin"
"""On Tuesday from ten to eleven, local time."""
HALF_HOUR = timedelta(minutes=30)


def answer(body: bytes, etag: str = "") -> bytes:
    tag = f"ETag: {etag}\r\n" if etag else ""
    return OK + f"{tag}Content-Length: {len(body)}\r\n\r\n".encode() + body


NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\n\r\n"
GONE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def encryption(tmp_path: Path) -> Encryption:
    return Encryption(Settings(data=tmp_path), "external-calendars")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncGenerator[Server]:
    (tmp_path / "tls").mkdir()
    async with serving(tmp_path / "tls", answer(calendar(MEETING), '"1"')) as running:
        yield running


@pytest.fixture
async def entered(store: Store, server: Server, encryption: Encryption) -> "World":
    world = World(store, server, encryption)
    await world.enter()
    return world


class World:
    """A counsellor's other calendar, and who reads it."""

    def __init__(self, store: Store, server: Server, encryption: Encryption) -> None:
        self.store, self.server, self.encryption = store, server, encryption

    async def enter(self, counsellor: str = NADIA) -> None:
        """The server's address. No other port than that of https can be entered, so it is added afterwards."""
        async with self.store.work() as work:
            kept = await set_calendar(work, counsellor, f"https://calendar.example.org/{SECRET}", self.encryption, ())
            address = f"https://calendar.example.org:{self.server.port}/{SECRET}"
            kept.address = self.encryption.encrypt(address.encode())

    async def read(self, limit: int = 2_000_000) -> ExternalCalendar:
        """Read what is due; the calendar as it stands then."""
        client = self.server.client(limits=Limits(seconds=20, body=limit))
        reading = Reading(client, self.encryption, timedelta(minutes=30), timedelta(days=365))
        await read_due(self.store, reading)
        [kept] = await rows_of(self.store, ExternalCalendar)
        return kept

    def answers(self, *answers: bytes) -> None:
        """From now on."""
        self.server.answers[:] = answers

    async def free(self, now: datetime, counsellor: str = NADIA) -> list[str]:
        """The times of Tuesday at which an interview of an hour can begin."""
        search = Search(TUESDAY.date(), TUESDAY.date(), 60, now, timedelta(days=365))
        async with self.store.read() as session:
            centre = await session.get_one(Centre, LIEGE)
            found = await free_times(session, [centre], [(counsellor, LIEGE)], search)
        return [f"{at.astimezone(BRUSSELS):%H:%M}" for at in found.starts()]


def stored_in(folder: Path) -> list[str]:
    """The contents of the stores' files, of SQLite."""
    return [file.read_bytes().decode(errors="replace") for file in folder.rglob("*.db*")]


async def test_busy_times_are_not_free(entered: World, clock: FixedClock) -> None:
    before = await entered.free(clock.now)
    assert {"09:15", "10:00", "10:45", "11:00"} <= set(before)
    kept = await entered.read()
    assert (kept.failed, kept.fetched_at, kept.unread) == (None, clock.now, 0)
    taken = {"09:15", "09:30", "09:45", "10:00", "10:15", "10:30", "10:45"}
    assert set(before) - set(await entered.free(clock.now)) == taken
    assert "10:00" in await entered.free(clock.now, TOM)


async def test_visitors_are_refused_and_the_team_is_asked_once(
    entered: World, store: Store, adult: Visitor, clock: FixedClock
) -> None:
    path = await take_path(store, adult)
    await entered.read()
    with pytest.raises(refusals.BusyElsewhere) as refused:
        await book(store, path)
    assert refused.value.about == "while_busy"
    booked = await book(store, path, TUESDAY + timedelta(hours=1))
    async with store.work() as work:
        interview = await guidance.interview_of(work, booked.id)
        with pytest.raises(refusals.BusyElsewhere):
            await guidance.move(work, interview, counsellor=NADIA, room="salle-1", starts_at=TUESDAY, minutes=60)
    async with store.work() as work:
        interview = await guidance.interview_of(work, booked.id)
        meant = Meant(while_busy=True)
        await guidance.move(
            work, interview, counsellor=NADIA, room="salle-1", starts_at=TUESDAY, minutes=60, meant=meant
        )


async def test_a_visitor_cannot_choose_or_confirm_a_busy_time(entered: World, store: Store, adult: Visitor) -> None:
    await take_path(store, adult)
    hold = await chooses(store, adult)
    day = f"{NEXT_MONDAY:%Y%m%dT%H%M%SZ}"
    entered.answers(answer(calendar((f"DTSTART:{day}", "DURATION:PT1H"))))
    await entered.read()
    with pytest.raises(refusals.Overlap):
        await confirms(store, adult, hold)
    with pytest.raises(refusals.Overlap):
        await chooses(store, adult)


async def test_what_is_booked_stays(entered: World, store: Store, adult: Visitor) -> None:
    booked = await book(store, await take_path(store, adult))
    await entered.read()
    async with store.work() as work:
        interview = await guidance.interview_of(work, booked.id)
        assert (interview.status, interview.starts_at) == ("booked", TUESDAY)
        await guidance.move(work, interview, counsellor=NADIA, room="salle-2", starts_at=TUESDAY, minutes=60)
    assert len(await emitted_events(store, InterviewMoved)) == 1


async def test_a_calendar_is_read_at_intervals_and_only_if_it_changed(
    entered: World, store: Store, clock: FixedClock
) -> None:
    await entered.read()
    await entered.read()
    assert len(entered.server.asked) == 1, "not its turn"
    assert b"if-none-match" not in entered.server.asked[0].lower()
    clock.now += timedelta(minutes=31)
    entered.answers(NOT_MODIFIED)
    kept = await entered.read()
    assert b'if-none-match: "1"' in entered.server.asked[1].lower()
    assert (kept.failed, kept.fetched_at) == (None, clock.now)
    assert "10:00" not in await entered.free(clock.now - timedelta(minutes=31))
    clock.now += timedelta(hours=21)
    entered.answers(answer(calendar()))
    await entered.read()
    assert b"if-none-match" not in entered.server.asked[2].lower(), "as time goes on, it is computed again"
    assert "10:00" in await entered.free(clock.now - timedelta(hours=22))


@pytest.mark.parametrize(
    ("bad", "failed"),
    [
        (GONE, "status"),
        (NOT_MODIFIED, "status"),
        (answer(b"<!doctype html><html></html>"), "not-a-calendar"),
        (answer(b"x" * 5_000_000), "too-large"),
        (b"nothing", "no-connection"),
        (answer(calendar(*[MEETING] * 6000)), "too-many"),
    ],
    ids=["gone", "unasked", "html", "5 MB", "no HTTP", "too many"],
)
async def test_a_calendar_that_fails_keeps_what_was_known(
    entered: World, clock: FixedClock, bad: bytes, failed: str
) -> None:
    before = (await entered.read()).fetched_at
    clock.now += timedelta(minutes=31)
    async with entered.store.work() as work:
        (await work.load(ExternalCalendar, (await rows_of(entered.store, ExternalCalendar))[0].id)).etag = None
    entered.answers(bad)
    kept = await entered.read()
    assert (kept.failed, kept.fetched_at, kept.asked_at) == (failed, before, clock.now)
    assert "10:00" not in await entered.free(clock.now)


async def test_busy_times_are_dropped_when_nobody_knows_them_any_more(
    entered: World, store: Store, clock: FixedClock
) -> None:
    began = clock.now
    await entered.read()
    clock.now += timedelta(days=7)
    await drop_outdated(store, timedelta(days=7))
    assert await rows_of(store, ExternalBusy)
    clock.now += timedelta(seconds=1)
    await drop_outdated(store, timedelta(days=7))
    assert not await rows_of(store, ExternalBusy)
    assert "10:00" in await entered.free(began)
    await entered.read()
    assert b"if-none-match" not in entered.server.asked[-1].lower()
    assert await rows_of(store, ExternalBusy), "it is there again"


async def test_asked_for_at_once_but_not_again_and_again(entered: World, store: Store, clock: FixedClock) -> None:
    await entered.read()
    for seconds, asked in ((10, 1), (60, 2)):
        clock.now += timedelta(seconds=seconds)
        async with store.work() as work:
            await read_soon(work, NADIA)
        await entered.read()
        assert len(entered.server.asked) == asked
    async with store.work() as work:
        with pytest.raises(NoOtherCalendar):
            await read_soon(work, TOM)


async def test_another_address_and_none(entered: World, store: Store, clock: FixedClock) -> None:
    await entered.read()
    await entered.enter()
    assert not await rows_of(store, ExternalBusy)
    [kept] = await rows_of(store, ExternalCalendar)
    assert (kept.etag, kept.fetched_at) == (None, None)
    await entered.read()
    async with store.work() as work:
        await remove_calendar(work, NADIA)
    async with store.work() as work:
        await remove_calendar(work, NADIA)
    assert not await rows_of(store, ExternalBusy)
    assert not await rows_of(store, ExternalCalendar)
    assert "10:00" in await entered.free(clock.now)


async def test_one_that_is_removed_while_it_is_read_leaves_nothing(entered: World, store: Store) -> None:
    class Removing(GuardedClient):
        async def get(self, address: str, headers: Mapping[str, str] | None = None) -> Answer:
            async with store.work() as work:
                await remove_calendar(work, NADIA)
            return Answer(calendar(MEETING), {})

    await read_due(store, Reading(Removing(), entered.encryption, HALF_HOUR, HALF_HOUR))
    assert not await rows_of(store, ExternalBusy)
    assert not await rows_of(store, ExternalCalendar)


@pytest.mark.parametrize(
    "address",
    ["http://calendar.example.org/a.ics", "https://127.0.0.1/a.ics", "https://localhost/a", "file:///etc/passwd", "x"],
)
async def test_an_address_that_may_not_be_asked(store: Store, encryption: Encryption, address: str) -> None:
    async with store.work() as work:
        with pytest.raises(AddressRefused):
            await set_calendar(work, NADIA, address, encryption, ())
    assert not await rows_of(store, ExternalCalendar)


async def test_the_operators_list_and_addresses_of_calendar_programs(store: Store, encryption: Encryption) -> None:
    async with store.work() as work:
        with pytest.raises(AddressRefused):
            await set_calendar(work, NADIA, "https://calendar.example.org/a", encryption, ("cal.example.be",))
        kept = await set_calendar(work, NADIA, "webcal://cal.example.be/a", encryption, ("cal.example.be",))
    assert encryption.decrypt(kept.address) == b"https://cal.example.be/a"


async def test_the_address_is_nowhere_in_plain_text(
    entered: World, store: Store, clock: FixedClock, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with caplog.at_level(logging.DEBUG):
        await entered.read()
        clock.now += timedelta(hours=1)
        entered.answers(GONE)
        await entered.read()
    [kept] = await rows_of(store, ExternalCalendar)
    assert SECRET.encode() not in kept.address
    assert SECRET not in repr(kept)
    assert SECRET not in caplog.text
    assert "médecin" not in caplog.text
    assert not any(word in content for content in stored_in(tmp_path) for word in (SECRET, "médecin"))


async def test_an_address_of_an_earlier_key_is_entered_again(entered: World, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    entered.encryption = Encryption(Settings(data=tmp_path / "other"), "external-calendars")
    assert (await entered.read()).failed == "key-gone"
    assert not entered.server.asked


async def test_who_leaves_takes_it_along(entered: World, store: Store) -> None:
    await entered.read()
    await react(store, [account_of(NADIA, AccountStatus.INACTIVE, version=2)])
    assert not await rows_of(store, ExternalBusy)
    assert not await rows_of(store, ExternalCalendar)


async def test_who_gets_another_code_keeps_it(entered: World, store: Store) -> None:
    await entered.read()
    await react(store, [changed_account(version=2, code="liege-c09")])
    kept: list[Any] = [*await rows_of(store, ExternalBusy), *await rows_of(store, ExternalCalendar)]
    assert {one.counsellor for one in kept} == {"liege-c09"}
    async with store.work() as work:
        await delete_availability(work.session, ["liege-c09"])
    assert not await rows_of(store, ExternalBusy)
