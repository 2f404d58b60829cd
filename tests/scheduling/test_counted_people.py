"""People apart from interviews and workshops: what scheduling emits adds up in impact to the people there were."""

from collections.abc import AsyncGenerator
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest

from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, publish, record_of, store_of
from services.contracts.persons import VisitorMerged
from services.contracts.scheduling import AttendanceRecorded
from services.impact import reactions as impact
from services.impact.app import SERVICE as IMPACT
from services.impact.domain import Fact, Period
from services.impact.store import facts_counted
from services.scheduling.actions import guidance, information, workshops
from services.scheduling.store import Workshop
from tests.givens.events import emitted_events, numbered_events
from tests.givens.scheduling import MONDAY, NADIA, Visitor, react
from tests.scheduling.test_corrected_attendance import finished
from tests.scheduling.test_guidance import book, take_path
from tests.scheduling.test_workshops import TUESDAY, announce, give_back, people, record, take

ALL = Period(date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture
async def counts(tmp_path: Path) -> AsyncGenerator[Store]:
    """The store of impact."""
    async with store_of(IMPACT, f"sqlite+aiosqlite:///{tmp_path / 'impact.db'}") as made:
        yield made


async def counted(store: Store, counts: Store, period: Period = ALL) -> dict[Fact, int]:
    """What impact counts, once it has every event, some of them twice."""
    incoming = [record_of(event, sequence) for event, sequence in await numbered_events(store)]
    await publish(counts, impact.reactions, *incoming)
    await publish(counts, impact.reactions, *incoming[-3:])
    async with counts.read() as session:
        return {fact: number for fact, number in (await facts_counted(session, period)).items() if number}


async def talk(store: Store, subject: UUID | None, at: datetime) -> UUID:
    """An information interview with this person, or with a person whom nobody knows."""
    visit = Visitor()
    known = [] if subject is None else [visit.is_identified(at).model_copy(update={"subject_ref": subject})]
    await react(store, [visit.checks_in(at), *known])
    async with store.work() as work:
        made = await information.start(work, visit.visit_id, NADIA)
    await change(store, made.id, information.finish)
    return made.id


async def change(store: Store, interview: UUID, action: Any) -> None:
    async with store.work() as work:
        await action(work, await guidance.interview_of(work, interview))


async def test_who_comes_three_times_is_one_person_and_three_interviews(
    store: Store, counts: Store, adult: Visitor, clock: FixedClock
) -> None:
    """A booking counts nothing; guidance counts apart; who is not known is no person; another month counts again."""
    path = await take_path(store, adult)
    await book(store, path)
    for subject in (adult.subject_ref, adult.subject_ref, None, adult.subject_ref):
        clock.forward(hours=1)
        await talk(store, subject, clock.now)
    assert await counted(store, counts) == {Fact.INFORMATION_KNOWN: 3, Fact.INFORMATION_PEOPLE: 1}
    clock.now = MONDAY + timedelta(days=35)
    await talk(store, adult.subject_ref, clock.now)
    assert await counted(store, counts) == {Fact.INFORMATION_KNOWN: 4, Fact.INFORMATION_PEOPLE: 2}


async def test_a_held_guidance_interview_counts_its_person_apart(
    store: Store, counts: Store, adult: Visitor, clock: FixedClock
) -> None:
    await talk(store, adult.subject_ref, clock.now)
    interview = await book(store, await take_path(store, adult))
    clock.now = MONDAY + timedelta(days=3)
    await change(store, interview.id, guidance.hold)
    assert await counted(store, counts) == {
        Fact.INFORMATION_KNOWN: 1,
        Fact.INFORMATION_PEOPLE: 1,
        Fact.GUIDANCE_KNOWN: 1,
        Fact.GUIDANCE_PEOPLE: 1,
    }


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_is_undone_the_people_are_those_of_what_is_left(
    store: Store, counts: Store, clock: FixedClock, seed: int
) -> None:
    """Of each month, against sets of persons; and an erasure changes no number."""
    random, visitors = Random(seed), [Visitor() for _ in range(4)]
    await react(store, [one.registered() for one in visitors])
    merged, kept = visitors[0], visitors[1]
    await react(store, [VisitorMerged(subject_ref=merged.subject_ref, kept_ref=kept.subject_ref, at=MONDAY)])
    held: dict[UUID, tuple[str, UUID]] = {}
    for _ in range(24):
        clock.forward(days=random.randrange(4), minutes=20)
        who = random.choice(visitors).subject_ref
        interview = await talk(store, who, clock.now)
        person = kept.subject_ref if who == merged.subject_ref else who
        held[interview] = (f"{clock.now.astimezone(BRUSSELS):%Y-%m}", person)
        if random.random() < 0.4:
            await change(store, interview, information.undo)
            del held[interview]
        elif random.random() < 0.4:
            await change(store, interview, information.resume)
            await change(store, interview, information.finish)
    expected = {Fact.INFORMATION_KNOWN: len(held), Fact.INFORMATION_PEOPLE: len(set(held.values()))}
    assert await counted(store, counts) == expected
    await react(store, [one.erased() for one in visitors])
    assert await counted(store, counts) == expected


async def test_workshops_sessions_places_and_people_stand_apart(store: Store, counts: Store, clock: FixedClock) -> None:
    """Three sessions with two people, one of whom cancels; a correction; a workshop that is cancelled."""
    workshop, other = await announce(store), await announce(store, sessions=[(TUESDAY + timedelta(days=21), 60)])
    first, second, third = [await take(store, workshop, one) for one in await people(store, 3)]
    await give_back(store, workshop, third)
    for ordinal in (1, 2, 3):
        clock.now = MONDAY + timedelta(days=1 + 7 * (ordinal - 1), hours=4)
        await record(store, workshop, ordinal, [first])
    await record(store, workshop, 3, [second])
    async with store.work() as work:
        await workshops.cancel_workshop(work, await work.load(Workshop, other.id), reason="other")
    assert await counted(store, counts) == {
        Fact.WORKSHOPS: 1,
        Fact.WORKSHOPS_CANCELLED: 1,
        Fact.SESSIONS: 3,
        Fact.PRESENT: 3,
        Fact.PRESENT_PEOPLE: 2,
        Fact.ABSENT: 3,
        Fact.CANCELLED_BY_PERSON: 1,
    }


async def test_who_is_corrected_to_absent_is_no_person_any_more(store: Store, counts: Store, clock: FixedClock) -> None:
    workshop, came, missed = await finished(store, clock)
    for present in ([missed], [came, missed], [], [missed], [came]):
        clock.forward(hours=1)
        await record(store, workshop, 3, present)
    assert await counted(store, counts) == {
        Fact.WORKSHOPS: 1,
        Fact.SESSIONS: 1,
        Fact.PRESENT: 1,
        Fact.PRESENT_PEOPLE: 1,
        Fact.ABSENT: 1,
    }
    assert [one.opens_workshop for one in await emitted_events(store, AttendanceRecorded)].count(True) == 1
