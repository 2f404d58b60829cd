"""Workshops as the team changes them: what they are, when and with whom, and whether they are published."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.copies.centres import known_centre
from services.chassis.refusals import NotFound
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.workshops import SeatRescheduled, WorkshopChanged
from services.scheduling.actions import series
from services.scheduling.actions.attendance import finish_if_over
from services.scheduling.actions.boards import board
from services.scheduling.actions.calendar import free, release
from services.scheduling.actions.offers import shorten_offers
from services.scheduling.actions.participants import calendars_of_participants, check_participants_free
from services.scheduling.actions.rooms import check_room
from services.scheduling.actions.series import Planned
from services.scheduling.domain import refusals, rules, times
from services.scheduling.domain.rooms import places_in
from services.scheduling.domain.series import check_coming_sessions
from services.scheduling.domain.states import ACTIVE_SEATS, SeatStatus, WorkshopStatus, has_seat, takes_seats
from services.scheduling.domain.times import HORIZON
from services.scheduling.store import Centre, Session, Workshop
from services.scheduling.store.availability import keep_absences
from services.scheduling.store.rooms import room_with
from services.scheduling.store.workshops import SessionArrival, seats_of, sessions_of


@dataclass(frozen=True, slots=True)
class Plan:
    """What the team decides about a workshop. `sessions`: all of them, those that have begun too.

    `seats` None: as many as the room has.
    """

    title: str
    area: str | None
    facilitators: Sequence[str]
    room: str | None
    seats: int | None
    sessions: Sequence[Planned]
    published: bool = True


async def change(
    work: Work,
    workshop: Workshop,
    plan: Plan,
    *,
    version: int | None = None,
    horizon: timedelta = HORIZON,
    outside_usual_hours: bool = False,
    while_busy: bool = False,
    participants_busy: bool = False,
) -> None:
    """Change a workshop. What has not changed is not checked again: it was booked like this.

    `outside_usual_hours`: also outside opening and working hours, as the team answered; `while_busy`: also while
    another calendar of a facilitator is busy; `participants_busy`: also where participants have another appointment,
    which they keep.

    If no session is to come and the last one has its attendance, it is finished.
    Raises `Stale`, `WorkshopClosed`, `SessionTwice`, `SessionHasBegun`, `NotInFuture`, `FewerThanTaken`, `NotFound`
    for a session of another workshop, what `workshops.announce` raises, and last, as it is a question,
    `ParticipantsBusy`.
    """
    check_version(workshop, version)
    rules.check_workshop_open(workshop.status)
    centre = await known_centre(
        work.session, Centre, workshop.centre, plan.area if plan.area != workshop.area else None
    )
    kept = await sessions_of(work.session, workshop.id)
    coming = _coming(kept, plan.sessions, work.now, centre)
    begun = [one for one in kept if one.starts_at <= work.now]
    check_coming_sessions(begun[-1:], coming, work.now, centre.zone, horizon)
    facilitators = series.one_each(plan.facilitators)
    added = [code for code in facilitators if code not in workshop.facilitators]
    await series.check_facilitators(work.session, workshop.centre, added)
    seats = await _seats(work, workshop, plan)
    asked = _asked(kept, coming, facilitators, added)
    if not outside_usual_hours:
        await series.check_usual_hours(work.session, centre, asked)
    if not while_busy:
        await series.check_free_elsewhere(work.session, centre, asked)
    before, began_at = _facts(workshop, kept), workshop.first_at
    old = set(workshop.facilitators), workshop.room
    workshop.title, workshop.area, workshop.published = plan.title, plan.area, plan.published
    workshop.counsellor, *workshop.more_facilitators = facilitators
    workshop.room, workshop.seats = plan.room, seats
    same_calendars = old == (set(facilitators), plan.room)
    changed = await _reschedule(
        work, workshop, kept, coming, centre, same_calendars=same_calendars, participants_busy=participants_busy
    )
    sessions = [*begun, *changed]
    workshop.first_at = sessions[0].starts_at
    workshop.last_at = sessions[-1].starts_at + timedelta(minutes=sessions[-1].minutes)
    after = _facts(workshop, sessions)
    if after != before:
        _emit_changed(work, workshop, sessions)
    if after[-1] != before[-1]:
        await _emit_rescheduled(work, workshop)
    if workshop.first_at < began_at:
        await shorten_offers(work, workshop, centre.zone)
    await finish_if_over(work, workshop, sessions)
    work.notify_board(board(workshop.centre))


def _asked(
    kept: Sequence[Session], coming: Sequence[Planned], facilitators: Sequence[str], added: Sequence[str]
) -> list[tuple[datetime, int, Sequence[str]]]:
    """The sessions to ask about, each with those of whom its time is new."""
    stays = {(one.id, one.starts_at, one.minutes) for one in kept}
    asked = [
        (one.starts_at, one.minutes, added if (one.id, one.starts_at, one.minutes) in stays else facilitators)
        for one in coming
    ]
    return [one for one in asked if one[2]]


async def publish(work: Work, workshop: Workshop, *, published: bool, version: int | None = None) -> None:
    """Show a workshop on the centre's public page, or no longer. Raises `Stale`, `WorkshopClosed`."""
    if workshop.published == published and takes_seats(WorkshopStatus(workshop.status)):
        return
    check_version(workshop, version)
    rules.check_workshop_open(workshop.status)
    workshop.published = published
    _emit_changed(work, workshop, await sessions_of(work.session, workshop.id))


