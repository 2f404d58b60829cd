"""Free times are offered to those who asked for an earlier one, in the order in which they asked.

A job looks at what is free: so every time that becomes free is found, whether an appointment was cancelled or moved, an
absence removed or working hours added. What is due is worked out without a lock, and once more with one.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.storage.store import Store, Work
from services.contracts.earlier import EarlierOfferEnd, EarlierTimeOffered
from services.contracts.scheduling import AppointmentStatus
from services.scheduling.actions.earlier import end_offer, end_wish, still_fits
from services.scheduling.actions.earlier_search import (
    Asking,
    Busy,
    NewOffer,
    OpenTimes,
    Spans,
    Terms,
    busy_of,
    offers_to_make,
    overlapping,
    span,
)
from services.scheduling.domain.earlier import KEPT, OfferState, WishEnd, may_wait
from services.scheduling.domain.states import is_booked
from services.scheduling.store import Centre, EarlierOffer, EarlierWish, Interview
from services.scheduling.store.booking_rules import rules_of
from services.scheduling.store.earlier import (
    Entry,
    centres_with_wishes,
    delete_wishes,
    ended_before,
    held_now,
    live_offers,
    lock_ended,
    lock_wishes,
    offers_alone,
    who_waits,
)

BATCH = 200
"""Entries that are deleted in one unit of work."""


class EndedOffer(NamedTuple):
    """An offer that is over."""

    offer: EarlierOffer
    entry: Entry
    because: EarlierOfferEnd


@dataclass(frozen=True, slots=True)
class Due:
    """Entries that are over, offers that are over, and offers to make."""

    over: list[Entry] = field(default_factory=list[Entry])
    ended: list[EndedOffer] = field(default_factory=list[EndedOffer])
    made: list[NewOffer] = field(default_factory=list[NewOffer])

    def __bool__(self) -> bool:
        return bool(self.over or self.ended or self.made)


async def offer_earlier_times(store: Store, terms: Terms) -> bool:
    """End the offers that are over, make new ones, and delete old entries. True if there may be more."""
    async with store.read() as session:
        now = store.clock()
        alone = bool(await offers_alone(session, lock=False))
        centres = await centres_with_wishes(session)
        due = [code for code in centres if await _what_is_due(session, code, now, terms)]
        old = await ended_before(session, now - KEPT, BATCH)
    if alone:
        async with store.work() as work:
            await _withdraw_alone(work)
    for code in due:
        async with store.work() as work:
            locked = await lock_wishes(work.session)
            await carry_out(work, await _what_is_due(work.session, code, work.now, terms, locked))
    if old:
        async with store.work() as work:
            ended = await lock_ended(work.session, old, now - KEPT)  # not who asked again meanwhile
            await delete_wishes(work.session, ended)
    return len(old) == BATCH


async def _withdraw_alone(work: Work) -> None:
    """Withdraw the offers of those who wait no more; without any entry nothing else would delete them."""
    gone: list[UUID] = []
    for offer in await offers_alone(work.session, lock=True):
        wish = await work.session.get(EarlierWish, offer.interview_id)
        interview = await work.session.get(Interview, offer.interview_id)
        end_offer(work, offer, wish, interview, EarlierOfferEnd.WITHDRAWN)
        if wish is None:
            gone.append(offer.interview_id)
    await work.session.flush()
    await delete_wishes(work.session, gone)


async def carry_out(work: Work, due: Due) -> None:
    """End and make what is due."""
    for entry in due.over:
        end_wish(work, entry.wish, WishEnd.OVER)
    for offer, entry, because in due.ended:
        end_offer(work, offer, entry.wish, entry.interview, because)
    await work.session.flush()
    for made in due.made:
        if made.interview.subject_ref is not None:
            _offer(work, made, made.interview.subject_ref)


def _offer(work: Work, made: NewOffer, subject_ref: UUID) -> None:
    interview, time, until = made
    offer = work.add(
        EarlierOffer(
            id=uuid4(),
            correlation_id=interview.correlation_id,
            interview_id=interview.id,
            centre=interview.centre,
            counsellor=time.counsellor,
            starts_at=time.starts_at,
            minutes=interview.minutes,
            status=OfferState.OFFERED.value,
            offered_at=work.now,
            until=until,
        )
    )
    work.emit(
        offer,
        EarlierTimeOffered(
            offer_id=offer.id,
            interview_id=interview.id,
            subject_ref=subject_ref,
            centre=interview.centre,
            at=work.now,
            starts_at=time.starts_at,
            minutes=interview.minutes,
            mode=interview.arrangement.mode,
            until=until,
        ),
    )


async def _what_is_due(
    session: AsyncSession, code: str, now: datetime, terms: Terms, locked: Collection[UUID] | None = None
) -> Due:
    """What is to be done now on the list of this centre. `locked`: only for these entries; None: for all."""
    due = Due()
    centre = await session.get(Centre, code)
    entries = [one for one in await who_waits(session, code) if locked is None or one.wish.interview_id in locked]
    if centre is None or not entries:
        return due
    rules = await rules_of(session, code, terms.usual)
    times = OpenTimes(session, centre, now, max(rules.visitor_notice, rules.notice), terms)
    waiting: list[Asking] = []
    for entry in entries:
        if entry.interview is not None and _waits(entry.interview, times):
            waiting.append(Asking(entry.wish, entry.interview))
        else:
            due.over.append(entry)
    live = await live_offers(session)
    if waiting:
        offered = [one.starts_at for one in live if one.centre == code]
        await times.look([one.interview for one in waiting], offered)
    due.ended.extend(await _over(times, live, {one.wish.interview_id: one for one in entries}, due.over))
    ended = {one.offer.id for one in due.ended}
    for offer in live:
        if offer.id not in ended:
            times.rivals[offer.counsellor].append(span(offer.starts_at, offer.minutes))
    answered = {one.interview_id for one in live}  # who had an offer until now has the next one in the next round
    due.made.extend(await offers_to_make(times, [one for one in waiting if one.interview.id not in answered]))
    return due


def _waits(interview: Interview, times: OpenTimes) -> bool:
    """Whether an earlier time can still be offered: it is booked, nobody has arrived, and there is a day between."""
    booked = is_booked(AppointmentStatus(interview.status)) and interview.subject_ref is not None
    between = may_wait(interview.starts_at, times.now, times.notice, times.centre.zone)
    return booked and between and interview.arrived_at is None


async def _over(
    times: OpenTimes, live: Sequence[EarlierOffer], entries: Mapping[UUID, Entry], over: Sequence[Entry]
) -> list[EndedOffer]:
    """The offers of these people that are over."""
    theirs = [(one, entries[one.interview_id]) for one in live if one.interview_id in entries]
    gone = [one for one, _entry in theirs if not times.is_free(one.counsellor, one.starts_at, one.minutes)]
    taken = await _not_only_held(times, gone) if gone else set[UUID]()
    busy = await busy_of(times, [entry.interview for _one, entry in theirs if entry.interview is not None])
    ended = {entry.wish.interview_id for entry in over}
    found: list[EndedOffer] = []
    for offer, entry in theirs:
        because = await _why_over(offer, entry.interview, times, busy.get(offer.interview_id, Busy()), taken)
        if because is None and offer.interview_id in ended:
            because = EarlierOfferEnd.WITHDRAWN
        if because is not None:
            found.append(EndedOffer(offer, entry, because))
    return found


async def _why_over(
    offer: EarlierOffer, interview: Interview | None, times: OpenTimes, busy: Busy, taken: Collection[UUID]
) -> EarlierOfferEnd | None:
    """Why it can no longer be accepted: by the rules by which it was made. None: it can."""
    if interview is None or not is_booked(AppointmentStatus(interview.status)):
        return EarlierOfferEnd.WITHDRAWN
    zone, reflection = times.centre.zone, times.terms.reflection
    elsewhere = not times.is_apart(busy.person, offer.starts_at, offer.minutes)
    if elsewhere or not await still_fits(times.session, interview, offer, zone, reflection):
        return EarlierOfferEnd.WITHDRAWN
    if times.now >= offer.until:
        return EarlierOfferEnd.EXPIRED
    gone = offer.id in taken or not times.is_apart(busy.room, offer.starts_at, offer.minutes)
    return EarlierOfferEnd.TAKEN if gone else None


async def _not_only_held(times: OpenTimes, gone: Sequence[EarlierOffer]) -> set[UUID]:
    """Of these offers, whose time is not free, those where it is not just held while another person books it."""
    held: Spans = defaultdict(list)
    for hold in await held_now(times.session, {one.counsellor for one in gone}, times.now):
        held[hold.counsellor].append((hold.starts_at, hold.starts_at + timedelta(minutes=hold.minutes)))
    return {one.id for one in gone if not overlapping(held[one.counsellor], one.starts_at, one.minutes)}
