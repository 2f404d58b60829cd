"""Past workshops. Seats and attendance are checked; overlap and opening hours are not, as these are past facts."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.centres import centre_copies, centre_in, zone_of
from services.chassis.refusals import AlreadyDifferent
from services.chassis.storage.bulk import in_list
from services.chassis.storage.store import Work
from services.chassis.web import Outcome, check_each, fingerprints_of, import_once
from services.contracts import Event
from services.contracts.scheduling import (
    AttendanceRecorded,
    FinalisingSessionDue,
    Method,
    PathOpened,
    SeatTaken,
    WorkshopAnnounced,
    WorkshopSession,
)
from services.scheduling.domain import refusals, times
from services.scheduling.domain.states import SeatStatus, WorkshopStatus
from services.scheduling.imports.lines import SessionLine, WorkshopLine
from services.scheduling.store import Attendance, Centre, GuidancePath, Seat, Session, Workshop
from services.scheduling.store.copies import erased_people
from services.scheduling.store.counsellors import keep_past_counsellors
from services.scheduling.store.rooms import ImportedRooms


async def record_workshops(work: Work, lines: list[tuple[int, WorkshopLine]]) -> Outcome:
    """Store a batch of past workshops with seats, attendance and paths, and emit their events.

    Invalid lines are reported; known lines change nothing.
    """
    copies = await centre_copies(work.session, Centre)
    known = await fingerprints_of(work.session, Workshop, [line.workshop_id for _, line in lines])
    used, erased = await _used_ids_and_erased(work, [line for _, line in lines if line.workshop_id not in known])
    rows = _Rows(await ImportedRooms.of(work.session, [(line.centre, line.room) for _, line in lines]))

    def record(line: WorkshopLine, fingerprint: str) -> None:
        check_line(line, copies, work.now, erased)
        _check_ids(line, used)
        used.update(_ids(line))
        rows.add(work, line, fingerprint)

    outcome = import_once(lines, "workshop_id", known, record)
    await rows.insert(work)
    return outcome


def check_line(line: WorkshopLine, copies: dict[str, Centre], now: datetime, erased: set[UUID]) -> None:
    """Checks one past workshop.

    Raises `SeveralRefused` of `UnknownCentre`, `AreaNotServed`, and others of `refusals`.
    """
    check_each(
        lambda: centre_in(copies, line.centre, line.area),
        lambda: _check_sessions(line, now, zone_of(copies, line.centre)),
        lambda: _check_participants(line, erased),
        lambda: _check_attendance(line),
    )


async def workshop_checks(session: AsyncSession, now: datetime) -> Callable[[WorkshopLine], None]:
    """The check of one line, without who was erased: that is asked of lines that can be stored."""
    copies = await centre_copies(session, Centre)
    return lambda line: check_line(line, copies, now, set())


def _check_sessions(line: WorkshopLine, now: datetime, zone: ZoneInfo) -> None:
    ended = None
    for session in line.sessions:
        if ended is not None and session.starts_at < ended:
            raise refusals.SessionsOverlap(at=session.starts_at.astimezone(zone))
        ended = _end(session)
        times.check_past(ended, now, zone, "sessions")


def _check_participants(line: WorkshopLine, erased: set[UUID]) -> None:
    people = [participant.subject_ref for participant in line.participants]
    if len(people) > line.seats:
        raise refusals.TooManyParticipants(people=len(people), seats=line.seats)
    if len(set(people)) < len(people):
        raise refusals.DoubleSeat("participants")
    if erased.intersection(people):
        raise refusals.PersonUnknown("participants")


def _check_attendance(line: WorkshopLine) -> None:
    for participant in line.participants:
        if len(participant.attended) != len(line.sessions):
            raise refusals.AttendanceIncomplete(given=len(participant.attended), sessions=len(line.sessions))


def _ids(line: WorkshopLine) -> list[UUID]:
    """The ids of everything inside a line."""
    seats = [id for participant in line.participants for id in (participant.seat_id, participant.path_id)]
    return [session.session_id for session in line.sessions] + seats


def _check_ids(line: WorkshopLine, used: set[UUID]) -> None:
    seen = set(used)
    for id in _ids(line):
        if id in seen:
            raise AlreadyDifferent("workshop_id", id=str(id))
        seen.add(id)


async def _used_ids_and_erased(work: Work, lines: list[WorkshopLine]) -> tuple[set[UUID], set[UUID]]:
    """The ids of sessions, seats and paths that exist already, and the erased among these visitors."""
    ids = [id for line in lines for id in _ids(line)]
    used: set[UUID] = set()
    for column in (col(Session.id), col(Seat.id), col(GuidancePath.id)):
        taken = sa.select(column).where(in_list(column, "ids"))
        used.update((await work.session.scalars(taken, {"ids": ids})).all())
    people = {participant.subject_ref for line in lines for participant in line.participants}
    return used, await erased_people(work.session, people)


def _end(session: SessionLine) -> datetime:
    return session.starts_at + timedelta(minutes=session.minutes)


class _Rows:
    """The rows that a batch inserts, by table."""

    def __init__(self, rooms: ImportedRooms) -> None:
        self._rooms = rooms
        self._workshops: list[dict[str, Any]] = []
        self._sessions: list[dict[str, Any]] = []
        self._paths: list[dict[str, Any]] = []
        self._seats: list[dict[str, Any]] = []
        self._attendance: list[dict[str, Any]] = []

    async def insert(self, work: Work) -> None:
        """Insert them, aggregates first."""
        await work.insert(Workshop, self._workshops)
        await work.insert(GuidancePath, self._paths)
        await work.insert(Session, self._sessions)
        await work.insert(Seat, self._seats)
        await work.insert(Attendance, self._attendance)
        await keep_past_counsellors(work.session, [(row["counsellor"], row["centre"]) for row in self._workshops])
        await self._rooms.insert(work)

    def add(self, work: Work, line: WorkshopLine, fingerprint: str) -> None:
        """Add one workshop's rows, and emit its events in order of time."""
        correlation_id = uuid4()
        room = self._rooms.code(line.centre, line.room)
        events = list(_events(line, room))
        for sequence, event in enumerate(events, 1):
            work.emit_row_event(event, sequence=sequence, correlation_id=correlation_id)
        self._workshops.append(
            {
                "id": line.workshop_id,
                "version": len(events),
                "correlation_id": correlation_id,
                "centre": line.centre,
                "area": line.area,
                "title": line.title,
                "counsellor": line.counsellor,
                "room": room,
                "seats": line.seats,
                "taken": len(line.participants),
                "asked": len(line.participants),
                "status": WorkshopStatus.FINISHED.value,
                "first_at": line.sessions[0].starts_at,
                "last_at": _end(line.sessions[-1]),
                "cancelled_at": None,
                "reason": None,
                "fingerprint": fingerprint,
            }
        )
        for ordinal, session in enumerate(line.sessions, 1):
            self._add_session(line, ordinal, session)
        for position, participant in enumerate(line.participants, 1):
            self._add_seat(line, position, correlation_id)
            work.emit_row_event(
                PathOpened(
                    path_id=participant.path_id,
                    subject_ref=participant.subject_ref,
                    centre=line.centre,
                    method=Method.COLLECTIVE,
                    at=line.sessions[0].starts_at,
                    workshop_id=line.workshop_id,
                ),
                sequence=1,
                correlation_id=correlation_id,
            )

    def _add_session(self, line: WorkshopLine, ordinal: int, session: SessionLine) -> None:
        self._sessions.append(
            {
                "id": session.session_id,
                "workshop_id": line.workshop_id,
                "ordinal": ordinal,
                "starts_at": session.starts_at,
                "minutes": session.minutes,
                "recorded_at": _end(session),
            }
        )
        self._attendance += [
            {
                "session_id": session.session_id,
                "seat_id": participant.seat_id,
                "attended": participant.attended[ordinal - 1],
                "recorded_at": _end(session),
            }
            for participant in line.participants
        ]

    def _add_seat(self, line: WorkshopLine, position: int, correlation_id: UUID) -> None:
        participant, first = line.participants[position - 1], line.sessions[0].starts_at
        self._paths.append(
            {
                "id": participant.path_id,
                "version": 1,
                "correlation_id": correlation_id,
                "subject_ref": participant.subject_ref,
                "centre": line.centre,
                "area": line.area,
                "method": Method.COLLECTIVE.value,
                "opened_at": first,
                "workshop_id": line.workshop_id,
                "finalising_due_at": _end(line.sessions[-1]) if participant.attended[-1] else None,
            }
        )
        self._seats.append(
            {
                "id": participant.seat_id,
                "workshop_id": line.workshop_id,
                "subject_ref": participant.subject_ref,
                "path_id": participant.path_id,
                "status": SeatStatus.TAKEN.value,
                "place": position,
                "asked_at": first,
                "taken_at": first,
                "released_at": None,
                "cancelled_by": None,
            }
        )


