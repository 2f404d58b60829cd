"""Workshops: announced and cancelled. The collective approach of the guidance offer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from services.chassis.copies.centres import known_centre
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.scheduling import (
    PathOutcome,
    WorkshopAnnounced,
    WorkshopCancelled,
)
from services.contracts.workshops import WaitlistEnded
from services.scheduling.actions import paths, series
from services.scheduling.actions.boards import board
from services.scheduling.actions.calendar import release
from services.scheduling.actions.offers import drop_offers
from services.scheduling.actions.rooms import check_room
from services.scheduling.domain import rules
from services.scheduling.domain.rooms import places_in
from services.scheduling.domain.states import ACTIVE_SEATS, TAKEN_SEATS, SeatStatus, WorkshopStatus, has_seat
from services.scheduling.domain.times import HORIZON
from services.scheduling.store import Centre, GuidancePath, Seat, Session, Workshop
from services.scheduling.store.workshops import seats_of, sessions_of


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
    while_busy: bool = False,
) -> Workshop:
    """Announce a workshop, which then takes seats. `sessions`: the start and the minutes of each.

    `seats` None: as many as the room has. `outside_usual_hours`: also outside opening and working hours, as the team
    answered; `while_busy`: also while another calendar of a facilitator is busy. Nobody asks about sessions that have
    begun.
    Raises what `rules.check_sessions` raises, `Overlap`, `UnknownCentre`, `AreaNotServed`, `NoFacilitator`,
    `UnknownCounsellor`, `CounsellorInactive`, `UnknownRoom`, `RoomInactive`, `TooManyPlaces`, `PlacesMissing`,
    `OutsideUsualHours`, `FacilitatorsBusy`.
    """
    centre_copy = await known_centre(work.session, Centre, centre, area)
    ordered = sorted(sessions)
    rules.check_sessions(ordered, work.now, centre_copy.zone, horizon)
    first, *others = facilitators = series.one_each([counsellor, *more_facilitators])
    await series.check_facilitators(work.session, centre, facilitators)
    chosen = await check_room(work.session, centre, room)
    places = places_in(seats, chosen.name if chosen else None, chosen.capacity if chosen else None)
    coming = [(starts_at, minutes, facilitators) for starts_at, minutes in ordered if starts_at > work.now]
    if not outside_usual_hours:
        await series.check_usual_hours(work.session, centre_copy, coming)
    if not while_busy:
        await series.check_free_elsewhere(work.session, centre_copy, coming)
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
    work.notify_board(board(workshop.centre))
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

    Sessions that have begun stay in the calendars; their attendance is kept, and can be recorded for a while.
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
    work.notify_board(board(workshop.centre))
    meetings = await sessions_of(work.session, workshop.id)
    await release(work, *(meeting.id for meeting in meetings if meeting.starts_at > work.now))
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
