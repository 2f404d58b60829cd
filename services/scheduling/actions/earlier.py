"""People ask for an earlier time of a booked interview, and answer what is offered to them.

The booked interview stays as it is until an offer is accepted: then it is moved, as any other. A time is offered to
several people and kept for nobody: the quarter-hours decide who was faster. `actions.earlier_times` makes the offers.
`refs`: the visitor's own references; None: the team acts in their name.
"""

from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.centres import known_centre
from services.chassis.refusals import NotFound, msg
from services.chassis.storage.store import Work
from services.contracts.earlier import EarlierOfferEnd, EarlierOfferEnded
from services.contracts.scheduling import Method, Side
from services.scheduling.actions import guidance
from services.scheduling.actions.availability import check_pause
from services.scheduling.actions.own import as_taken
from services.scheduling.actions.rooms import still_in_use
from services.scheduling.domain import refusals, rules
from services.scheduling.domain.availability import BookingRules
from services.scheduling.domain.earlier import (
    MOST_OFFERS,
    OfferState,
    WishEnd,
    counts,
    is_earlier,
    keeps_the_path,
    may_wait,
)
from services.scheduling.domain.times import Half
from services.scheduling.store import Centre, EarlierOffer, EarlierWish, Interview
from services.scheduling.store.booking_rules import rules_of
from services.scheduling.store.earlier import delete_wishes, live_offer_of, starts_on_paths
from services.scheduling.store.interviews import counted_starts


async def ask(
    work: Work,
    interview_id: UUID,
    *,
    by: Side,
    usual: BookingRules,
    refs: Collection[UUID] | None = None,
    others: bool = False,
    language: str | None = None,
    half: Half | None = None,
) -> EarlierWish:
    """Put the interview on the list, at its end; asked again, it keeps its place and has the new wishes.

    `others`: also with another counsellor, who speaks `language`; `half`: of the day. `usual`: the rules of a centre
    without booking rules. Raises `NotFound`, `NotBooked`, `NoEarlierTime`.
    """
    interview = await _interview(work, interview_id, refs)
    rules.check_booked(interview.status)
    centre = await known_centre(work.session, Centre, interview.centre)
    notice = (await rules_of(work.session, centre.code, usual)).visitor_notice
    if not may_wait(interview.starts_at, work.now, notice, centre.zone):
        raise refusals.NoEarlierTime()
    wish = await work.find(EarlierWish, interview_id)
    if wish is None:
        asked = EarlierWish(interview_id=interview_id, centre=centre.code, asked_at=work.now, asked_by=by.value)
        wish = work.add(asked)
    elif wish.ended_at is not None:
        wish.asked_at, wish.asked_by, wish.missed = work.now, by.value, 0
        wish.ended_at = wish.ended_because = None
    wish.others, wish.language = others, language if others else None
    wish.half = half.value if half is not None else None
    return wish


async def leave(work: Work, interview_id: UUID, *, refs: Collection[UUID] | None = None) -> None:
    """The person no longer waits for an earlier time; what is offered ends. Repeated, nothing changes.

    Raises `NotFound`.
    """
    interview = await _interview(work, interview_id, refs)
    wish = await work.find(EarlierWish, interview_id)
    if wish is None or wish.ended_at is not None:
        return
    end_wish(work, wish, WishEnd.LEFT)
    if (known := await live_offer_of(work.session, interview_id)) is not None:
        end_offer(work, await work.load(EarlierOffer, known.id), wish, interview, EarlierOfferEnd.WITHDRAWN)


async def accept(
    work: Work,
    offer_id: UUID,
    *,
    by: Side,
    horizon: timedelta,
    reflection: timedelta,
    refs: Collection[UUID] | None = None,
) -> Interview:
    """Move the interview to the offered time, if nobody was faster; accepted again, it stays there.

    Raises `NotFound`, `EarlierTimeTaken`, `EarlierOfferOver`, `NotBooked`, and as `guidance.move` does.
    """
    interview, wish, offer = await _answered(work, offer_id, refs)
    if offer.status == OfferState.ACCEPTED and interview.starts_at == offer.starts_at:
        return interview
    centre = await known_centre(work.session, Centre, interview.centre)
    zone, booked_at = centre.zone, interview.starts_at.astimezone(centre.zone)
    if offer.status == OfferState.TAKEN:
        raise refusals.EarlierTimeTaken(at=booked_at)
    live = offer.status == OfferState.OFFERED and work.now < offer.until
    rules.check_booked(interview.status)
    if not live or not await still_fits(work.session, interview, offer, zone, reflection):
        raise refusals.EarlierOfferOver(at=booked_at)
    taken = refusals.EarlierTimeTaken(at=booked_at)
    work.guard("quarter_hours_key", taken)
    with _as_faster(offer.starts_at, zone, taken):
        await check_pause(work, centre, offer.counsellor, offer.starts_at, interview.minutes, interview.id)
        await guidance.move(
            work,
            interview,
            counsellor=offer.counsellor,
            room=await still_in_use(work.session, interview.centre, interview.room),
            starts_at=offer.starts_at,
            minutes=interview.minutes,
            by=by,
            horizon=horizon,
        )
    offer.status, offer.ended_at = OfferState.ACCEPTED.value, work.now
    if wish is not None:
        end_wish(work, wish, WishEnd.MOVED)
    return interview


async def decline(work: Work, offer_id: UUID, *, by: Side, refs: Collection[UUID] | None = None) -> Interview:
    """The person keeps the booked time; declined again, or too late, nothing changes. Raises `NotFound`."""
    interview, wish, offer = await _answered(work, offer_id, refs)
    if offer.status == OfferState.OFFERED:
        end_offer(work, offer, wish, interview, EarlierOfferEnd.DECLINED, by)
    return interview


