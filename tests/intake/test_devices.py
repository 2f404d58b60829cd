"""Desks and kiosks that go on without the network: what they recorded is there once, in order, with its own times."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlmodel import col

from services.chassis.identity.tokens import AccountToken
from services.chassis.refusals import AlreadyDifferent
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, emitted
from services.contracts.intake import VisitBeingServed, VisitCalled, VisitCheckedIn, VisitLeft, VisitServed
from services.intake.actions import devices, end_of_day, visits
from services.intake.actions.replay import Entry, Result, Step, replay
from services.intake.domain.devices import (
    ABOVE_SLOTS,
    KEY_PREFIX,
    SLOTS,
    DeviceElsewhere,
    DeviceKind,
    DeviceRevoked,
    DeviceUnknown,
    NoSlotFree,
    TicketNotOfDevice,
    arrival_times,
    choose_slot,
    number_given,
    online_number,
    step_time,
)
from services.intake.store import Centre, Visit
from services.intake.store.devices import Device, OfflineTicket
from services.intake.store.estimates import WaitingDay
from services.intake.store.queue import Caller
from tests.givens.intake import MONDAY

NOTHING = timedelta()
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
SEEN = {"set_up": MONDAY - 60 * 24 * HOUR, "last_used": MONDAY - HOUR}


# The rules


def test_the_servers_numbers_are_beside_those_of_every_device() -> None:
    counted = [online_number(count) for count in range(1, 3000)]
    assert len(set(counted)) == len(counted)
    assert counted[:999] == list(range(1, 1000))
    assert min(counted[999:]) == ABOVE_SLOTS == 80_000


def test_a_slot_is_given_again_after_thirty_days_the_oldest_first() -> None:
    def ago(days: int) -> datetime:
        return MONDAY - timedelta(days=days)

    assert choose_slot({}, MONDAY) == 1
    assert choose_slot({1: ago(0), 3: ago(29)}, MONDAY) == 2
    assert choose_slot({1: ago(30), 2: ago(0), 3: ago(90)}, MONDAY) == 3
    with pytest.raises(NoSlotFree):
        choose_slot(dict.fromkeys(range(1, SLOTS + 1), ago(1)), MONDAY)


@pytest.mark.parametrize("wrong", ["E-2001", "P-1001", "E-1000", "E-001", "E-", "1001", "E-10001"])
def test_a_device_gives_numbers_of_its_slots_with_the_letter_of_the_area(wrong: str) -> None:
    assert number_given("E-1001", "find-job", [1]) == 1001
    assert number_given("E-3999", "find-job", [1, 3]) == 3999
    with pytest.raises(TicketNotOfDevice):
        number_given(wrong, "find-job", [1])


def test_a_clock_that_is_an_hour_off_changes_nothing() -> None:
    given_at = [MONDAY - HOUR + n * MINUTE for n in range(3)]
    times = arrival_times(given_at, HOUR, MONDAY + HOUR, MONDAY - 30 * 24 * HOUR, **SEEN)
    assert times == [(MONDAY + n * MINUTE, True) for n in range(3)]


def test_a_clock_that_was_set_back_meanwhile_keeps_the_order() -> None:
    given_at = [MONDAY + HOUR, MONDAY + HOUR + MINUTE, MONDAY + 2 * MINUTE]
    times = arrival_times(given_at, NOTHING, MONDAY + 2 * HOUR, MONDAY - HOUR, **SEEN)
    assert [certain for _, certain in times] == [False, False, True]
    assert times[2][0] == MONDAY + 2 * MINUTE


@given(st.lists(st.integers(-90_000, 90_000), max_size=30), st.integers(-7200, 7200))
def test_times_keep_the_order_and_are_never_ahead(seconds: list[int], error: int) -> None:
    given_at = [MONDAY + timedelta(seconds=one) for one in seconds]
    times = [at for at, _ in arrival_times(given_at, timedelta(seconds=error), MONDAY, MONDAY - 30 * 24 * HOUR, **SEEN)]
    assert all(before < after for before, after in pairwise(times))
    assert all(at <= MONDAY for at in times)


def test_an_arrival_that_is_too_old_moves_no_other() -> None:
    too_old = MONDAY - 31 * 24 * HOUR
    times = arrival_times([MONDAY, too_old], NOTHING, MONDAY, MONDAY - 30 * 24 * HOUR, **SEEN)
    assert times == [(MONDAY, True), (too_old, True)]


def test_a_time_before_the_device_was_set_up_is_that_of_its_last_use_and_uncertain() -> None:
    """A clock without a battery, and no network since the machine was started."""
    unset = [datetime(1970, 1, 1, tzinfo=UTC) + n * MINUTE for n in range(2)]
    times = arrival_times([*unset, MONDAY], NOTHING, MONDAY, MONDAY - 30 * 24 * HOUR, **SEEN)
    moment = timedelta(microseconds=1)
    assert times == [(MONDAY - HOUR - moment, False), (MONDAY - HOUR, False), (MONDAY, True)]


def test_a_step_is_neither_before_the_last_one_nor_ahead() -> None:
    assert step_time(MONDAY, MONDAY, MONDAY) == (MONDAY, True)
    assert step_time(MONDAY - HOUR, MONDAY, MONDAY + HOUR) == (MONDAY, False)
    assert step_time(MONDAY + 2 * HOUR, MONDAY, MONDAY + HOUR) == (MONDAY + HOUR, False)


# The actions


class Browser:
    """A device that is set up at a centre, and what it records."""

    def __init__(self, store: Store, centre: str = "liege") -> None:
        self.store, self.centre = store, centre
        self.id, self.key, self.slot, self.given, self.seq = uuid4(), "", 0, 0, 0

    async def set_up(
        self,
        *,
        wants_key: bool = False,
        kind: DeviceKind = DeviceKind.DESK,
        by: str = "test/desk",
        token: AccountToken | None = None,
    ) -> "Browser":
        async with self.store.work() as work:
            centre = await work.session.get_one(Centre, self.centre)
            device, key = await devices.enrol(work, self.id, centre, kind, by=by, wants_key=wants_key, token=token)
            self.slot, self.key = device.slot, key or self.key
        return self

    def entry(self, at: datetime, /, *steps: Step, **how: Any) -> Entry:
        self.seq += 1
        self.given += 1
        letter = {"find-job": "E", "choose-path": "P"}.get(how.get("area", ""), "A")
        ticket = f"{letter}-{self.slot * 1000 + self.given}"
        plain: dict[str, Any] = {"visit_id": uuid4(), "seq": self.seq, "ticket": ticket}
        return Entry(at=at, steps=steps, **plain | how)

    async def send(self, *entries: Entry, error: timedelta = NOTHING) -> list[Result]:
        async with self.store.work() as work:
            return await replay(work, self.id, self.key, entries, error)


async def in_order(store: Store) -> list[Visit]:
    async with store.read() as session:
        return list((await session.scalars(sa.select(Visit).order_by(col(Visit.checked_in_at), col(Visit.id)))).all())


def slug(result: Result) -> str | None:
    return result.problem.slug if result.problem is not None else None


async def test_what_was_recorded_is_there_once_in_order_with_its_own_times(store: Store, clock: FixedClock) -> None:
    browser = await Browser(store).set_up()
    online = uuid4()
    async with store.work() as work:
        await visits.check_in(work, visits.Arrival(online, "liege", "find-job"))
    # The clock of the device is an hour behind.
    entries = [browser.entry(MONDAY - HOUR + n * MINUTE, area="find-job") for n in range(1, 51)]
    clock.forward(minutes=60)
    results = await browser.send(*reversed(entries), error=HOUR)
    again = await browser.send(*entries, error=HOUR + MINUTE)
    assert {one.status for one in results} == {"accepted"}
    assert {(one.status, slug(one)) for one in again} == {("known", None)}
    kept = await in_order(store)
    assert [visit.ticket for visit in kept] == ["E-001", *(f"E-{1000 + n}" for n in range(1, 51))]
    assert [visit.id for visit in kept[1:]] == [entry.visit_id for entry in entries]
    assert [visit.checked_in_at for visit in kept[1:]] == [MONDAY + n * MINUTE for n in range(1, 51)]
    assert [visit.device_at for visit in kept[1:]] == [entry.at for entry in entries]
    assert {(visit.status, visit.recorded_later, visit.clock_uncertain) for visit in kept} == {
        ("waiting", False, False)
    }
    events = await emitted(store, VisitCheckedIn)
    assert len(events) == 51
    assert len({one.correlation_id for one in events}) == 51, "each visit has a chain of its own"


async def test_five_hundred_need_no_more_statements_than_one(store: Store) -> None:
    browser = await Browser(store).set_up()
    counted: list[int] = []
    for number in (1, 500):
        entries = [browser.entry(MONDAY, Step("call", MONDAY, "desk-1"), area="find-job") for _ in range(number)]
        statements: list[str] = []

        def note(
            _connection: object, _cursor: object, statement: str, *_: object, into: list[str] = statements
        ) -> None:
            into.append(statement)

        event.listen(store.writer.sync_engine, "before_cursor_execute", note)
        await browser.send(*entries)
        event.remove(store.writer.sync_engine, "before_cursor_execute", note)
        counted.append(len(statements))
    assert counted[1] <= counted[0] + 4, counted


async def test_one_that_is_refused_stops_none_of_the_others(store: Store) -> None:
    browser = await Browser(store).set_up()
    entries = [
        browser.entry(MONDAY, area="find-job", ticket="E-2001"),
        browser.entry(MONDAY, area="mobility", ticket=None),
        browser.entry(MONDAY - timedelta(days=31)),
        browser.entry(MONDAY, area="find-job"),
        browser.entry(MONDAY, ticket=None, queue=False),
        browser.entry(MONDAY, ticket=None),
    ]
    results = await browser.send(*entries)
    assert [(one.status, slug(one)) for one in results] == [
        ("refused", "ticket-not-of-device"),
        ("refused", "unknown-area"),
        ("accepted", None),
        ("accepted", None),
        ("accepted", None),
        ("accepted", None),
    ]
    clocks = {visit.id: visit.clock_uncertain for visit in await in_order(store)}
    assert clocks[entries[2].visit_id], "recorded before the device was set up"
    assert sorted((visit.status, visit.ticket) for visit in await in_order(store)) == [
        ("no_queue", None),
        ("waiting", "A-001"),
        ("waiting", "A-1003"),
        ("waiting", "E-1004"),
    ]


async def test_a_number_that_another_visit_has_is_replaced_and_the_visit_is_kept(store: Store) -> None:
    """As when the profile of a browser was copied: two devices with one id, one key and one slot."""
    browser = await Browser(store).set_up()
    one, other = (browser.entry(MONDAY, area="find-job", ticket="E-1001") for _ in range(2))
    assert [slug(result) for result in await browser.send(one)] == [None]
    (result,) = await browser.send(other)
    assert (result.status, slug(result)) == ("accepted", "ticket-taken")
    assert sorted(visit.ticket or "" for visit in await in_order(store)) == ["E-001", "E-1001"]


async def test_a_check_in_whose_answer_was_lost_is_known(store: Store, clock: FixedClock) -> None:
    browser = await Browser(store).set_up()
    entry = browser.entry(MONDAY, area="find-job")
    at_once = visits.Arrival(entry.visit_id, "liege", "find-job")
    async with store.work() as work:
        await visits.check_in(work, at_once)
    for _ in range(2):
        (result,) = await browser.send(entry)
        assert result.status == "known"
        assert result.visit is not None
        assert (result.visit.ticket, result.visit.ticket_in_hand) == ("E-001", "E-1001")
    async with store.read() as session:
        assert [one.number for one in await session.scalars(sa.select(OfflineTicket))] == [1001]
    late = browser.entry(MONDAY, area="find-job")
    await browser.send(late)
    async with store.work() as work:
        await visits.check_in(work, visits.Arrival(late.visit_id, "liege", "find-job"))  # sent once more, and the same
    elsewhere = await Browser(store, "namur").set_up()
    (refused,) = await elsewhere.send(elsewhere.entry(MONDAY, visit_id=entry.visit_id))
    assert isinstance(refused.problem, AlreadyDifferent)


async def test_steps_are_replayed_at_their_times_once(store: Store, clock: FixedClock) -> None:
    browser = await Browser(store).set_up()
    call, serve = Step("call", MONDAY + 2 * MINUTE, "desk-2"), Step("serve", MONDAY + 3 * MINUTE)
    entry = browser.entry(MONDAY + MINUTE, call, serve)
    clock.forward(minutes=10)
    await browser.send(entry)
    done = Entry(entry.visit_id, entry.seq, entry.at, steps=(call, serve, Step("finish", MONDAY + 9 * MINUTE)))
    for _ in range(2):
        (result,) = await browser.send(done, error=timedelta(seconds=2))
        assert (result.status, slug(result)) == ("known", None)
    (visit,) = await in_order(store)
    assert (visit.status, visit.desk, visit.closed_by) == ("served", "desk-2", None)
    assert (visit.called_at, visit.served_at) == (MONDAY + 2 * MINUTE, MONDAY + 3 * MINUTE)
    assert visit.ended_at == MONDAY + 9 * MINUTE + timedelta(seconds=2)
    for kind in (VisitCheckedIn, VisitCalled, VisitBeingServed, VisitServed):
        assert len(await emitted(store, kind)) == 1


async def test_who_was_called_by_another_desk_meanwhile_is_not_called_again(store: Store, clock: FixedClock) -> None:
    browser = await Browser(store).set_up()
    entry = browser.entry(MONDAY)
    await browser.send(entry)
    clock.forward(minutes=5)
    async with store.work() as work:
        await visits.call_next(work, "liege", Caller("desk-1"))
    steps = (Step("call", MONDAY + MINUTE, "desk-2"), Step("leave", MONDAY + 2 * MINUTE))
    for all_steps in (steps[1:], steps, (*steps, Step("leave", MONDAY + 6 * MINUTE))):
        (result,) = await browser.send(Entry(entry.visit_id, entry.seq, entry.at, steps=all_steps))
        assert (result.status, slug(result)) == ("known", "wrong-step")
    (visit,) = await in_order(store)
    assert (visit.desk, visit.status) == ("desk-1", "called"), "whom another desk has called is that desk's"
    assert (len(await emitted(store, VisitCalled)), await emitted(store, VisitLeft)) == (1, [])


async def test_a_visit_of_an_earlier_day_is_accepted_and_closed(store: Store, clock: FixedClock) -> None:
    browser = await Browser(store).set_up()
    served = browser.entry(
        MONDAY, Step("call", MONDAY + MINUTE, "desk-1"), Step("serve", MONDAY + MINUTE), Step("finish", MONDAY + HOUR)
    )
    waited, received = browser.entry(MONDAY), browser.entry(MONDAY, Step("serve", MONDAY + MINUTE))
    clock.forward(days=1)
    today = browser.entry(MONDAY + timedelta(days=1), ticket="A-1001")
    results = await browser.send(served, waited, received, today)
    assert [slug(result) for result in results] == [None] * 4
    found = {result.visit.id: result.visit for result in results if result.visit is not None}
    assert (found[served.visit_id].status, found[served.visit_id].closed_by) == ("served", None)
    assert found[served.visit_id].ended_at == MONDAY + HOUR
    assert (found[waited.visit_id].status, found[waited.visit_id].closed_by) == ("left", "end-of-day")
    assert (found[received.visit_id].status, found[received.visit_id].closed_by) == ("served", "end-of-day")
    assert (found[today.visit_id].status, found[today.visit_id].ticket) == ("waiting", "A-1001"), "of another day"
    assert len(await emitted(store, VisitLeft)) == 1
    clock.forward(days=32)
    await end_of_day.end_days(store)
    async with store.read() as session:
        assert (await session.scalars(sa.select(OfflineTicket))).all() == []


async def test_a_device_without_use_gives_its_slot_and_keeps_its_tickets(store: Store, clock: FixedClock) -> None:
    first, second = await Browser(store).set_up(), await Browser(store).set_up()
    assert (first.slot, second.slot) == (1, 2)
    clock.forward(days=29)
    await second.set_up()
    recorded = first.entry(clock(), area="find-job")
    clock.forward(days=1)
    third = await Browser(store).set_up()
    assert third.slot == 1
    await first.set_up()
    assert first.slot == 3
    results = await first.send(recorded, first.entry(clock(), area="find-job"))
    assert [(one.status, slug(one)) for one in results] == [("accepted", None)] * 2


async def test_the_key_alone_sends_and_is_kept_only_as_a_digest(store: Store) -> None:
    browser = await Browser(store).set_up()
    key = browser.key
    assert key.startswith(KEY_PREFIX)
    assert len(key) > 50
    async with store.read() as session:
        kept = await session.get_one(Device, browser.id)
    assert key.removeprefix(KEY_PREFIX) not in str(kept.model_dump())
    for wrong in ("", KEY_PREFIX, key[:-1], key.upper()):
        browser.key = wrong
        with pytest.raises(DeviceUnknown):
            await browser.send(browser.entry(MONDAY))
    browser.key = key
    await browser.set_up()
    assert browser.key == key, "set up again without asking for a key"
    await browser.set_up(wants_key=True)
    assert browser.key != key
    old, browser.key = browser.key, key
    with pytest.raises(DeviceUnknown):
        await browser.send()
    browser.key = old
    assert await browser.send() == []
    assert await in_order(store) == []


async def test_a_revoked_device_sends_nothing_until_it_is_set_up_again(store: Store) -> None:
    browser = await Browser(store).set_up()
    async with store.work() as work:
        for _ in range(2):
            await devices.revoke(work, browser.id, by="test/manager")
    with pytest.raises(DeviceRevoked):
        await browser.send(browser.entry(MONDAY))
    with pytest.raises(DeviceRevoked):
        await browser.set_up()
    await browser.set_up(wants_key=True)
    assert [one.status for one in await browser.send(browser.entry(MONDAY))] == ["accepted"]
    browser.centre = "namur"
    with pytest.raises(DeviceElsewhere):
        await browser.set_up()


async def test_devices_that_come_back_at_once_give_distinct_tickets(store: Store, clock: FixedClock) -> None:
    """One of them in two tabs, while desks check in."""
    browsers = [await Browser(store).set_up() for _ in range(3)]
    recorded = {one.id: [one.entry(MONDAY + n * MINUTE, area="find-job") for n in range(8)] for one in browsers}
    clock.forward(minutes=9)

    async def online() -> None:
        async with store.work() as work:
            await visits.check_in(work, visits.Arrival(uuid4(), "liege", "find-job"))

    async def sends(one: Browser, first: int, last: int) -> None:
        await one.send(*recorded[one.id][first:last])

    parts = [sends(one, first, first + 4) for first in (4, 0) for one in browsers]
    await asyncio.gather(*parts, sends(browsers[0], 0, 8), *(online() for _ in range(6)))
    kept = await in_order(store)
    assert len(kept) == len({visit.ticket for visit in kept}) == 30
    for one in browsers:
        mine = [visit.id for visit in kept if visit.device_id == one.id]
        assert mine == [entry.visit_id for entry in recorded[one.id]]


Acts = list[tuple[int, bool]]
"""Who does something (0 to 2: a device, 3: a desk with the network), and whether a device sends what it has now."""


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=5, max_size=20))
async def test_in_any_interleaving_tickets_are_distinct_and_the_order_is_kept(
    store: Store, clock: FixedClock, acts: Acts
) -> None:
    """Devices record and send, again too, in any order among check-ins with the network. Their clocks are wrong."""
    clock.forward(minutes=1)
    began = clock()
    browsers = [await Browser(store).set_up() for _ in range(3)]
    errors = {one.id: timedelta(minutes=17 * number - 20) for number, one in enumerate(browsers)}
    recorded: dict[UUID, list[Entry]] = {one.id: [] for one in browsers}
    expected: list[UUID] = []
    for who, sends in [*acts, (0, True), (1, True), (2, True)]:
        clock.forward(seconds=1)
        if who == 3:
            expected.append(uuid4())
            async with store.work() as work:
                await visits.check_in(work, visits.Arrival(expected[-1], "liege", "find-job"))
            continue
        one = browsers[who]
        recorded[one.id].append(one.entry(clock() - errors[one.id], area="find-job"))
        expected.append(recorded[one.id][-1].visit_id)
        if sends:
            await one.send(*recorded[one.id], error=errors[one.id])
    kept = [visit for visit in await in_order(store) if visit.checked_in_at > began]
    assert [visit.id for visit in kept] == expected
    assert len({visit.ticket for visit in await in_order(store)}) == len(await in_order(store))


async def test_no_wait_is_learnt_where_the_clock_of_a_device_contradicts_itself(
    store: Store, clock: FixedClock
) -> None:
    browser = await Browser(store).set_up()
    call = Step("call", MONDAY + 5 * MINUTE, "desk-1")
    ends = (Step("serve", MONDAY + 5 * MINUTE), Step("finish", MONDAY + 6 * MINUTE))
    wrong = browser.entry(MONDAY + HOUR, call, *ends)
    right = browser.entry(MONDAY + MINUTE, call, *ends)
    clock.forward(hours=2)
    await browser.send(wrong, right)
    assert [visit.clock_uncertain for visit in await in_order(store)] == [True, False]
    clock.forward(days=1)
    await end_of_day.end_days(store)
    async with store.read() as session:
        learnt = await session.scalars(sa.select(WaitingDay).where(col(WaitingDay.centre) == "liege"))
        assert [len(one.paces) for one in learnt] == [1]
