"""One workshop: seats, waitlist and attendance. Participants are numbered; names are fragments of intake."""

from collections import Counter
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Form, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.aliases import groups_of
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.service.definition import runtime_of
from services.chassis.storage.store import Work
from services.chassis.web import Body, Reading, Router, Running, Working, apply_form, page, see_other
from services.contracts.scheduling import Side
from services.contracts.text import Key
from services.contracts.values import Version
from services.scheduling.actions import attendance, seats
from services.scheduling.domain import refusals
from services.scheduling.domain.attendance import may_record
from services.scheduling.domain.rules import CancelReason
from services.scheduling.domain.states import (
    SeatStatus,
    WorkshopStatus,
    has_seat,
    is_finished,
    is_lapsed,
    is_offered,
    takes_seats,
)
from services.scheduling.domain.times import same_day
from services.scheduling.pages.desk import Counsellor, length_word, reason_labels, reasons, sides
from services.scheduling.settings import answer_of
from services.scheduling.store import Alias, Centre, Seat, Workshop
from services.scheduling.store.copies import recently_registered
from services.scheduling.store.counsellors import counsellor_names
from services.scheduling.store.interviews import counted_on
from services.scheduling.store.offers import queue_at
from services.scheduling.store.rooms import room_names
from services.scheduling.store.workshops import (
    arrivals_of,
    attendance_of,
    participants_and_waitlist,
    people_to_inform,
    sessions_of,
)

router = Router("/scheduling/workshops", pages=True)


class SeatForm(Body):
    """The visitor who wants a seat. `waitlist`: join the waitlist if none is free."""

    person: Key = ""
    waitlist: Literal["yes"] | None = None


class ReleaseForm(Body):
    """Which side releases the seat, and why."""

    cancelled_by: Side = Side.VISITOR
    reason: CancelReason = CancelReason.OTHER


class AttendanceForm(Body):
    """`came`: the ticked seats. `all`: everybody. `version`: of the page, so that nobody overwrites what is new."""

    came: list[UUID] = Field(default_factory=list[UUID], max_length=200)
    all: Literal["yes"] | None = None
    version: Version | None = None


@router.get("/{id}")
async def workshop_page(
    id: UUID, request: Request, read: Reading, running: Running, person: Counsellor, after: UUID | None = None
) -> Response:
    """One workshop. `after`: the last person of the page of people before."""
    return await _workshop_page(request, read, running.clock(), id, person, after)


@router.post("/{id}/seats")
async def take_seat(
    id: UUID,
    form: Annotated[SeatForm, Form()],
    request: Request,
    read: Reading,
    running: Running,
    person: Counsellor,
) -> Response:
    """Give a visitor a seat, or a waitlist entry."""

    async def act(work: Work) -> Seat:
        # Read without a lock: `take_seat` locks the person before the workshop.
        own(await work.session.get(Workshop, id), person, msg("workshop"))
        waitlist = form.waitlist == "yes"
        return await seats.take_seat(work, id, UUID(form.person), waitlist=waitlist, answer=answer_of(running))

    seat: Seat | None = None
    try:
        UUID(form.person)
    except ValueError:
        errors = {"person": _("Choose a person.")}
    else:
        seat, errors = await apply_form(request, running, act)
    if seat is not None:
        done = (
            _("The person is signed up.")
            if has_seat(SeatStatus(seat.status))
            else _("The person is on the waiting list.")
        )
        return see_other(request, f"/scheduling/workshops/{id}", done=done)
    shown: dict[str, Any] = {"status": 422, "errors": {"person": next(iter(errors.values()))}, "chosen": form.person}
    return await _workshop_page(request, read, running.clock(), id, person, **shown)


@router.post("/{id}/seats/{seat_id}/release")
async def release(
    id: UUID,
    seat_id: UUID,
    form: Annotated[ReleaseForm, Form()],
    request: Request,
    work: Working,
    running: Running,
    person: Counsellor,
) -> Response:
    """Release a seat or a waitlist entry."""
    workshop = own(await work.find(Workshop, id), person, msg("workshop"))
    answer, reason = answer_of(running), form.reason.value
    offered = await seats.release_seat(work, workshop, seat_id, by=form.cancelled_by, reason=reason, answer=answer)
    done = (
        _("Place cancelled. It is offered to the first person on the waiting list.")
        if offered
        else _("Place cancelled.")
    )
    return see_other(request, f"/scheduling/workshops/{id}", done=done)


