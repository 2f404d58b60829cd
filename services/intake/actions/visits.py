"""A visit at the front desk: check in, call, serve, finish, leave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import orjson

from services.chassis.copies.centres import check_area, known_centre
from services.chassis.copies.visits import Day, check_today
from services.chassis.refusals import Refused, msg
from services.chassis.storage.checks import check_same, check_version, fingerprint
from services.chassis.storage.store import Cause, Work
from services.contracts.intake import (
    END_OF_DAY,
    Channel,
    VisitBeingServed,
    VisitCalled,
    VisitCheckedIn,
    VisitLeft,
    VisitServed,
    VisitStatus,
)
from services.intake import domain
from services.intake.store import Centre, Visit, any_may_exist, centres_by_code
from services.intake.store.queue import called_to, count_tickets, first_waiting


@dataclass(frozen=True, slots=True)
class Arrival:
    """A check-in. `at` None: now. `cause`: the request; None if the unit of work has a single cause."""

    visit_id: UUID
    centre: str
    area: str | None = None
    channel: Channel = Channel.DESK
    at: datetime | None = None
    queue: bool = True
    cause: Cause | None = None


async def check_in(work: Work, arrival: Arrival) -> Visit:
    """Check a visitor in. The same check-in again changes nothing; a different one under the same id is refused.

    A concurrent check-in with the same id violates the primary key; the unit of work is to be retried.
    """
    answer = (await check_in_all(work, [arrival]))[0]
    if isinstance(answer, Refused):
        raise answer
    return answer


async def check_in_all(work: Work, arrivals: Sequence[Arrival]) -> list[Visit | Refused]:
    """Check visitors in, in one unit of work. Returns the visit or the refusal of each, in the order given."""
    ids = [arrival.visit_id for arrival in arrivals]
    if await any_may_exist(work.session, ids, {arrival.centre for arrival in arrivals}):
        await work.prefetch(Visit, ids)
    else:
        work.assume_missing(Visit, ids)
    centres = await centres_by_code(work.session, {arrival.centre for arrival in arrivals})
    answers: list[Visit | Refused] = []
    new: list[tuple[Visit, Arrival]] = []
    for arrival in arrivals:
        try:
            known = await _existing_visit(work, arrival)
            if known is None:
                # A missing centre is read once more, so that `known_centre` raises `UnknownCentre`.
                centre = centres.get(arrival.centre) or await known_centre(work.session, Centre, arrival.centre)
                known = _new_visit(work, arrival, centre)
                new.append((known, arrival))
            answers.append(known)
        except Refused as refusal:
            answers.append(refusal)
    await _assign_tickets(work, centres, [visit for visit, arrival in new if arrival.queue])
    for visit, arrival in new:
        _emit_checked_in(work, visit, arrival)
    return answers


async def _existing_visit(work: Work, arrival: Arrival) -> Visit | None:
    """The visit, if it exists. Raises `AlreadyDifferent` if it was checked in with other values."""
    known = await work.find(Visit, arrival.visit_id)
    if known is not None:
        check_same(known.fingerprint, _fingerprint(arrival), field="visit_id", id=arrival.visit_id)
    return known


def _new_visit(work: Work, arrival: Arrival, centre: Centre) -> Visit:
    """A new visit, still without a ticket. Raises `AreaNotServed`, and what `domain.check_past` raises."""
    check_area(arrival.area, centre.code, centre.areas)
    moment = arrival.at or work.now
    since = work.now - domain.CHECK_IN_WITHIN
    domain.check_past(moment, work.now, centre.zone, earliest=since)
    work.cause = arrival.cause or work.cause
    return work.start(
        Visit(
            id=arrival.visit_id,
            centre=centre.code,
            area=arrival.area,
            channel=arrival.channel.value,
            status=(VisitStatus.WAITING if arrival.queue else VisitStatus.NO_QUEUE).value,
            checked_in_at=moment,
            fingerprint=_fingerprint(arrival),
        )
    )


def _emit_checked_in(work: Work, visit: Visit, arrival: Arrival) -> None:
    event = VisitCheckedIn(
        visit_id=visit.id,
        centre=visit.centre,
        area=visit.area,
        channel=arrival.channel,
        at=visit.checked_in_at,
        status=VisitStatus(visit.status),
        ticket=visit.ticket,
    )
    work.cause = arrival.cause or work.cause
    work.emit(visit, event)
    work.notify_board(board(visit.centre))


async def call_next(
    work: Work, centre: str, desk: str, area: str | None = None, *, called: UUID | None = None
) -> Visit:
    """Call the visitor who has waited longest today. Concurrent calls of two desks get different ones.

    `called`: the visitor whom this desk called before, if they have not come to it. Without this a button that is
    pressed twice would call two. Raises `DeskHasCalled`, `NobodyWaiting`.
    """
    await work.find(Centre, centre)  # locked: two calls of one desk follow each other
    copy = await known_centre(work.session, Centre, centre)
    day = Day.of(copy, work.now)
    last = await called_to(work.session, day, desk)
    if last is not None and last.id != called:
        raise domain.DeskHasCalled(ticket=last.ticket, visit_id=last.id, version=last.version)
    found = await first_waiting(work.session, day, area)
    if found is None:
        raise domain.NobodyWaiting(centre=copy.name)
    return await call(work, found, desk)


async def call(work: Work, visit_id: UUID, desk: str, version: int | None = None) -> Visit:
    """Call this visitor to a desk. May be repeated until service begins. Raises `FromEarlierDay`."""
    visit = await _change_status(work, visit_id, VisitStatus.CALLED, version)
    check_today(visit, await work.session.get_one(Centre, visit.centre), work.now)
    visit.desk, visit.called_at = desk, work.now
    work.emit(visit, VisitCalled(visit_id=visit.id, centre=visit.centre, at=work.now, desk=desk))
    return visit


async def serve(work: Work, visit_id: UUID, version: int | None = None) -> Visit:
    """Begin the service. Raises `FromEarlierDay`."""
    visit = await _change_status(work, visit_id, VisitStatus.BEING_SERVED, version)
    check_today(visit, await work.session.get_one(Centre, visit.centre), work.now)
    visit.served_at = work.now
    work.emit(visit, VisitBeingServed(visit_id=visit.id, centre=visit.centre, at=work.now))
    return visit


async def finish(work: Work, visit_id: UUID, version: int | None = None) -> Visit:
    """End the service. A visit of an earlier day is closed as `close_left_over` does."""
    visit = await _change_status(work, visit_id, VisitStatus.SERVED, version)
    await _end(work, visit)
    return visit


async def leave(work: Work, visit_id: UUID, version: int | None = None) -> Visit:
    """The visitor left without being served. A visit of an earlier day is closed as `close_left_over` does."""
    visit = await _change_status(work, visit_id, VisitStatus.LEFT, version)
    await _end(work, visit)
    return visit


async def _end(work: Work, visit: Visit) -> None:
    """Record the end, and by whom: an interview that is undone later does not bring the visitor back."""
    centre = await work.session.get_one(Centre, visit.centre)
    visit.closed_by = None if Day.of(centre, work.now).has(visit) else END_OF_DAY
    visit.ended_at, visit.interview_id = work.now, None
    emit_ended(work, visit)


def emit_ended(work: Work, visit: Visit) -> None:
    """Emit the event of a visit's end."""
    at, by = visit.ended_at or work.now, visit.closed_by
    if VisitStatus(visit.status).was_served:
        work.emit(visit, VisitServed(visit_id=visit.id, centre=visit.centre, at=at, closed_by=by))
    else:
        work.emit(visit, VisitLeft(visit_id=visit.id, centre=visit.centre, at=at, closed_by=by))
    work.notify_board(board(visit.centre))


