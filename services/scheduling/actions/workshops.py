"""Workshops: announced, held, cancelled. The collective approach of the guidance offer."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from services.chassis.copies.centres import known_centre
from services.chassis.refusals import NotFound, msg
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.scheduling import (
    AttendanceRecorded,
    FinalisingSessionDue,
    PathOutcome,
    WorkshopAnnounced,
    WorkshopCancelled,
)
from services.contracts.workshops import WaitlistEnded
from services.scheduling.actions import paths, series
from services.scheduling.actions.calendar import release
from services.scheduling.actions.offers import drop_offers
from services.scheduling.actions.rooms import check_room
from services.scheduling.domain import refusals, rules
from services.scheduling.domain.rooms import places_in
from services.scheduling.domain.states import ACTIVE_SEATS, TAKEN_SEATS, SeatStatus, WorkshopStatus, has_seat
from services.scheduling.domain.times import HORIZON
from services.scheduling.store import Attendance, Centre, GuidancePath, Seat, Session, Workshop
from services.scheduling.store.workshops import arrivals_of, attendance_of, seats_of, sessions_of


async def announce(
    work: Work,
    *,
    centre: str,
    area: str | None,
    title: str,
    counsellor: str,
    room: str | None,
    seats: int | None,
    sessions: Sequence[tuple[datetime, int]],
    horizon: timedelta = HORIZON,
    more_facilitators: Sequence[str] = (),
    published: bool = True,
    outside_usual_hours: bool = False,
) -> Workshop:
    """Announce a workshop, which then takes seats. `sessions`: the start and the minutes of each.

    `seats` None: as many as the room has. `outside_usual_hours`: also outside opening and working hours, as the team
    answered; nobody asks about sessions that have begun.
    Raises what `rules.check_sessions` raises, `Overlap`, `UnknownCentre`, `AreaNotServed`, `NoFacilitator`,
    `UnknownCounsellor`, `CounsellorInactive`, `UnknownRoom`, `RoomInactive`, `TooManyPlaces`, `PlacesMissing`,
    `OutsideUsualHours`.
    """
    centre_copy = await known_centre(work.session, Centre, centre, area)
    ordered = sorted(sessions)
    rules.check_sessions(ordered, work.now, centre_copy.zone, horizon)
    first, *others = facilitators = series.one_each([counsellor, *more_facilitators])
    await series.check_facilitators(work.session, centre, facilitators)
    chosen = await check_room(work.session, centre, room)
    places = places_in(seats, chosen.name if chosen else None, chosen.capacity if chosen else None)
    if not outside_usual_hours:
        coming = [(starts_at, minutes, facilitators) for starts_at, minutes in ordered if starts_at > work.now]
        await series.check_usual_hours(work.session, centre_copy, coming)
    workshop = work.start(
        Workshop(
            id=uuid4(),
            centre=centre,
            area=area,
            title=title,
            counsellor=first,
            more_facilitators=others,
            room=room,
            seats=places,
            status=WorkshopStatus.ANNOUNCED.value,
            first_at=ordered[0][0],
            last_at=ordered[-1][0] + timedelta(minutes=ordered[-1][1]),
            published=published,
        )
    )
    meetings = [
        work.add(Session(id=uuid4(), workshop_id=workshop.id, ordinal=ordinal, starts_at=starts_at, minutes=minutes))
        for ordinal, (starts_at, minutes) in enumerate(ordered, 1)
    ]
    await series.reserve_sessions(work, workshop, meetings, centre_copy.zone)
    _emit_announced(work, workshop, meetings)
    return workshop


def _emit_announced(work: Work, workshop: Workshop, meetings: Sequence[Session]) -> None:
    work.emit(
        workshop,
        WorkshopAnnounced(
            workshop_id=workshop.id,
            centre=workshop.centre,
            area=workshop.area,
            counsellor=workshop.counsellor,
            room=workshop.room,
            seats=workshop.seats,
            sessions=series.as_said(meetings),
            facilitators=tuple(workshop.facilitators),
            published=workshop.published,
        ),
    )


async def cancel_workshop(work: Work, workshop: Workshop, *, reason: str, version: int | None = None) -> None:
    """Cancel a workshop, free its counsellor and room, and close the paths of its seats.

    Raises `WorkshopClosed`, `Stale`.
    """
    check_version(workshop, version)
    rules.check_workshop_open(workshop.status)
    for seat in await seats_of(work.session, workshop.id, *ACTIVE_SEATS):
        if not has_seat(SeatStatus(seat.status)):
            _emit_waitlist_ended(work, workshop, seat)
    await work.session.flush()
    await drop_offers(work, workshop)
    workshop.status, workshop.cancelled_at, workshop.reason = WorkshopStatus.CANCELLED.value, work.now, reason
    await release(work, *(meeting.id for meeting in await sessions_of(work.session, workshop.id)))
    work.emit(workshop, WorkshopCancelled(workshop_id=workshop.id, centre=workshop.centre, at=work.now, reason=reason))
    seats = await seats_of(work.session, workshop.id, *TAKEN_SEATS)
    await work.prefetch(GuidancePath, [seat.path_id for seat in seats if seat.path_id])
    for seat in seats:
        if seat.path_id is not None and (path := await work.find(GuidancePath, seat.path_id)) is not None:
            paths.close(work, path, PathOutcome.WORKSHOP_CANCELLED, work.now)


def _emit_waitlist_ended(work: Work, workshop: Workshop, seat: Seat) -> None:
    if seat.subject_ref is None:
        return
    work.emit(
        workshop,
        WaitlistEnded(
            workshop_id=workshop.id,
            seat_id=seat.id,
            subject_ref=seat.subject_ref,
            centre=workshop.centre,
            at=work.now,
        ),
    )


async def record_attendance(
    work: Work, workshop: Workshop, session_id: UUID, came: Collection[UUID], version: int | None = None
) -> None:
    """Record a session's attendance (`came`: the seats present). May be corrected until the workshop is finished.

    The last session's attendance finishes the workshop: for each participant who attended it, the finalising session
    becomes due, once. Raises `NotYet` before the session, `SeatNotTaken`, `SeatHasArrived`, `WorkshopClosed`,
    `Stale`.
    """
    check_version(workshop, version)
    rules.check_workshop_open(workshop.status)
    meetings = await sessions_of(work.session, workshop.id)
    meeting = next((one for one in meetings if one.id == session_id), None)
    if meeting is None:
        raise NotFound(what=msg("session of this workshop"))
    centre_copy = await known_centre(work.session, Centre, workshop.centre)
    rules.check_begun(meeting.starts_at, work.now, centre_copy.zone)
    seats = await seats_of(work.session, workshop.id, *TAKEN_SEATS)
    if not {seat.id for seat in seats}.issuperset(came):
        raise refusals.SeatNotTaken()
    arrived = {seat: at for (_, seat), at in (await arrivals_of(work.session, [session_id])).items()}
    rules.check_present([seat.id for seat in seats], came, arrived, centre_copy.zone)
    final = meeting is meetings[-1]
    known = await attendance_of(work.session, [session_id])
    for seat in seats:
        before = known.get((session_id, seat.id))
        attended = seat.id in came
        if before is not None and before.attended == attended:
            continue
        _save_attendance(work, before, session_id, seat.id, attended=attended)
        _emit_attendance(work, workshop, session_id, seat, attended=attended, final=final)
    meeting.recorded_at = work.now
    if final:
        await _finish(work, workshop, [seat for seat in seats if seat.id in came])


async def finish_if_over(work: Work, workshop: Workshop, sessions: Sequence[Session]) -> None:
    """Finish a workshop whose last session, of those that are left, has its attendance: no other one will do it.

    The absence of who missed it is emitted as final. Who came has the event of the finalising session, and is not
    counted twice.
    """
    last = sessions[-1]
    if last.recorded_at is None:
        return
    seats = await seats_of(work.session, workshop.id, *TAKEN_SEATS)
    known = await attendance_of(work.session, [last.id])
    recorded = [(seat, known[last.id, seat.id].attended) for seat in seats if (last.id, seat.id) in known]
    for seat in (seat for seat, attended in recorded if not attended):
        _emit_attendance(work, workshop, last.id, seat, attended=False, final=True)
    await _finish(work, workshop, [seat for seat, attended in recorded if attended])


async def _finish(work: Work, workshop: Workshop, attended: Sequence[Seat]) -> None:
    workshop.status = WorkshopStatus.FINISHED.value
    await _emit_finalising_due(work, workshop, attended)


def _save_attendance(work: Work, before: Attendance | None, session_id: UUID, seat_id: UUID, *, attended: bool) -> None:
    if before is None:
        work.add(Attendance(session_id=session_id, seat_id=seat_id, attended=attended, recorded_at=work.now))
    else:
        before.attended, before.recorded_at = attended, work.now


def _emit_attendance(
    work: Work, workshop: Workshop, session_id: UUID, seat: Seat, *, attended: bool, final: bool
) -> None:
    if seat.subject_ref is None or seat.path_id is None:
        return  # An erased visitor's attendance is stored, but not emitted.
    work.emit(
        workshop,
        AttendanceRecorded(
            workshop_id=workshop.id,
            session_id=session_id,
            seat_id=seat.id,
            subject_ref=seat.subject_ref,
            path_id=seat.path_id,
            centre=workshop.centre,
            at=work.now,
            attended=attended,
            final=final,
        ),
    )


async def _emit_finalising_due(work: Work, workshop: Workshop, attended: Sequence[Seat]) -> None:
    await work.prefetch(GuidancePath, [seat.path_id for seat in attended if seat.path_id])
    for seat in attended:
        path = await work.find(GuidancePath, seat.path_id) if seat.path_id else None
        if path is None or path.finalising_due_at is not None or seat.subject_ref is None:
            continue
        path.finalising_due_at = work.now
        work.emit(
            workshop,
            FinalisingSessionDue(
                workshop_id=workshop.id,
                path_id=path.id,
                subject_ref=seat.subject_ref,
                centre=workshop.centre,
                at=work.now,
            ),
        )
