"""Earlier times are offered to those who asked, in their order, to three at once: the first answer wins."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from services.chassis.refusals import NotFound
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.earlier import EarlierOfferEnd, EarlierOfferEnded, EarlierTimeOffered
from services.contracts.scheduling import InterviewMoved, Side
from services.scheduling.actions import availability, earlier, guidance, holds
from services.scheduling.actions.booking_rules import RuleFacts, set_rules
from services.scheduling.actions.earlier_search import Terms
from services.scheduling.actions.earlier_times import offer_earlier_times
from services.scheduling.domain import refusals
from services.scheduling.domain.availability import BookingRules, WorkingHours
from services.scheduling.domain.earlier import KEPT, answer_by, keeps_the_path
from services.scheduling.domain.holds import HOLD, owner_of_browser
from services.scheduling.domain.times import HORIZON, Half
from services.scheduling.store import EarlierOffer, EarlierWish, Interview
from tests.givens.events import emitted_events
from tests.givens.patience import patiently
from tests.givens.rows import rows_of
from tests.givens.scheduling import LIEGE, MONDAY, NADIA, TOM, Visitor, react
from tests.scheduling.test_guidance import book, take_path
from tests.scheduling.test_merged_persons import merged

BRUSSELS = ZoneInfo("Europe/Brussels")
NOTICE, DAY = timedelta(hours=24), timedelta(hours=24)
USUAL = BookingRules(visitor_notice=NOTICE)
TERMS = Terms(USUAL, DAY, timedelta(days=7))


def wednesday(week: int, hour: int = 10) -> datetime:
    """The only time of a week at which Nadia works: week 0 is that of the clock. In UTC."""
    local = datetime(2026, 3, 4, hour, tzinfo=BRUSSELS) + timedelta(weeks=week)
    return local.astimezone(UTC)


async def works(store: Store, counsellor: str, *days: str, opens: str = "10:00", closes: str = "11:00") -> None:
    """A counsellor works so on these days."""
    rule = f"FREQ=WEEKLY;BYDAY={','.join(days)}"
    hours = WorkingHours(date(2026, 1, 1), rule, opens, closes, frozenset(), BRUSSELS)
    async with store.work() as work:
        await availability.set_hours(work, counsellor, LIEGE, [hours])


async def booked_in(store: Store, weeks: Sequence[int], counsellor: str = NADIA) -> tuple[list[Visitor], list[UUID]]:
    """People with an interview in each of these weeks, of an hour."""
    people = [Visitor() for _ in weeks]
    await react(store, [one.registered() for one in people], in_one_batch=True)
    made: list[UUID] = []
    for one, week in zip(people, weeks, strict=True):
        path = await take_path(store, one)
        made.append((await book(store, path, wednesday(week), counsellor=counsellor, room=None)).id)
    return people, made


async def line(store: Store, waiting: int) -> tuple[list[Visitor], list[UUID]]:
    """The Wednesdays of Nadia, all of them booked; the first two by people who do not wait, the others ask in turn."""
    await works(store, NADIA, "WE")
    people, interviews = await booked_in(store, range(waiting + 2))
    for number, id in enumerate(interviews[2:]):
        await asks(store, id)
        async with store.work() as work:
            (await work.load(EarlierWish, id)).asked_at = MONDAY - timedelta(hours=1, seconds=-number)
    return people, interviews


async def asks(
    store: Store, id: UUID, others: bool = False, language: str | None = None, half: Half | None = None
) -> EarlierWish:
    async with store.work() as work:
        return await earlier.ask(work, id, by=Side.VISITOR, usual=USUAL, others=others, language=language, half=half)


async def leaves(store: Store, id: UUID) -> None:
    async with store.work() as work:
        await earlier.leave(work, id)


async def accepts(store: Store, offer: UUID, *refs: UUID) -> Interview:
    async with store.work() as work:
        side, own = (Side.VISITOR, refs) if refs else (Side.CENTRE, None)
        return await earlier.accept(work, offer, by=side, horizon=HORIZON, reflection=TERMS.reflection, refs=own)


async def declines(store: Store, offer: UUID) -> None:
    async with store.work() as work:
        await earlier.decline(work, offer, by=Side.VISITOR)


async def cancels(store: Store, id: UUID) -> None:
    async with store.work() as work:
        interview = await guidance.interview_of(work, id)
        await guidance.cancel(work, interview, by=Side.CENTRE, reason="counsellor-away")


async def moves(store: Store, id: UUID, at: datetime) -> None:
    async with store.work() as work:
        interview = await guidance.interview_of(work, id)
        await guidance.move(work, interview, counsellor=NADIA, room=None, starts_at=at, minutes=60)


async def job_runs(store: Store) -> None:
    assert not await offer_earlier_times(store, TERMS)


async def live(store: Store) -> dict[UUID, EarlierOffer]:
    """The offers that can be answered, by interview."""
    return {one.interview_id: one for one in await rows_of(store, EarlierOffer) if one.status == "offered"}


async def ends(store: Store) -> list[EarlierOfferEnd]:
    return [one.because for one in await emitted_events(store, EarlierOfferEnded)]


async def wish_of(store: Store, id: UUID) -> EarlierWish:
    async with store.read() as session:
        return await session.get_one(EarlierWish, id)


async def starts(store: Store, id: UUID) -> datetime:
    async with store.read() as session:
        return (await session.get_one(Interview, id)).starts_at


async def test_a_freed_time_is_offered_to_the_first_three_who_asked(store: Store) -> None:
    people, interviews = await line(store, 5)
    await job_runs(store)
    assert await live(store) == {}, "nothing is free"
    await cancels(store, interviews[1])
    await job_runs(store)
    await job_runs(store)
    offered = await live(store)
    assert set(offered) == set(interviews[2:5])
    assert {(one.starts_at, one.counsellor) for one in offered.values()} == {(wednesday(1), NADIA)}
    events = await emitted_events(store, EarlierTimeOffered)
    assert [one.subject_ref for one in events] == [one.subject_ref for one in people[2:5]]
    assert {(one.starts_at, one.until) for one in events} == {(wednesday(1), MONDAY + DAY)}


async def test_the_first_answer_wins_and_the_others_stay_on_the_list(store: Store) -> None:
    people, interviews = await line(store, 3)
    await cancels(store, interviews[1])
    await job_runs(store)
    offered = await live(store)
    moved = await accepts(store, offered[interviews[3]].id, people[3].subject_ref)
    assert moved.starts_at == wednesday(1)
    assert (await accepts(store, offered[interviews[3]].id)).id == moved.id, "pressed again"
    (event,) = await emitted_events(store, InterviewMoved)
    assert (event.interview_id, event.starts_at, event.moved_by) == (interviews[3], wednesday(1), Side.VISITOR)
    for _ in range(2):  # before the job has run, and after it
        with pytest.raises(refusals.EarlierTimeTaken) as refused:
            await accepts(store, offered[interviews[2]].id, people[2].subject_ref)
        assert refused.value.values["at"] == wednesday(2)
        await job_runs(store)
    assert await starts(store, interviews[2]) == wednesday(2)
    assert await ends(store) == [EarlierOfferEnd.TAKEN] * 2
    assert (await wish_of(store, interviews[3])).ended_because == "moved"
    (next_offer,) = (await live(store)).values()
    assert (next_offer.interview_id, next_offer.starts_at) == (interviews[4], wednesday(3)), "the time that it freed"
    assert [(await wish_of(store, id)).missed for id in interviews[2:]] == [0, 0, 0], "nobody missed anything"


async def test_three_answers_at_once_move_one_interview(store: Store) -> None:
    _people, interviews = await line(store, 3)
    await cancels(store, interviews[1])
    await job_runs(store)
    offers = [one.id for one in (await live(store)).values()]
    tries = [partial(accepts, store, offer) for offer in offers for _ in range(4)]
    answers = await asyncio.gather(*(patiently(one) for one in tries), return_exceptions=True)
    winners = {one.id for one in answers if isinstance(one, Interview)}
    assert len(winners) == 1, answers
    assert {type(one) for one in answers} == {Interview, refusals.EarlierTimeTaken}
    assert len(await emitted_events(store, InterviewMoved)) == 1
    others = set(interviews[2:]) - winners
    assert {await starts(store, id) for id in others} <= {wednesday(2), wednesday(3), wednesday(4)}


async def test_two_replicas_at_once_make_three_offers(store: Store) -> None:
    _people, interviews = await line(store, 5)
    await cancels(store, interviews[1])
    rounds = [partial(offer_earlier_times, store, TERMS) for _ in range(4)]
    await asyncio.gather(*(patiently(one) for one in rounds))
    assert set(await live(store)) == set(interviews[2:5])
    assert len(await emitted_events(store, EarlierTimeOffered)) == 3


async def test_unanswered_offers_go_on_and_three_of_them_end_the_entry(store: Store, clock: FixedClock) -> None:
    people, interviews = await line(store, 4)
    await cancels(store, interviews[1])
    await job_runs(store)
    clock.now = MONDAY + DAY
    offer = (await live(store))[interviews[2]]
    with pytest.raises(refusals.EarlierOfferOver):
        await accepts(store, offer.id, people[2].subject_ref)  # to the second, although no job has run
    await job_runs(store)
    assert await ends(store) == [EarlierOfferEnd.EXPIRED] * 3
    assert set(await live(store)) == {interviews[5]}, "those who did not answer are not asked again for this time"
    await job_runs(store)
    assert len(await emitted_events(store, EarlierTimeOffered)) == 4
    async with store.work() as work:
        (await work.load(EarlierWish, interviews[3])).missed = 2
    await cancels(store, interviews[2])  # the second Wednesday is free
    await job_runs(store)
    await declines(store, (await live(store))[interviews[3]].id)
    gone = await wish_of(store, interviews[3])
    assert (gone.missed, gone.ended_because) == (3, "unanswered")
    assert [one.still_waiting for one in await emitted_events(store, EarlierOfferEnded)] == [True, True, True, False]
    assert await starts(store, interviews[3]) == wednesday(3)
    clock.forward(minutes=1)
    again = await asks(store, interviews[3])
    assert (again.missed, again.ended_at, again.asked_at) == (0, None, clock.now)


async def test_a_declined_offer_goes_to_the_next_person(store: Store) -> None:
    _people, interviews = await line(store, 4)
    await cancels(store, interviews[1])
    await job_runs(store)
    offer = (await live(store))[interviews[2]]
    await declines(store, offer.id)
    await declines(store, offer.id)
    with pytest.raises(refusals.EarlierOfferOver):
        await accepts(store, offer.id)
    await job_runs(store)
    assert set(await live(store)) == set(interviews[3:6])
    (ended,) = await emitted_events(store, EarlierOfferEnded)
    assert (ended.because, ended.ended_by, ended.starts_at) == (EarlierOfferEnd.DECLINED, Side.VISITOR, wednesday(2))
    assert (await wish_of(store, interviews[2])).missed == 1


async def test_who_leaves_asks_again_at_the_end_and_who_asks_twice_keeps_the_place(
    store: Store, clock: FixedClock
) -> None:
    _people, interviews = await line(store, 4)
    clock.forward(minutes=1)
    await asks(store, interviews[2], half=Half.MORNING)
    await leaves(store, interviews[3])
    await leaves(store, interviews[3])
    await asks(store, interviews[3])
    await cancels(store, interviews[1])
    await job_runs(store)
    assert set(await live(store)) == {interviews[2], interviews[4], interviews[5]}
    await leaves(store, interviews[4])
    await job_runs(store)
    assert set(await live(store)) == {interviews[2], interviews[3], interviews[5]}
    assert await ends(store) == [EarlierOfferEnd.WITHDRAWN]


async def test_nobody_answers_for_another_person(store: Store) -> None:
    people, interviews = await line(store, 2)
    await cancels(store, interviews[1])
    await job_runs(store)
    offer, stranger = (await live(store))[interviews[2]].id, people[3].subject_ref
    with pytest.raises(NotFound):
        await accepts(store, offer, stranger)
    async with store.work() as work:
        with pytest.raises(NotFound):
            await earlier.decline(work, offer, by=Side.VISITOR, refs=[stranger])
        with pytest.raises(NotFound):
            await earlier.leave(work, interviews[2], refs=[stranger])
        with pytest.raises(NotFound):
            await earlier.ask(work, interviews[2], by=Side.VISITOR, usual=USUAL, refs=[stranger])
        with pytest.raises(NotFound):
            await earlier.decline(work, uuid4(), by=Side.VISITOR)


async def test_what_no_longer_fits_is_withdrawn(store: Store) -> None:
    _people, interviews = await line(store, 3)
    await cancels(store, interviews[1])
    await job_runs(store)
    offered = await live(store)
    await cancels(store, interviews[2])
    await moves(store, interviews[3], wednesday(2))  # earlier, but not as early
    await cancels(store, interviews[0])
    await moves(store, interviews[4], wednesday(0))  # earlier than the offer
    with pytest.raises(refusals.NotBooked):
        await accepts(store, offered[interviews[2]].id)
    with pytest.raises(refusals.EarlierOfferOver):
        await accepts(store, offered[interviews[4]].id)
    await job_runs(store)
    assert await ends(store) == [EarlierOfferEnd.WITHDRAWN] * 2
    assert (await wish_of(store, interviews[2])).ended_because == "over"
    assert set(await live(store)) == {interviews[3]}


async def test_a_time_that_is_only_held_stays_offered_until_it_is_booked(store: Store, clock: FixedClock) -> None:
    _people, interviews = await line(store, 1)
    await cancels(store, interviews[1])
    await job_runs(store)
    offer = (await live(store))[interviews[2]]
    async with store.work() as work:
        owner = owner_of_browser("amelie")
        await holds.hold_slot(work, owner, centre=LIEGE, counsellor=NADIA, starts_at=wednesday(1), minutes=60)
    with pytest.raises(refusals.EarlierTimeTaken):
        await accepts(store, offer.id)
    await job_runs(store)
    assert set(await live(store)) == {interviews[2]}
    clock.now += HOLD
    assert (await accepts(store, offer.id)).starts_at == wednesday(1)


async def test_an_offered_time_that_leaves_no_pause_any_more_is_taken(store: Store, adult: Visitor) -> None:
    _people, interviews = await line(store, 1)
    await cancels(store, interviews[1])
    await job_runs(store)
    offer = (await live(store))[interviews[2]]
    async with store.work() as work:
        await availability.set_hours(work, NADIA, LIEGE, [])
    await book(store, await take_path(store, adult), wednesday(1) + timedelta(hours=1), room=None)
    async with store.work() as work:
        facts = RuleFacts(horizon_days=365, notice_hours=0, visitor_notice_hours=24, pause_minutes=15)
        await set_rules(work, LIEGE, facts)
    with pytest.raises(refusals.EarlierTimeTaken):
        await accepts(store, offer.id)


async def test_the_time_that_the_team_books_is_taken(store: Store) -> None:
    _people, interviews = await line(store, 1)
    await cancels(store, interviews[1])
    await job_runs(store)
    await booked_in(store, [1])
    await job_runs(store)
    assert await ends(store) == [EarlierOfferEnd.TAKEN]
    assert (await wish_of(store, interviews[2])).ended_at is None


@pytest.mark.parametrize("how", ["erased", "withdraws"])
async def test_the_end_of_the_consent_and_the_erasure_take_the_entry_along(store: Store, how: str) -> None:
    people, interviews = await line(store, 4)
    await cancels(store, interviews[1])
    await job_runs(store)
    event = people[2].erased() if how == "erased" else people[2].withdraws("guidance")
    await react(store, [event])
    assert await ends(store) == [EarlierOfferEnd.WITHDRAWN]
    assert interviews[2] not in {one.interview_id for one in await rows_of(store, EarlierWish)}
    assert interviews[2] not in {one.interview_id for one in await rows_of(store, EarlierOffer)}
    await job_runs(store)
    assert set(await live(store)) == set(interviews[3:6])


async def test_a_merged_person_answers_under_either_reference(store: Store, adult: Visitor) -> None:
    people, interviews = await line(store, 1)
    await merged(store, people[2], adult)
    await cancels(store, interviews[1])
    await job_runs(store)
    offer = (await live(store))[interviews[2]]
    assert (await accepts(store, offer.id, adult.subject_ref, people[2].subject_ref)).starts_at == wednesday(1)


async def test_a_time_at_which_the_person_is_elsewhere_is_not_offered(store: Store, adult: Visitor) -> None:
    people, interviews = await line(store, 1)
    await works(store, TOM, "WE")
    await book(store, await take_path(store, adult), wednesday(1), counsellor=TOM, room=None)
    await merged(store, adult, people[2])
    await cancels(store, interviews[1])
    await job_runs(store)
    assert await live(store) == {}


async def test_only_whose_wish_fits_is_asked(store: Store) -> None:
    await works(store, NADIA, "WE")
    await works(store, TOM, "TU", opens="14:00", closes="15:00")
    async with store.work() as work:
        await availability.set_profile(work, TOM, ["de"], ["choose-path"])
    _people, interviews = await booked_in(store, range(5))
    await asks(store, interviews[0])
    await asks(store, interviews[1], others=True, language="nl")
    await asks(store, interviews[2], others=True, half=Half.MORNING)
    await asks(store, interviews[3], others=True, language="de", half=Half.AFTERNOON)
    await asks(store, interviews[4], language="de")
    await job_runs(store)
    (offer,) = (await live(store)).values()
    tuesday = datetime(2026, 3, 3, 14, tzinfo=BRUSSELS).astimezone(UTC)
    assert (offer.interview_id, offer.counsellor, offer.starts_at) == (interviews[3], TOM, tuesday)
    assert (await accepts(store, offer.id)).counsellor == TOM


async def test_of_two_counsellors_at_one_time_it_is_the_one_whom_they_know(store: Store) -> None:
    for one in (NADIA, TOM):
        await works(store, one, "WE")
    _people, (id,) = await booked_in(store, [3], counsellor=TOM)
    await asks(store, id, others=True)
    await job_runs(store)
    (offer,) = (await live(store)).values()
    assert offer.counsellor == TOM


async def test_the_interviews_of_a_path_keep_their_order_and_the_time_between(store: Store, adult: Visitor) -> None:
    await works(store, NADIA, "WE")
    path = await take_path(store, adult)
    await book(store, path, wednesday(2), room=None)
    second = await book(store, path, wednesday(4), room=None)
    await asks(store, second.id)
    await job_runs(store)
    (offer,) = (await live(store)).values()
    assert offer.starts_at == wednesday(3), "neither before the first one, nor in its week"


async def test_an_offer_keeps_the_notice_and_asks_nobody_too_late(store: Store, clock: FixedClock) -> None:
    await works(store, NADIA, "WE")
    _people, interviews = await booked_in(store, [1, 2])
    clock.now = wednesday(1) - timedelta(hours=24)
    with pytest.raises(refusals.NoEarlierTime):
        await asks(store, interviews[0])
    await asks(store, interviews[1])
    clock.now = wednesday(1) - NOTICE - timedelta(hours=2)
    await cancels(store, interviews[0])
    await job_runs(store)
    assert await live(store) == {}, "two hours before the notice nobody could answer"
    clock.now -= timedelta(hours=6)
    await job_runs(store)
    (offer,) = (await live(store)).values()
    assert offer.until.astimezone(BRUSSELS) == datetime(2026, 3, 10, 9, tzinfo=BRUSSELS), "not at night"


async def test_times_are_local_across_the_change_of_the_clocks(store: Store, clock: FixedClock) -> None:
    await works(store, NADIA, "WE")
    clock.now = datetime(2026, 3, 27, 12, tzinfo=UTC)
    _people, (id,) = await booked_in(store, [6])
    await asks(store, id)
    await job_runs(store)
    (offer,) = (await live(store)).values()
    assert offer.starts_at == wednesday(4) == datetime(2026, 4, 1, 8, tzinfo=UTC), "10:00, one hour earlier in UTC"
    assert offer.until.astimezone(BRUSSELS) == datetime(2026, 3, 28, 13, tzinfo=BRUSSELS)


async def test_an_entry_is_kept_for_a_while_after_its_end(store: Store, clock: FixedClock) -> None:
    _people, interviews = await line(store, 1)
    await leaves(store, interviews[2])
    clock.now += KEPT
    await job_runs(store)
    assert len(await rows_of(store, EarlierWish)) == 1
    clock.forward(minutes=1)
    await job_runs(store)
    assert await rows_of(store, EarlierWish) == []


@pytest.mark.parametrize(
    ("now", "starts_at", "until"),
    [
        ("2026-03-02 10:00", "2026-03-10 10:00", "2026-03-03 10:00"),  # the whole time
        ("2026-03-02 10:00", "2026-03-04 10:00", "2026-03-03 09:00"),  # not at night
        ("2026-03-02 10:00", "2026-03-03 14:00", "2026-03-02 12:00"),  # half of what is left until the notice
        ("2026-03-02 10:00", "2026-03-03 12:00", None),
        ("2026-03-28 12:00", "2026-04-10 10:00", "2026-03-29 13:00"),  # 24 hours, over a change of the clocks
    ],
)
def test_how_long_an_earlier_time_is_offered(now: str, starts_at: str, until: str | None) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=BRUSSELS).astimezone(UTC)

    found = answer_by(at(now), at(starts_at), NOTICE, DAY, BRUSSELS)
    assert found == (at(until) if until is not None else None)
    assert found is None or found <= at(starts_at) - NOTICE


def test_an_interview_does_not_overtake_another_of_its_path() -> None:
    week, booked = timedelta(days=7), wednesday(5)
    assert keeps_the_path(wednesday(3), booked, [wednesday(1), wednesday(6)], week, BRUSSELS)
    assert not keeps_the_path(wednesday(1), booked, [wednesday(3)], week, BRUSSELS)
    assert not keeps_the_path(wednesday(1), booked, [wednesday(3)], timedelta(), BRUSSELS)
    assert not keeps_the_path(wednesday(3), booked, [wednesday(3) - timedelta(days=6)], week, BRUSSELS)