@router.post("/{id}/seats/{seat_id}/{answer}")
async def answer_offer(
    id: UUID,
    seat_id: UUID,
    answer: Literal["accept", "decline"],
    request: Request,
    work: Working,
    running: Running,
    person: Counsellor,
) -> Response:
    """Answer the offer of a seat in the person's name."""
    await check_seat_of(work, id, seat_id, person)
    if answer == "accept":
        await seats.accept(work, seat_id, answer=answer_of(running))
        done = _("The person is signed up.")
    else:
        await seats.decline(work, seat_id, by=Side.VISITOR, answer=answer_of(running))
        done = _("The offer is declined. The place goes to the next person on the waiting list.")
    return see_other(request, f"/scheduling/workshops/{id}", done=done)


async def check_seat_of(work: Work, id: UUID, seat_id: UUID, person: Person) -> None:
    """The seat is of this workshop, which is of a centre of the person's. Reads without locks: the person comes first.

    Raises `NotFound`, `SeatNotTaken`.
    """
    own(await work.session.get(Workshop, id), person, msg("workshop"))
    seat = await work.session.get(Seat, seat_id)
    if seat is None or seat.workshop_id != id:
        raise refusals.SeatNotTaken()


@router.post("/{id}/sessions/{session_id}")
async def record_attendance(
    id: UUID,
    session_id: UUID,
    form: Annotated[AttendanceForm, Form()],
    request: Request,
    work: Working,
    person: Counsellor,
) -> Response:
    """Record a session's attendance, or correct it."""
    workshop = own(await work.find(Workshop, id), person, msg("workshop"))
    finished = is_finished(WorkshopStatus(workshop.status))
    came = form.came
    if form.all == "yes":
        participants, _queued = await participants_and_waitlist(work.session, id)
        came = [seat.id for seat in participants]
    await attendance.record_attendance(work, workshop, session_id, came, form.version)
    done = _("Attendance saved.")
    if is_finished(WorkshopStatus(workshop.status)) and not finished:
        done = _("Attendance saved. You can now book the final interviews.")
    return see_other(request, f"/scheduling/workshops/{id}", done=done)


async def _workshop_page(
    request: Request,
    session: AsyncSession,
    now: Any,
    id: UUID,
    person: Person,
    after: UUID | None = None,
    **shown: Any,
) -> Response:
    workshop = own(await session.get(Workshop, id), person, msg("workshop"))
    centre = await session.get_one(Centre, workshop.centre)
    meetings = await sessions_of(session, id)
    participants, queued = await participants_and_waitlist(session, id)
    standings = await queue_at(session, workshop, queued, now, answer_of(runtime_of(request)))
    waitlist = [seat for seat in queued if not is_lapsed(standings[seat.id].status)]
    offers = {seat.id: standings[seat.id].until for seat in waitlist if is_offered(standings[seat.id].status)}
    first_waiting = next((seat.id for seat in waitlist if seat.id not in offers), None)
    free = workshop.seats - workshop.taken - len(offers)
    seated = {seat.subject_ref for seat in (*participants, *waitlist) if seat.subject_ref is not None}
    known = {ref for refs in (await groups_of(session, Alias, seated)).values() for ref in refs}
    people, last_person = await recently_registered(session, workshop.centre, after=after)
    recorded = await attendance_of(session, [meeting.id for meeting in meetings])
    came = {key for key, row in recorded.items() if row.attended}
    final = await counted_on(session, [seat.path_id for seat in participants if seat.path_id])
    base: dict[str, Any] = {
        "workshop": workshop,
        "names": await counsellor_names(session, workshop.facilitators),
        "rooms": await room_names(session, workshop.centre),
        "centre_name": centre.name,
        "open": takes_seats(WorkshopStatus(workshop.status)),
        "meetings": meetings,
        "correctable": may_record(
            WorkshopStatus(workshop.status), workshop.cancelled_at or meetings[-1].recorded_at, now
        ),
        "today": {meeting.id for meeting in meetings if same_day(meeting.starts_at, now, centre.zone)},
        "begun": {meeting.id for meeting in meetings if meeting.starts_at <= (workshop.cancelled_at or now)},
        "participants": participants,
        "waitlist": waitlist,
        "offers": offers,
        "first_waiting": first_waiting,
        "free": free,
        "full": free <= 0 or (first_waiting is not None and workshop.first_at > now),
        "came": came,
        "arrived": await arrivals_of(session, [meeting.id for meeting in meetings]),
        "final": final,
        "came_to": Counter(meeting_id for meeting_id, _seat in came),
        "people": [one for one in people if one.id not in known],
        "last_person": last_person,
        "reasons": reasons(),
        "sides": sides(),
        "reason_labels": reason_labels(),
        "length_word": length_word,
        "informed": await people_to_inform(session, id),
        "errors": {},
        "chosen": "",
    }
    return page(request, "scheduling/workshop.html", **(base | shown))
