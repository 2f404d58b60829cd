"""Workshops that the team changes: what stays, what is refused, and who is informed."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.refusals import NotFound, Stale
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.scheduling import AttendanceRecorded, FinalisingSessionDue, WorkshopAnnounced
from services.contracts.workshops import SeatRescheduled, WaitlistEnded, WorkshopChanged
from services.scheduling.actions import rooms, workshop_changes, workshops
from services.scheduling.actions.rooms import RoomFacts
from services.scheduling.actions.series import Planned
from services.scheduling.actions.workshop_changes import Plan
from services.scheduling.domain import refusals
from services.scheduling.store import QuarterHour, Workshop
from services.scheduling.store.rooms import room_with
from services.scheduling.store.workshops import people_to_inform, sessions_of
from tests.givens.events import emitted_events
from tests.givens.rows import count
from tests.givens.scheduling import LEFT, LIEGE, NADIA, TOM, Visitor, enter_hours, react
from tests.scheduling.test_workshops import SESSIONS, TUESDAY, announce, give_back, people, record, take

SATURDAY_EVENING = datetime(2026, 3, 14, 17, 0, tzinfo=UTC)


async def plan_of(store: Store, workshop: Workshop) -> Plan:
    """The workshop as it is."""
    async with store.read() as session:
        row = await session.get_one(Workshop, workshop.id)
        sessions = [Planned(one.starts_at, one.minutes, one.id) for one in await sessions_of(session, workshop.id)]
    return Plan(row.title, row.area, row.facilitators, row.room, row.seats, sessions, row.published)


async def change(
    store: Store, workshop: Workshop, plan: Plan, version: int | None = None, *, asked: bool = False
) -> None:
    async with store.work() as work:
        row = await work.load(Workshop, workshop.id)
        await workshop_changes.change(work, row, plan, version=version, outside_usual_hours=asked)


def moved(plan: Plan, number: int, by: timedelta, minutes: int | None = None) -> Plan:
    """With another time of one session."""
    sessions = list(plan.sessions)
    one = sessions[number]
    sessions[number] = Planned(one.starts_at + by, minutes or one.minutes, one.id)
    return replace(plan, sessions=sessions)


async def quarters(store: Store) -> set[tuple[str, datetime]]:
    """What is reserved."""
    async with store.read() as session:
        found = await session.execute(sa.select(col(QuarterHour.resource), col(QuarterHour.quarter)))
        return {(str(row[0]), row[1]) for row in found}


async def led_by_both(store: Store) -> Workshop:
    async with store.work() as work:
        return await workshops.announce(
            work,
            centre=LIEGE,
            area="choose-path",
            title="Changer de voie",
            counsellor=NADIA,
            more_facilitators=[TOM, NADIA],
            room="salle-2",
            seats=None,
            sessions=SESSIONS,
        )


async def test_each_facilitator_and_the_room_are_reserved_for_every_session(store: Store) -> None:
    workshop = await led_by_both(store)
    assert workshop.facilitators == [NADIA, TOM]
    assert workshop.seats == 20, "as many as the room has"
    assert await count(store, "quarter_hours") == 3 * 3 * 12
    (announced,) = await emitted_events(store, WorkshopAnnounced)
    assert (announced.counsellor, announced.facilitators, announced.published) == (NADIA, (NADIA, TOM), True)
    with pytest.raises(refusals.Overlap):
        await announce(store, counsellor=TOM)


async def test_a_facilitator_is_of_the_centre(store: Store) -> None:
    workshop = await announce(store)
    plan = await plan_of(store, workshop)
    for code, refused in ((LEFT, refusals.CounsellorInactive), ("nobody", refusals.UnknownCounsellor)):
        with pytest.raises(refused):
            await change(store, workshop, replace(plan, facilitators=[NADIA, code]))
    with pytest.raises(refusals.NoFacilitator):
        await change(store, workshop, replace(plan, facilitators=[]))


async def test_the_team_is_asked_about_a_saturday_evening(store: Store) -> None:
    evening = [*SESSIONS, (SATURDAY_EVENING, 120)]
    with pytest.raises(refusals.OutsideUsualHours) as refused:
        await announce(store, sessions=evening)
    assert [at.astimezone(UTC) for at in refused.value.values["closed"]] == [SATURDAY_EVENING]
    workshop = await announce(store)
    plan = await plan_of(store, workshop)
    plan = replace(plan, sessions=[*plan.sessions, Planned(SATURDAY_EVENING, 120)])
    with pytest.raises(refusals.OutsideUsualHours):
        await change(store, workshop, plan)
    await change(store, workshop, plan, asked=True)
    known = await plan_of(store, workshop)
    await change(store, workshop, replace(known, title="Autre titre"))
    assert (await plan_of(store, workshop)).title == "Autre titre", "what was answered is not asked again"


async def test_the_team_is_asked_about_the_working_hours_of_each_facilitator(store: Store) -> None:
    await enter_hours(store)
    workshop = await announce(store, sessions=[(TUESDAY + timedelta(hours=4), 120)])
    plan = await plan_of(store, workshop)
    with pytest.raises(refusals.OutsideUsualHours) as refused:
        await change(store, workshop, replace(plan, facilitators=[NADIA, TOM]))
    assert refused.value.values["off"][0] == "Tom Peeters"
    assert refused.value.values["closed"] == []
    await change(store, workshop, replace(plan, facilitators=[NADIA, TOM]), asked=True)


async def test_nobody_leads_a_workshop_in_an_absence(store: Store) -> None:
    await enter_hours(store)
    away = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)
    workshop = await announce(store, sessions=[(away, 120)])
    plan = await plan_of(store, workshop)
    with pytest.raises(refusals.CounsellorAway):
        await change(store, workshop, replace(plan, facilitators=[NADIA, TOM]))
    assert (await plan_of(store, workshop)).facilitators == [NADIA]


async def test_a_session_that_moves_frees_its_time_and_takes_the_new_one(store: Store) -> None:
    workshop = await led_by_both(store)
    before = await quarters(store)
    await change(store, workshop, moved(await plan_of(store, workshop), 1, timedelta(days=1)))
    (changed,) = await emitted_events(store, WorkshopChanged)
    assert [one.starts_at for one in changed.sessions] == [
        TUESDAY,
        TUESDAY + timedelta(days=8),
        TUESDAY + timedelta(days=14),
    ]
    after = await quarters(store)
    assert len(after) == len(before)
    assert len(after - before) == len(before - after) == 3 * 12


async def test_two_sessions_change_places_and_another_room_is_taken(store: Store) -> None:
    workshop = await led_by_both(store)
    plan = await plan_of(store, workshop)
    one, two, three = plan.sessions
    swapped = [Planned(two.starts_at, 120, one.id), Planned(one.starts_at, 180, two.id), three]
    await change(store, workshop, replace(plan, sessions=swapped, room="salle-3", facilitators=[TOM]))
    now = await plan_of(store, workshop)
    assert [session.id for session in now.sessions] == [two.id, one.id, three.id]
    taken = {key for key, _at in await quarters(store)}
    assert taken == {f"counsellor:{TOM}", f"room:{LIEGE}:salle-3"}
    assert await count(store, "quarter_hours") == 2 * (12 + 8 + 12)


async def test_a_change_takes_no_time_that_another_workshop_has(store: Store) -> None:
    first = await announce(store, sessions=SESSIONS[:1])
    second = await announce(store, sessions=SESSIONS[1:2])
    before = await quarters(store)
    with pytest.raises(refusals.Overlap):
        await change(store, second, moved(await plan_of(store, second), 0, timedelta(days=-7)))
    assert await quarters(store) == before
    plans = [(one, moved(await plan_of(store, one), 0, timedelta(days=by))) for one, by in ((first, 21), (second, 14))]
    answers = await asyncio.gather(*(change(store, *one) for one in plans), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["NoneType", "Overlap"], answers


async def test_nothing_of_a_session_that_has_begun_changes(store: Store, clock: FixedClock) -> None:
    workshop = await announce(store)
    plan = await plan_of(store, workshop)
    clock.now = TUESDAY + timedelta(hours=1)
    for changed in (
        moved(plan, 0, timedelta(days=1)),
        moved(plan, 0, timedelta(), minutes=60),
        replace(plan, sessions=plan.sessions[1:]),
    ):
        with pytest.raises(refusals.SessionHasBegun):
            await change(store, workshop, changed)
    with pytest.raises(refusals.NotInFuture):
        await change(store, workshop, moved(plan, 1, timedelta(days=-8)))
    before = {one for one in await quarters(store) if one[1] < clock.now + timedelta(days=1)}
    await change(store, workshop, replace(plan, sessions=[plan.sessions[0], plan.sessions[2]], facilitators=[TOM]))
    assert before <= await quarters(store), "who held it, held it"
    assert [one.id for one in (await plan_of(store, workshop)).sessions] == [plan.sessions[0].id, plan.sessions[2].id]


async def test_who_missed_or_came_to_the_last_session_left_is_done_when_the_later_ones_are_removed(
    store: Store, clock: FixedClock
) -> None:
    came, missed = await people(store, 2)
    workshop = await announce(store)
    seat = await take(store, workshop, came)
    await take(store, workshop, missed)
    clock.now = TUESDAY + timedelta(days=7, hours=4)
    await record(store, workshop, 1, [seat])
    plan = await plan_of(store, workshop)
    await change(store, workshop, replace(plan, sessions=plan.sessions[:2]))
    assert await emitted_events(store, FinalisingSessionDue) == [], "the second one is not recorded yet"
    await change(store, workshop, await plan_of(store, workshop))
    plan = await plan_of(store, workshop)
    more = Planned(TUESDAY + timedelta(days=21), 60)
    await change(store, workshop, replace(plan, sessions=[*plan.sessions, more]))
    await record(store, workshop, 2, [seat])
    assert await emitted_events(store, FinalisingSessionDue) == []
    plan = await plan_of(store, workshop)
    await change(store, workshop, replace(plan, sessions=plan.sessions[:2]))
    assert [one.subject_ref for one in await emitted_events(store, FinalisingSessionDue)] == [came]
    last = [one for one in await emitted_events(store, AttendanceRecorded) if one.session_id == plan.sessions[1].id]
    recorded = [(one.subject_ref == came, one.attended, one.final) for one in last]
    assert sorted(recorded) == [(False, False, False), (False, False, True), (True, True, False)]
    async with store.read() as session:
        assert (await session.get_one(Workshop, workshop.id)).status == "finished"


async def test_a_session_is_named_once(store: Store) -> None:
    workshop = await announce(store)
    plan = await plan_of(store, workshop)
    again = plan.sessions[1]._replace(starts_at=TUESDAY + timedelta(days=30))
    with pytest.raises(refusals.SessionTwice) as refused:
        await change(store, workshop, replace(plan, sessions=[*plan.sessions, again]))
    assert refused.value.about == "sessions"


async def test_a_session_of_another_workshop_is_not_found(store: Store) -> None:
    workshop = await announce(store)
    plan = await plan_of(store, workshop)
    foreign = Planned(TUESDAY + timedelta(days=30), 60, uuid4())
    with pytest.raises(NotFound):
        await change(store, workshop, replace(plan, sessions=[*plan.sessions, foreign]))


async def test_there_are_never_fewer_places_than_people_nor_more_than_the_room_has(store: Store) -> None:
    workshop = await announce(store, places=3)
    for person in await people(store, 2):
        await take(store, workshop, person)
    plan = await plan_of(store, workshop)
    with pytest.raises(refusals.FewerThanTaken):
        await change(store, workshop, replace(plan, seats=1))
    with pytest.raises(refusals.TooManyPlaces):
        await change(store, workshop, replace(plan, seats=21))
    await change(store, workshop, replace(plan, seats=2))
    assert (await plan_of(store, workshop)).seats == 2


async def test_of_two_who_change_it_at_once_the_second_gets_a_clear_answer(store: Store) -> None:
    workshop = await announce(store)
    plan = await plan_of(store, workshop)
    await change(store, workshop, replace(plan, title="Une voie"), version=workshop.version)
    with pytest.raises(Stale):
        await change(store, workshop, replace(plan, title="Une autre"), version=workshop.version)
    assert (await plan_of(store, workshop)).title == "Une voie"


async def test_a_change_that_changes_nothing_is_no_event(store: Store) -> None:
    workshop = await announce(store)
    await take(store, workshop, (await people(store, 1))[0])
    await change(store, workshop, await plan_of(store, workshop))
    assert await emitted_events(store, WorkshopChanged) == []
    assert await emitted_events(store, SeatRescheduled) == []


async def informed(store: Store) -> set[tuple[UUID, bool]]:
    return {(one.subject_ref, one.waits) for one in await emitted_events(store, SeatRescheduled)}


async def test_everyone_with_a_place_or_on_the_list_is_informed_of_other_times(store: Store) -> None:
    seated, waits, gone = await people(store, 3)
    workshop = await announce(store, places=1)
    await give_back(store, workshop, await take(store, workshop, gone))
    await take(store, workshop, seated)
    await take(store, workshop, waits, waitlist=True)
    plan = await plan_of(store, workshop)
    await change(store, workshop, replace(plan, title="Autre", facilitators=[TOM], room="salle-3"))
    assert await informed(store) == set(), "the times are the same"
    await change(store, workshop, moved(await plan_of(store, workshop), 2, timedelta(days=1)))
    assert await informed(store) == {(seated, False), (waits, True)}


@pytest.mark.parametrize("number", [0, 2])
async def test_a_session_more_or_fewer_is_other_times_too(store: Store, number: int) -> None:
    (seated,) = await people(store, 1)
    workshop = await announce(store)
    await take(store, workshop, seated)
    plan = await plan_of(store, workshop)
    sessions = [one for at, one in enumerate(plan.sessions) if at != number]
    await change(store, workshop, replace(plan, sessions=sessions))
    assert await informed(store) == {(seated, False)}


async def test_who_waits_for_a_cancelled_workshop_is_informed(store: Store) -> None:
    seated, waits = await people(store, 2)
    workshop = await announce(store, places=1)
    await take(store, workshop, seated)
    await take(store, workshop, waits, waitlist=True)
    async with store.work() as work:
        await workshops.cancel_workshop(work, await work.load(Workshop, workshop.id), reason="other")
    (ended,) = await emitted_events(store, WaitlistEnded)
    assert ended.subject_ref == waits


async def test_the_number_of_the_informed_counts_who_agreed_to_messages(store: Store) -> None:
    workshop = await announce(store, places=1)
    purposes: Sequence[tuple[str, ...]] = (("guidance", "reminders"), ("guidance",), ("guidance", "reminders"))
    for wanted in purposes:
        person = Visitor()
        await react(store, [person.registered(purposes=wanted)])
        await take(store, workshop, person.subject_ref, waitlist=True)
    async with store.read() as session:
        assert await people_to_inform(session, workshop.id) == 2


async def test_a_finished_or_cancelled_workshop_does_not_change(store: Store, clock: FixedClock) -> None:
    workshop = await announce(store, sessions=SESSIONS[:1])
    seat = await take(store, workshop, (await people(store, 1))[0])
    plan = await plan_of(store, workshop)
    clock.now = TUESDAY + timedelta(hours=4)
    await record(store, workshop, 1, [seat])
    with pytest.raises(refusals.WorkshopClosed):
        await change(store, workshop, replace(plan, title="Autre"))
    async with store.work() as work:
        with pytest.raises(refusals.WorkshopClosed):
            await workshop_changes.publish(work, await work.load(Workshop, workshop.id), published=False)


async def test_what_has_not_changed_is_not_checked_again(store: Store) -> None:
    """A room that is smaller by now, or no longer in use, stays until the team chooses another one."""
    workshop = await announce(store, places=20)
    async with store.work() as work:
        room = await room_with(work.session, LIEGE, "salle-2")
        assert room is not None
        await rooms.change_room(work, room, RoomFacts(name=room.name, capacity=4, equipment=[]))
        await rooms.use_room(work, room, active=False)
    plan = await plan_of(store, workshop)
    await change(store, workshop, moved(plan, 2, timedelta(days=1)))
    with pytest.raises(refusals.TooManyPlaces):
        await change(store, workshop, replace(await plan_of(store, workshop), seats=19))


async def test_a_workshop_is_published_or_not(store: Store) -> None:
    workshop = await announce(store)
    for published in (False, False, True):
        async with store.work() as work:
            await workshop_changes.publish(work, await work.load(Workshop, workshop.id), published=published)
    assert [one.published for one in await emitted_events(store, WorkshopChanged)] == [False, True]
