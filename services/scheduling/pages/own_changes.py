"""A visitor's own appointment, with what they may do to it: cancel or move an interview, leave a workshop."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.i18n import moment_text
from services.chassis.i18n import translate as _
from services.chassis.refusals import NotFound, msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.service.definition import Runtime
from services.chassis.web import Body, Reading, Router, Running, Working, page, see_other
from services.contracts.scheduling import AppointmentStatus, Side
from services.contracts.text import Key
from services.contracts.values import Moment
from services.scheduling.actions import own, seats
from services.scheduling.actions.calendar import other_calendars, resources
from services.scheduling.actions.path_rules import limits_of_move
from services.scheduling.actions.rooms import still_in_use
from services.scheduling.domain.availability import BookingRules
from services.scheduling.domain.notice import OWN_REASON_LABELS, OwnReason, is_in_time
from services.scheduling.domain.states import (
    SeatStatus,
    has_seat,
    is_booked,
    is_lapsed,
    is_offered,
    is_waitlisted,
    takes_seats,
)
from services.scheduling.domain.states import WorkshopStatus as Status
from services.scheduling.domain.times import QUARTER
from services.scheduling.pages.desk import length_word, parse_day, video_of
from services.scheduling.pages.earlier import standing_of as standing_of_earlier
from services.scheduling.pages.mine import OwnVisitor, myself, notice_words
from services.scheduling.settings import answer_of, horizon_of, notice_of, reflection_of, rules_of_settings
from services.scheduling.store import Centre, Interview, Seat, Workshop
from services.scheduling.store.booking_rules import rules_of
from services.scheduling.store.coming import sessions_to_come
from services.scheduling.store.counsellors import belongs_to
from services.scheduling.store.offers import standing_of
from services.scheduling.store.slots import Search, free_days
from services.scheduling.store.workshops import sessions_of

router = Router("/scheduling/mine", pages=True)
HOME = "/intake/mine"
DAYS = 3
"""Days with free times on one page."""


class SeenForm(Body):
    """The time of the appointment on the page that the visitor read: an older tab changes nothing."""

    seen: Moment


class CancelForm(SeenForm):
    """Why, if the visitor says it."""

    reason: OwnReason | None = None


class LeaveForm(Body):
    """Why, if the visitor says it."""

    reason: OwnReason | None = None


class MoveForm(SeenForm):
    """The new time, one of those that the page offered."""

    starts_at: Moment


@router.get("/interviews/{id}")
async def own_interview(
    id: UUID, request: Request, read: Reading, running: Running, person: OwnVisitor, day: Key = ""
) -> Response:
    """One interview of the visitor. `day`: the first day on which free times are looked for."""
    interview = await read.get(Interview, id)
    if interview is None or interview.subject_ref not in myself(person):
        raise NotFound(what=msg("interview"))
    return page(request, "scheduling/mine_interview.html", **await _interview_values(read, running, interview, day))


@router.post("/interviews/{id}/cancel")
async def cancel(
    id: UUID,
    form: Annotated[CancelForm, Form()],
    request: Request,
    work: Working,
    running: Running,
    person: OwnVisitor,
) -> Response:
    """Cancel it. Sent again, it changes nothing more."""
    await own.cancel(work, id, myself(person), reason=form.reason, notice=notice_of(running), seen=form.seen)
    return see_other(request, HOME, done=_("Your appointment is cancelled."))


@router.post("/interviews/{id}/move")
async def move(
    id: UUID,
    form: Annotated[MoveForm, Form()],
    request: Request,
    work: Working,
    running: Running,
    person: OwnVisitor,
) -> Response:
    """Move it to a free time. Sent again, it changes nothing more."""
    moved = await own.move(
        work,
        id,
        myself(person),
        starts_at=form.starts_at,
        notice=notice_of(running),
        horizon=horizon_of(running),
        seen=form.seen,
        reflection=reflection_of(running),
    )
    done = _("Your appointment is moved: {at}.").format(at=moment_text(moved.starts_at.astimezone(BRUSSELS)))
    return see_other(request, HOME, done=done)


@router.get("/seats/{id}")
async def own_seat(id: UUID, request: Request, read: Reading, running: Running, person: OwnVisitor) -> Response:
    """One place in a workshop, or on its waiting list, of the visitor. An offer is answered by a form of the page."""
    seat = await read.get(Seat, id)
    if seat is None or seat.subject_ref not in myself(person):
        raise NotFound(what=msg("place in the workshop"))
    workshop = await read.get_one(Workshop, seat.workshop_id)
    now = running.clock()
    notice = (await rules_of(read, workshop.centre, rules_of_settings(running))).visitor_notice
    sessions = await sessions_of(read, workshop.id)
    stands = await standing_of(read, workshop, seat, now, answer_of(running))
    status = stands.status
    coming = sessions_to_come(sessions, now)
    kept = bool(coming) and is_in_time(coming[0].starts_at, now, notice)
    return page(
        request,
        "scheduling/mine_seat.html",
        seat=seat,
        workshop=workshop,
        centre=await read.get(Centre, workshop.centre),
        sessions=coming or sessions,
        over=not coming,
        waits=is_waitlisted(status),
        until=stands.until if is_offered(status) else None,
        lapsed=is_lapsed(status),
        active=workshop.cancelled_at is None and (has_seat(status) or is_waitlisted(status)),
        open=takes_seats(Status(workshop.status)) and workshop.first_at > now,
        changeable=takes_seats(Status(workshop.status)) and bool(coming) and (is_waitlisted(status) or kept),
        length_word=length_word,
        notice=notice_words(notice),
        reasons=[(reason.value, _(label)) for reason, label in OWN_REASON_LABELS.items()],
    )


@router.post("/seats/{id}/leave")
async def leave(
    id: UUID,
    form: Annotated[LeaveForm, Form()],
    request: Request,
    work: Working,
    running: Running,
    person: OwnVisitor,
) -> Response:
    """Release it. Sent again, it changes nothing more."""
    answer = answer_of(running)
    await own.leave(work, id, myself(person), notice=notice_of(running), reason=form.reason, answer=answer)
    return see_other(request, HOME, done=_("You are no longer signed up for the workshop."))


@router.post("/seats/{id}/accept")
async def accept(id: UUID, request: Request, work: Working, running: Running, person: OwnVisitor) -> Response:
    """Take the seat that is offered. Sent again, it changes nothing more."""
    await seats.accept(work, id, refs=myself(person), answer=answer_of(running))
    return see_other(request, HOME, done=_("You have a place in the workshop."))


@router.post("/seats/{id}/decline")
async def decline(id: UUID, request: Request, work: Working, running: Running, person: OwnVisitor) -> Response:
    """Decline it: it goes on to the next person. Sent again, it changes nothing more."""
    await seats.decline(work, id, by=Side.VISITOR, refs=myself(person), answer=answer_of(running))
    done = _("Thank you for your answer. The place goes to another person.")
    return see_other(request, f"/scheduling/mine/seats/{id}", done=done)


@router.post("/seats/{id}/wait")
async def wait(id: UUID, request: Request, work: Working, running: Running, person: OwnVisitor) -> Response:
    """Wait again, at the end of the list. Sent again, it changes nothing more."""
    seat = await seats.wait_again(work, id, myself(person), answer=answer_of(running))
    taken = has_seat(SeatStatus(seat.status))
    done = _("You have a place in the workshop.") if taken else _("You are on the waiting list again, at its end.")
    return see_other(request, f"/scheduling/mine/seats/{seat.id}", done=done)


async def _interview_values(session: AsyncSession, running: Runtime, interview: Interview, day: str) -> dict[str, Any]:
    now, kept = running.clock(), await rules_of(session, interview.centre, rules_of_settings(running))
    notice, centre = kept.visitor_notice, await session.get_one(Centre, interview.centre)
    booked = is_booked(AppointmentStatus(interview.status))
    changeable = booked and interview.arrived_at is None and is_in_time(interview.starts_at, now, notice)
    limits = await limits_of_move(session, interview, centre.zone, reflection_of(running))
    free = await _free_days(session, kept, now, interview, day, limits) if changeable else FreeDays()
    return {
        "interview": interview,
        "centre": centre,
        "earlier": await standing_of_earlier(session, running, interview, centre),
        "booked": booked,
        "video": video_of(running, interview, kept),
        "changeable": changeable,
        "free": free,
        "from_day": limits[0] and limits[0].astimezone(centre.zone).date(),
        "until_day": limits[1] and (limits[1] - QUARTER).astimezone(centre.zone).date(),
        "searched": bool(day),
        "length_word": length_word,
        "notice": notice_words(notice),
        "reasons": [(reason.value, _(label)) for reason, label in OWN_REASON_LABELS.items()],
    }


@dataclass(frozen=True, slots=True)
class FreeDays:
    """The days with free times from the one that was asked for. `later`: where to go on; None: there are no more."""

    days: Sequence[tuple[date, list[datetime]]] = ()
    later: date | None = None
    asked: date | None = None

    @property
    def skipped(self) -> date | None:
        """The day that was asked for, if nothing is free on it and there is something later."""
        return self.asked if self.days and self.days[0][0] != self.asked else None


async def _free_days(
    session: AsyncSession,
    kept: BookingRules,
    now: datetime,
    interview: Interview,
    day: str,
    limits: tuple[datetime | None, datetime | None],
) -> FreeDays:
    """The next days on which the counsellor, the room and the visitor are free, besides the time that it has now.

    `limits`: only from the first on, and before the second.
    None if the counsellor has left the centre: then the team finds another one.
    """
    centre = await session.get(Centre, interview.centre)
    if centre is None or not await belongs_to(session, interview.counsellor, centre.code):
        return FreeDays()
    notice = max(kept.visitor_notice, kept.notice)
    first, end = limits
    soonest = max(now + notice, first or now).astimezone(centre.zone).date()
    last = now.astimezone(centre.zone).date() + kept.horizon
    if end is not None:
        last = max(soonest, min(last, (end - QUARTER).astimezone(centre.zone).date()))
    room = await still_in_use(session, centre.code, interview.room)
    occupied = resources(centre.code, interview.counsellor, room, interview.subject_ref)
    others = await other_calendars(session, interview.subject_ref)
    asked = max(soonest, min(parse_day(day, soonest), last))
    search = Search(
        asked,
        last,
        interview.minutes,
        now,
        kept.horizon,
        notice,
        also=[one.key for one in (*occupied, *others)],
        besides=interview.id,
    )
    calendar = interview.counsellor, centre.code
    now_at = interview.starts_at

    def suits(at: datetime) -> bool:
        return at != now_at and (first is None or at >= first) and (end is None or at < end)

    days, later = await free_days(session, centre, [calendar], search, most=DAYS, suits=suits)
    return FreeDays(days, later, asked if day else None)