def board(centre: str) -> str:
    """The name of a centre's live board."""
    return f"intake:{centre}"


async def _change_status(work: Work, visit_id: UUID, wanted: VisitStatus, version: int | None) -> Visit:
    visit = await work.load(Visit, visit_id, msg("visit"))
    check_version(visit, version)
    domain.check_step(VisitStatus(visit.status), wanted)
    visit.status = wanted.value
    work.notify_board(board(visit.centre))
    return visit


def _fingerprint(arrival: Arrival) -> str:
    # In UTC: the same time in another notation, or from Kafka, is the same check-in.
    at = arrival.at.astimezone(UTC) if arrival.at is not None else None
    values = (arrival.centre, arrival.area, arrival.channel, at, arrival.queue)
    return fingerprint(orjson.dumps(values, default=str))


async def _assign_tickets(work: Work, centres: Mapping[str, Centre], visits: list[Visit]) -> None:
    """Assign each visit the next ticket of its centre and local day. Counted by the database, so unique."""
    by_day: dict[tuple[str, date], list[Visit]] = {}
    for visit in visits:
        day = visit.checked_in_at.astimezone(centres[visit.centre].zone).date()
        by_day.setdefault((visit.centre, day), []).append(visit)
    last = await count_tickets(work.session, {key: len(queued) for key, queued in by_day.items()})
    for key, queued in by_day.items():
        for number, visit in enumerate(queued, last[key] - len(queued) + 1):
            visit.ticket = domain.ticket(visit.area, number)