async def answer_for(
    work: Work, interview_id: UUID, offer_id: UUID, *, accepts: bool, horizon: timedelta, reflection: timedelta
) -> Interview:
    """The team answers an offer for this interview in the person's name. Raises `NotFound`, and as `accept`."""
    known = await work.session.get(EarlierOffer, offer_id)
    if known is None or known.interview_id != interview_id:
        raise NotFound(what=msg("offer of an earlier time"))
    if accepts:
        return await accept(work, offer_id, by=Side.VISITOR, horizon=horizon, reflection=reflection)
    return await decline(work, offer_id, by=Side.VISITOR)


def end_offer(
    work: Work,
    offer: EarlierOffer,
    wish: EarlierWish | None,
    interview: Interview | None,
    because: EarlierOfferEnd,
    by: Side | None = None,
) -> None:
    """The offer was not accepted. After `MOST_OFFERS` that count the person leaves the list."""
    offer.status, offer.ended_at = because.value, work.now
    if wish is not None and wish.ended_at is None and counts(because):
        wish.missed += 1
        if wish.missed >= MOST_OFFERS:
            end_wish(work, wish, WishEnd.UNANSWERED)
    if interview is not None and interview.subject_ref is not None:
        work.emit(
            offer,
            EarlierOfferEnded(
                offer_id=offer.id,
                interview_id=interview.id,
                subject_ref=interview.subject_ref,
                centre=offer.centre,
                at=work.now,
                because=because,
                ended_by=by,
                starts_at=interview.starts_at,
                minutes=interview.minutes,
                mode=interview.arrangement.mode,
                still_waiting=wish is not None and wish.ended_at is None,
            ),
        )


def end_wish(work: Work, wish: EarlierWish, because: WishEnd) -> None:
    """The person is no longer on the list."""
    wish.ended_at, wish.ended_because = work.now, because.value


async def drop(work: Work, interviews: Sequence[Interview]) -> None:
    """The consent ended, or the person is erased: delete the entries of these interviews, which are locked."""
    ids = [one.id for one in interviews]
    entries = sa.select(EarlierWish).where(col(EarlierWish.interview_id).in_(ids))
    wishes = (await work.session.scalars(entries.order_by(col(EarlierWish.interview_id)).with_for_update())).all()
    if not wishes:
        return
    by_id = {one.id: one for one in interviews}
    for wish in wishes:
        known = await live_offer_of(work.session, wish.interview_id)
        offer = await work.find(EarlierOffer, known.id) if known is not None else None
        end_wish(work, wish, WishEnd.OVER)
        if offer is not None and offer.status == OfferState.OFFERED:
            end_offer(work, offer, wish, by_id[wish.interview_id], EarlierOfferEnd.WITHDRAWN)
    await work.session.flush()
    await delete_wishes(work.session, [wish.interview_id for wish in wishes])


async def _interview(work: Work, id: UUID, refs: Collection[UUID] | None) -> Interview:
    """The interview, locked as `guidance.interview_of` does. Raises `NotFound` for another person's."""
    interview = await guidance.interview_of(work, id)
    if refs is not None and interview.subject_ref not in refs:
        raise NotFound(what=msg("interview"))
    return interview


async def _answered(
    work: Work, offer_id: UUID, refs: Collection[UUID] | None
) -> tuple[Interview, EarlierWish | None, EarlierOffer]:
    """The interview, its entry and the offer, locked in this order. Raises `NotFound`."""
    known = await work.session.get(EarlierOffer, offer_id)
    if known is None:
        raise NotFound(what=msg("offer of an earlier time"))
    interview = await _interview(work, known.interview_id, refs)
    wish = await work.find(EarlierWish, interview.id)
    return interview, wish, await work.load(EarlierOffer, offer_id, msg("offer of an earlier time"))


async def still_fits(
    session: AsyncSession, interview: Interview, offer: EarlierOffer, zone: ZoneInfo, reflection: timedelta
) -> bool:
    """Whether the offer is still one for this interview, as it is booked now, and on its path."""
    if not is_earlier(offer.starts_at, interview.starts_at, zone) or interview.minutes != offer.minutes:
        return False
    others = await other_starts(session, interview)
    return keeps_the_path(offer.starts_at, interview.starts_at, others, reflection, zone)


async def other_starts_of(session: AsyncSession, interviews: Sequence[Interview]) -> dict[UUID, list[datetime]]:
    """As `other_starts`, of each of these interviews."""
    paths = {one.path_id for one in interviews if one.path_id is not None and one.method == Method.INDIVIDUAL}
    known = await starts_on_paths(session, paths)
    return {
        one.id: [at for id, at in known.get(one.path_id, ()) if id != one.id] if one.path_id is not None else []
        for one in interviews
    }


async def other_starts(session: AsyncSession, interview: Interview) -> list[datetime]:
    """When the other booked and held interviews of its individual path begin; of other paths none counts."""
    if interview.path_id is None or interview.method != Method.INDIVIDUAL:
        return []
    return await counted_starts(session, interview.path_id, besides=interview.id)


@contextmanager
def _as_faster(at: datetime, zone: ZoneInfo, taken: refusals.EarlierTimeTaken) -> Generator[None]:
    """The counsellor or the room is no longer free: another person was faster. The person's own calendar is named."""
    try:
        with as_taken(at, zone):
            yield
    except refusals.Overlap as refused:
        if refused.about == "starts_at":
            raise
        raise taken from None
