"""Past interviews. The rules of a path are checked; overlap and opening hours are not, as these are past facts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, cast
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.centres import centre_copies, centre_in, zone_of
from services.chassis.refusals import Refused
from services.chassis.storage.bulk import in_list
from services.chassis.storage.store import Work
from services.chassis.web import Outcome, check_each, fingerprints_of, import_once
from services.contracts.scheduling import (
    AppointmentStatus,
    InterviewCancelled,
    InterviewHeld,
    InterviewKind,
    InterviewMissed,
    Method,
    PathOpened,
    Side,
)
from services.scheduling.domain import refusals, rules, times
from services.scheduling.domain.states import ON_PATH, is_booked, is_cancelled, is_held
from services.scheduling.imports.lines import InterviewLine
from services.scheduling.store import Centre, GuidancePath, Interview
from services.scheduling.store.copies import erased_people
from services.scheduling.store.counsellors import keep_past_counsellors
from services.scheduling.store.rooms import ImportedRooms

GUIDANCE_FIELDS = ("path_id", "method", "subject_ref")


@dataclass(slots=True)
class PathState:
    """A path with its interviews so far: those in the database, and those of the batch."""

    subject_ref: UUID | None
    method: str
    correlation_id: UUID
    due: bool
    opened_by: InterviewLine | None = None
    """The line that opens it, if it is new."""
    numbers: set[int] = field(default_factory=set[int])
    counted: set[int] = field(default_factory=set[int])
    held: int = 0
    booked: int = 0


@dataclass(slots=True)
class Lookups:
    """What a batch needs from the database, one query each."""

    centres: dict[str, Centre]
    fingerprints: dict[UUID, str | None]
    paths: dict[UUID, PathState]
    erased: set[UUID]
    rooms: ImportedRooms


async def record_interviews(work: Work, lines: list[tuple[int, InterviewLine]]) -> Outcome:
    """Store a batch of past interviews and emit their events.

    Invalid lines are reported; known lines change nothing.
    """
    known = await _load_lookups(work, [line for _, line in lines])
    rows = list[dict[str, Any]]()

    def record(line: InterviewLine, fingerprint: str) -> None:
        check_line(line, known.centres, work.now)
        path, number, counted_as = _assign_to_path(line, known)
        room = known.rooms.code(line.centre, line.room)
        rows.append(_record(work, line, path, number, fingerprint) | {"room": room, "counted_as": counted_as})

    outcome = import_once(lines, "interview_id", known.fingerprints, record)
    # Paths before interviews, so that a batch that waits for a path's lock also gets later outbox numbers.
    await work.insert(
        GuidancePath, [_path_row(path.opened_by, path) for path in known.paths.values() if path.opened_by]
    )
    await keep_past_counsellors(work.session, [(row["counsellor"], row["centre"]) for row in rows])
    await known.rooms.insert(work)
    await work.insert(Interview, rows)
    return outcome


def check_line(line: InterviewLine, copies: dict[str, Centre], now: datetime) -> None:
    """Checks one past interview on its own.

    Raises `SeveralRefused` of `UnknownCentre`, `AreaNotServed`, and others of `refusals`.
    """
    check_each(
        lambda: centre_in(copies, line.centre, line.area),
        lambda: times.check_past(line.starts_at, now, zone_of(copies, line.centre)),
        lambda: _check_fields(line),
        lambda: line.kind is InterviewKind.GUIDANCE and rules.check_length(line.minutes),
    )


def _check_fields(line: InterviewLine) -> None:
    """The fields that depend on others are there or not, as these say. Raises `SeveralRefused`."""

    def check(name: str, wanted: Callable[[], bool], *, needed: bool = True) -> None:
        there, may = getattr(line, name) is not None, wanted()
        if (there and not may) or (needed and may and not there):
            raise _misplaced(line, name, wanted=may)

    def guidance() -> bool:
        return line.kind is InterviewKind.GUIDANCE

    def cancelled() -> bool:
        return is_cancelled(line.status)

    check_each(
        *(partial(check, name, guidance) for name in GUIDANCE_FIELDS),
        lambda: check("cancelled_by", cancelled),
        lambda: check("reason", cancelled, needed=False),
        lambda: check("number", lambda: guidance() and is_held(line.status), needed=False),
    )


async def interview_checks(session: AsyncSession, now: datetime) -> Callable[[InterviewLine], None]:
    """The check of one line on its own."""
    copies = await centre_copies(session, Centre)
    return lambda line: check_line(line, copies, now)


def _misplaced(line: InterviewLine, name: str, *, wanted: bool) -> Refused:
    """The refusal of a field that is missing, or out of place."""
    both = (line.kind, line.status)
    because = both if name == "number" else both[:1] if name in GUIDANCE_FIELDS else both[1:]
    return (refusals.FieldMissing if wanted else refusals.FieldOutOfPlace)(about=name, field=name, because=because)


def _assign_to_path(line: InterviewLine, known: Lookups) -> tuple[PathState | None, int | None, int | None]:
    """The interview's path, its number on it and as which it counts. The first line of a new path opens it."""
    if line.path_id is None or line.subject_ref is None or line.method is None:
        return None, None, None
    if line.subject_ref in known.erased:
        raise refusals.PersonUnknown()
    path = known.paths.get(line.path_id)
    if path is None:
        path = PathState(line.subject_ref, line.method.value, uuid4(), due=False, opened_by=line)
    elif (path.subject_ref, path.method) != (line.subject_ref, line.method.value):
        raise refusals.PathDiffers()
    number = counted_as = None
    if is_held(line.status):
        rules.check_path_capacity(path.method, path.held, path.booked, due=path.due)
        number = line.number or rules.first_free(path.numbers)
        if number in path.numbers:
            raise refusals.NumberTaken(number=number)
        counted_as = rules.first_free(path.counted)
        path.numbers.add(number)
        path.counted.add(counted_as)
        path.held += 1
    known.paths[line.path_id] = path
    return path, number, counted_as