def _coming(kept: Sequence[Session], wanted: Sequence[Planned], now: datetime, centre: Centre) -> list[Planned]:
    """The sessions that have not begun, as they are to be, in order.

    Raises `SessionTwice`, `NotFound`, `SessionHasBegun`.
    """
    ids = {one.id for one in kept}
    by_id: dict[UUID, Planned] = {}
    for one in wanted:
        if one.id is not None and by_id.setdefault(one.id, one) is not one:
            raise refusals.SessionTwice(at=one.starts_at.astimezone(centre.zone))
    if not ids.issuperset(by_id):
        raise NotFound(what=series.UNKNOWN_SESSION)
    begun = [one for one in kept if one.starts_at <= now]
    for one in begun:
        if by_id.get(one.id) != Planned(one.starts_at, one.minutes, one.id):
            raise refusals.SessionHasBegun(at=one.starts_at.astimezone(centre.zone))
    past = {one.id for one in begun}
    return sorted((one for one in wanted if one.id not in past), key=lambda one: one.starts_at)


async def _seats(work: Work, workshop: Workshop, plan: Plan) -> int:
    """How many seats it has from now on. Raises as `check_room` and `places_in` do, and `FewerThanTaken`."""
    if (plan.room, plan.seats) == (workshop.room, workshop.seats):
        return workshop.seats
    if plan.room != workshop.room:
        room = await check_room(work.session, workshop.centre, plan.room)
    else:
        room = await room_with(work.session, workshop.centre, plan.room) if plan.room is not None else None
    seats = places_in(plan.seats, room.name if room else None, room.capacity if room else None)
    if seats < workshop.taken + workshop.offered:
        raise refusals.FewerThanTaken(taken=workshop.taken + workshop.offered)
    return seats


async def _reschedule(
    work: Work,
    workshop: Workshop,
    kept: Sequence[Session],
    coming: Sequence[Planned],
    centre: Centre,
    *,
    same_calendars: bool,
    participants_busy: bool,
) -> list[Session]:
    """Free what is no longer needed, and reserve what is; returns the sessions that have not begun, in order.

    Raises as `reserve_sessions` does, and `ParticipantsBusy`, unless they may be busy.
    """
    known = {one.id: one for one in kept if one.starts_at > work.now}
    wanted = {one.id: one for one in coming if one.id is not None}
    removed = [one for id, one in known.items() if id not in wanted]
    moved = [known[id] for id, one in wanted.items() if (one.starts_at, one.minutes) != _time(known[id])]
    stay = [] if same_calendars else [known[id] for id in wanted if known[id] not in moved]
    await release(work, *(one.id for one in (*removed, *moved)))
    # Where they stay, they may lie in an absence that came later; nowhere else.
    freed = await free(work, *(one.id for one in stay))
    await _drop_arrivals(
        work,
        [
            *removed,
            *(one for one in moved if not times.same_day(one.starts_at, wanted[one.id].starts_at, centre.zone)),
        ],
    )
    for one in removed:
        await work.session.delete(one)
    sessions = [
        _written(work, workshop, known.get(one.id) if one.id is not None else None, ordinal, one)
        for ordinal, one in enumerate(coming, len(kept) - len(known) + 1)
    ]
    await work.session.flush()
    again = [row for row, one in zip(sessions, coming, strict=True) if one.id is None or row in moved or row in stay]
    participants = await calendars_of_participants(work.session, workshop) if again else {}
    busy = await series.reserve_sessions(work, workshop, again, centre.zone, participants)
    if not participants_busy:
        asked = [row.id for row in again if row not in stay]
        check_participants_free([busy[id] for id in asked], participants)
    await work.session.flush()
    await keep_absences(work.session, freed)
    return sessions


def _written(work: Work, workshop: Workshop, row: Session | None, ordinal: int, one: Planned) -> Session:
    """The session as it is to be; a new one without a row."""
    if row is None:
        row = work.add(
            Session(id=uuid4(), workshop_id=workshop.id, ordinal=ordinal, starts_at=one.starts_at, minutes=one.minutes)
        )
    row.ordinal, row.starts_at, row.minutes = ordinal, one.starts_at, one.minutes
    return row


async def _drop_arrivals(work: Work, sessions: Sequence[Session]) -> None:
    """Nobody has arrived for a session that is on another day, or is not held."""
    ids = [one.id for one in sessions]
    if ids:
        await work.session.execute(sa.delete(SessionArrival).where(col(SessionArrival.session_id).in_(ids)))


def _time(one: Session) -> tuple[datetime, int]:
    return one.starts_at, one.minutes


def _facts(workshop: Workshop, sessions: Sequence[Session]) -> tuple[object, ...]:
    """What a change may change; the sessions come last."""
    return (
        workshop.title,
        workshop.area,
        workshop.facilitators,
        workshop.room,
        workshop.seats,
        workshop.published,
        sorted((one.id, *_time(one)) for one in sessions),
    )


def _emit_changed(work: Work, workshop: Workshop, sessions: Sequence[Session]) -> None:
    work.emit(
        workshop,
        WorkshopChanged(
            workshop_id=workshop.id,
            centre=workshop.centre,
            at=work.now,
            area=workshop.area,
            counsellor=workshop.counsellor,
            facilitators=tuple(workshop.facilitators),
            room=workshop.room,
            seats=workshop.seats,
            sessions=series.as_said(sessions),
            published=workshop.published,
        ),
    )


async def _emit_rescheduled(work: Work, workshop: Workshop) -> None:
    """One event for each person who has a seat or waits for one: they are informed."""
    for seat in await seats_of(work.session, workshop.id, *ACTIVE_SEATS):
        if seat.subject_ref is None:
            continue
        work.emit(
            workshop,
            SeatRescheduled(
                workshop_id=workshop.id,
                seat_id=seat.id,
                subject_ref=seat.subject_ref,
                centre=workshop.centre,
                at=work.now,
                waits=not has_seat(SeatStatus(seat.status)),
            ),
        )