def _events(line: WorkshopLine, room: str | None) -> Iterable[Event]:
    """The workshop's events: announced, seats taken, attendance session by session, finalising sessions due."""
    yield WorkshopAnnounced(
        workshop_id=line.workshop_id,
        centre=line.centre,
        area=line.area,
        counsellor=line.counsellor,
        room=room,
        seats=line.seats,
        sessions=tuple(
            WorkshopSession(session_id=one.session_id, starts_at=one.starts_at, minutes=one.minutes)
            for one in line.sessions
        ),
    )
    for person in line.participants:
        yield SeatTaken(
            workshop_id=line.workshop_id,
            seat_id=person.seat_id,
            subject_ref=person.subject_ref,
            path_id=person.path_id,
            centre=line.centre,
            at=line.sessions[0].starts_at,
        )
    for position, session in enumerate(line.sessions):
        for number, person in enumerate(line.participants):
            yield AttendanceRecorded(
                workshop_id=line.workshop_id,
                session_id=session.session_id,
                seat_id=person.seat_id,
                subject_ref=person.subject_ref,
                path_id=person.path_id,
                centre=line.centre,
                at=_end(session),
                attended=person.attended[position],
                final=position == len(line.sessions) - 1,
                opens_session=number == 0,
                opens_workshop=(number, position) == (0, 0),
            )
    for person in line.participants:
        if person.attended[-1]:
            yield FinalisingSessionDue(
                workshop_id=line.workshop_id,
                path_id=person.path_id,
                subject_ref=person.subject_ref,
                centre=line.centre,
                at=_end(line.sessions[-1]),
            )
