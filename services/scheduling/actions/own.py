"""What visitors change of their own appointments: an interview cancelled or moved, a place in a workshop left.

A form that is sent again changes nothing more: what is as it asks stays as it is. `refs`: the visitor's references.
`notice`: that of a centre without booking rules.
"""

from collections.abc import Collection, Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.chassis.copies.centres import known_centre
from services.chassis.refusals import NotFound, msg
from services.chassis.storage.store import Work
from services.contracts.scheduling import AppointmentStatus, Side
from services.scheduling.actions import guidance, seats
from services.scheduling.actions.availability import check_pause
from services.scheduling.actions.path_rules import limits_of_move
from services.scheduling.actions.rooms import still_in_use
from services.scheduling.domain import refusals, rules
from services.scheduling.domain.notice import check_far_enough, check_in_time, check_same_time
from services.scheduling.domain.paths import check_between_others
from services.scheduling.domain.rules import NOT_RECORDED, CancelReason
from services.scheduling.domain.states import ACTIVE_SEATS, SeatStatus, has_seat, is_booked, is_cancelled
from services.scheduling.store import Centre, Interview, Seat, Workshop
from services.scheduling.store.booking_rules import visitor_notice
from services.scheduling.store.coming import sessions_to_come
from services.scheduling.store.workshops import sessions_of


async def cancel(
    work: Work, id: UUID, refs: Collection[UUID], *, reason: CancelReason | None, notice: timedelta, seen: datetime
) -> Interview:
    """Cancel the visitor's own interview; one that is cancelled stays so. `seen`: its time on the visitor's page.

    Raises `NotFound`, `NotBooked`, `MovedMeanwhile`, `TooLateOnline`.
    """
    interview = await _own_interview(work, id, refs)
    if not is_cancelled(AppointmentStatus(interview.status)):
        await _check_changeable(work, interview, notice, seen)
        given = reason.value if reason is not None else NOT_RECORDED
        await guidance.cancel(work, interview, by=Side.VISITOR, reason=given)
    return interview


async def move(
    work: Work,
    id: UUID,
    refs: Collection[UUID],
    *,
    starts_at: datetime,
    notice: timedelta,
    horizon: timedelta,
    seen: datetime,
    reflection: timedelta = timedelta(),
) -> Interview:
    """Move the visitor's own interview, with the same counsellor, room and length; one that is there already stays.

    `seen`: its time on the visitor's page. The new time also keeps the notice: the counsellor plans by it.
    It stays between the others of its path, with the time for reflection, which the team may shorten.
    Raises `NotFound`, `NotBooked`, `MovedMeanwhile`, `TooLateOnline`, `TooSoonOnline`, `ReflectFirst`, `KeepsOrder`,
    and as `guidance.move` does.
    A room that is no longer in use is left: the team chooses another one.
    """
    interview = await _own_interview(work, id, refs)
    if is_booked(AppointmentStatus(interview.status)) and interview.starts_at == starts_at:
        return interview
    notice = await _check_changeable(work, interview, notice, seen)
    check_far_enough(starts_at, work.now, notice)
    centre = await known_centre(work.session, Centre, interview.centre)
    limits = await limits_of_move(work.session, interview, centre.zone, reflection)
    check_between_others(starts_at, limits, centre.zone)
    with as_taken(starts_at, centre.zone):
        await check_pause(work, centre, interview.counsellor, starts_at, interview.minutes, interview.id)
        await guidance.move(
            work,
            interview,
            counsellor=interview.counsellor,
            room=await still_in_use(work.session, interview.centre, interview.room),
            starts_at=starts_at,
            minutes=interview.minutes,
            by=Side.VISITOR,
            horizon=horizon,
        )
    return interview


@contextmanager
def as_taken(at: datetime, zone: ZoneInfo) -> Generator[None]:
    """Visitors learn that the time is not free, as if it were booked, and not why: `Overlap` for every reason."""
    try:
        yield
    except _NOT_FREE:
        raise refusals.Overlap(
            about="counsellor", what=msg("the counsellor is not free"), at=at.astimezone(zone)
        ) from None


_NOT_FREE = (
    refusals.CounsellorAway,
    refusals.OutsideWorkingHours,
    refusals.BusyElsewhere,
    refusals.CounsellorInactive,
    refusals.UnknownCounsellor,
)


async def leave(
    work: Work,
    seat_id: UUID,
    refs: Collection[UUID],
    *,
    notice: timedelta,
    reason: CancelReason | None = None,
    answer: timedelta | None = None,
) -> Workshop:
    """Release the visitor's own place in a workshop, or their waitlist entry; what is released stays so.

    Of a waitlist one may leave at any time: nobody is expected. `answer` as in `seats`.
    Raises `NotFound`, `WorkshopClosed`, `TooLateOnline`.
    """
    known = await work.session.get(Seat, seat_id)
    if known is None or known.subject_ref not in refs:
        raise NotFound(what=msg("place in the workshop"))
    workshop = await work.load(Workshop, known.workshop_id, msg("workshop"))
    seat = await work.session.get_one(Seat, seat_id, populate_existing=True)
    status = SeatStatus(seat.status)
    if has_seat(status):
        centre = await known_centre(work.session, Centre, workshop.centre)
        coming = sessions_to_come(await sessions_of(work.session, workshop.id), work.now)
        notice = await visitor_notice(work.session, workshop.centre, notice)
        check_in_time(coming[0].starts_at if coming else workshop.first_at, work.now, notice, centre.zone)
    if status in ACTIVE_SEATS:
        given = reason.value if reason is not None else NOT_RECORDED
        await seats.release_seat(work, workshop, seat_id, by=Side.VISITOR, reason=given, answer=answer)
    return workshop


async def _own_interview(work: Work, id: UUID, refs: Collection[UUID]) -> Interview:
    """The interview, locked as `guidance.interview_of` does. Raises `NotFound` for another person's."""
    interview = await guidance.interview_of(work, id)
    if interview.subject_ref not in refs:
        raise NotFound(what=msg("interview"))
    return interview


async def _check_changeable(work: Work, interview: Interview, notice: timedelta, seen: datetime) -> timedelta:
    """It is booked, at the time that was seen, its visitor has not arrived, and the centre's notice, returned, is kept.

    Raises `NotBooked`, `MovedMeanwhile`, `TooLateOnline`.
    """
    rules.check_booked(interview.status)
    centre = await known_centre(work.session, Centre, interview.centre)
    check_same_time(interview.starts_at, seen, centre.zone)
    notice = await visitor_notice(work.session, centre.code, notice)
    check_in_time(interview.starts_at, work.now, notice, centre.zone)
    if interview.arrived_at is not None:
        raise refusals.TooLateOnline(at=interview.arrived_at.astimezone(centre.zone))
    return notice