async def _load_lookups(work: Work, lines: list[InterviewLine]) -> Lookups:
    # Lock the paths first: what a concurrent import adds to them is visible once the locks are taken.
    paths = await _load_paths(work, {line.path_id for line in lines if line.path_id})
    fingerprints = await fingerprints_of(work.session, Interview, [line.interview_id for line in lines])
    erased = await erased_people(work.session, {line.subject_ref for line in lines if line.subject_ref})
    rooms = await ImportedRooms.of(work.session, [(line.centre, line.room) for line in lines])
    return Lookups(await centre_copies(work.session, Centre), fingerprints, paths, erased, rooms)


async def _load_paths(work: Work, ids: set[UUID]) -> dict[UUID, PathState]:
    """Those of these paths that exist, locked, with their interviews counted."""
    await work.prefetch(GuidancePath, sorted(ids))
    paths: dict[UUID, PathState] = {}
    for id in ids:
        row = await work.find(GuidancePath, id)
        if row is not None:
            due = row.finalising_due_at is not None
            paths[id] = PathState(row.subject_ref, row.method, row.correlation_id, due=due)
    if paths:
        query = sa.select(
            col(Interview.path_id), col(Interview.status), col(Interview.number), col(Interview.counted_as)
        ).where(
            in_list(col(Interview.path_id), "paths"),
            col(Interview.status).in_(ON_PATH),
        )
        for path_id, status, number, counted_as in await work.session.execute(query, {"paths": list(paths)}):
            path = paths[cast(UUID, path_id)]
            path.held += is_held(AppointmentStatus(status))
            path.booked += is_booked(AppointmentStatus(status))
            path.numbers.add(number or 0)
            path.counted.add(counted_as or 0)
    return paths


def _emit_path_opened(work: Work, line: InterviewLine, path: PathState) -> None:
    """Emit `PathOpened` if this line opens the path."""
    if path.opened_by is line and line.path_id and line.subject_ref:
        opened = PathOpened(
            path_id=line.path_id,
            subject_ref=line.subject_ref,
            centre=line.centre,
            method=Method(path.method),
            at=line.starts_at,
        )
        work.emit_row_event(opened, sequence=1, correlation_id=path.correlation_id)


def _path_row(line: InterviewLine, path: PathState) -> dict[str, Any]:
    return {
        "id": line.path_id,
        "version": 1,
        "correlation_id": path.correlation_id,
        "subject_ref": path.subject_ref,
        "centre": line.centre,
        "area": line.area,
        "method": path.method,
        "opened_at": line.starts_at,
        "workshop_id": None,
        "finalising_due_at": None,
    }


def _record(
    work: Work, line: InterviewLine, path: PathState | None, number: int | None, fingerprint: str
) -> dict[str, Any]:
    correlation_id = path.correlation_id if path else uuid4()
    if path is not None:
        _emit_path_opened(work, line, path)
    work.emit_row_event(_event(line, number), sequence=1, correlation_id=correlation_id)
    held = is_held(line.status)
    return {
        "id": line.interview_id,
        "version": 1,
        "correlation_id": correlation_id,
        "kind": line.kind.value,
        "centre": line.centre,
        "area": line.area,
        "counsellor": line.counsellor,
        "mode": line.mode.value,
        "starts_at": line.starts_at,
        "minutes": line.minutes,
        "status": line.status.value,
        "started_at": line.starts_at if held else None,
        "ended_at": None,
        "cancelled_at": None,
        "cancelled_by": line.cancelled_by.value if line.cancelled_by else None,
        "reason": line.reason,
        "visit_id": line.visit_id,
        "path_id": line.path_id,
        "method": line.method.value if line.method else None,
        "number": number,
        "subject_ref": line.subject_ref,
        "fingerprint": fingerprint,
    }


def _event(line: InterviewLine, number: int | None) -> InterviewHeld | InterviewCancelled | InterviewMissed:
    match line.status:
        case AppointmentStatus.CANCELLED:
            return InterviewCancelled(
                interview_id=line.interview_id,
                kind=line.kind,
                centre=line.centre,
                at=line.starts_at,
                cancelled_by=line.cancelled_by or Side.CENTRE,
                reason=line.reason or rules.NOT_RECORDED,
            )
        case AppointmentStatus.NOSHOW:
            return InterviewMissed(
                interview_id=line.interview_id, kind=line.kind, centre=line.centre, at=line.starts_at
            )
        case AppointmentStatus.FULFILLED:
            return InterviewHeld(
                interview_id=line.interview_id,
                kind=line.kind,
                centre=line.centre,
                area=line.area,
                counsellor=line.counsellor,
                starts_at=line.starts_at,
                minutes=line.minutes,
                visit_id=line.visit_id,
                path_id=line.path_id,
                method=line.method,
                number=number,
                subject_ref=line.subject_ref,
                mode=line.mode,
            )
