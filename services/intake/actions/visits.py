"""A visit at the front desk: check in, call, serve, finish, leave."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid5

import orjson

from services.chassis.copies.centres import centre_in, check_area, known_centre
from services.chassis.copies.visits import Day, check_today
from services.chassis.refusals import Refused, msg
from services.chassis.storage.checks import check_same, check_version, fingerprint
from services.chassis.storage.store import Cause, Work
from services.contracts.arrivals import Activity
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
from services.intake.actions.desks import desks_of
from services.intake.actions.estimates import keep_estimate
from services.intake.actions.tickets import assign_tickets
from services.intake.domain.devices import Offline
from services.intake.domain.queue import check_not_called
from services.intake.store import Centre, Visit, any_may_exist, centres_by_code, waiting_before
from services.intake.store.queue import Caller, called_to, first_waiting


@dataclass(frozen=True, slots=True)
class Arrival:
    """A check-in. `at` None: now. `cause`: the request; None if the unit of work has a single cause.

    `recorded_later`: `at` was entered by hand, afterwards. `group`: how many people came together. `offline`: a device
    sends it later.
    """

    visit_id: UUID
    centre: str
    area: str | None = None
    channel: Channel = Channel.DESK
    at: datetime | None = None
    queue: bool = True
    cause: Cause | None = None
    other_areas: tuple[str, ...] = ()
    activity: Activity | None = None
    recorded_later: bool = False
    interpreter_language: str | None = None
    needs: tuple[domain.Need, ...] = ()
    group: int = 1
    offline: Offline | None = None


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
                known = _new_visit(work, arrival, centre_in(centres, arrival.centre))
                new.append((known, arrival))
            answers.append(known)
        except Refused as refusal:
            answers.append(refusal)
    queued = [(visit, arrival) for visit, arrival in new if VisitStatus(visit.status).in_the_room]
    given = {visit.id: one.offline.number for visit, one in queued if one.offline and one.offline.number}
    await assign_tickets(work, centres, [visit for visit, _ in queued], given)
    for visit, arrival in new:
        if visit.ticket and not arrival.recorded_later and work.now - visit.checked_in_at < domain.CLOCK_TOLERANCE:
            keep_estimate(visit, centres[visit.centre], waiting_before(work.session, visit.centre))
        _emit_checked_in(work, visit, arrival)
    return answers


async def check_in_groups(work: Work, groups: Sequence[Arrival]) -> list[list[Visit]]:
    """Check groups in: of each, a visit for everyone. The first visit has the arrival's id, the others' follow from it.

    Raises what refuses a group; then the unit of work is to be rolled back, so that no group is there in part.
    """
    ids = [[one.visit_id, *(uuid5(one.visit_id, str(n)) for n in range(2, one.group + 1))] for one in groups]
    everyone = [replace(one, visit_id=id) for one, those in zip(groups, ids, strict=True) for id in those]
    visits: list[Visit] = []
    for answer in await check_in_all(work, everyone):
        if isinstance(answer, Refused):
            raise answer
        visits.append(answer)
    by_id = {visit.id: visit for visit in visits}
    return [[by_id[id] for id in those] for those in ids]


async def _existing_visit(work: Work, arrival: Arrival) -> Visit | None:
    """The visit, if it exists. Raises `AlreadyDifferent` if it was checked in with other values."""
    known = await work.find(Visit, arrival.visit_id)
    if known is not None:
        check_same(known.fingerprint, fingerprint_of(arrival), field="visit_id", id=arrival.visit_id)
    return known


def _new_visit(work: Work, arrival: Arrival, centre: Centre) -> Visit:
    """A new visit, still without a ticket. Raises `AreaNotServed`, and what the rules of `domain` raise."""
    domain.check_recorded_later(arrival.at, later=arrival.recorded_later)
    domain.check_activity(arrival.activity, queue=arrival.queue)
    area, others = served_areas(centre, arrival.area, arrival.other_areas)
    moment = arrival.at or work.now
    since = work.now - domain.CHECK_IN_WITHIN
    domain.check_past(moment, work.now, centre.zone, earliest=since)
    queue = domain.queues(moment, work.now, centre.zone, queue=arrival.queue, later=arrival.recorded_later)
    work.cause = arrival.cause or work.cause
    return work.start(
        Visit(
            id=arrival.visit_id,
            centre=centre.code,
            area=area,
            other_areas=list(others),
            channel=arrival.channel.value,
            activity=arrival.activity.value if arrival.activity is not None else None,
            recorded_later=arrival.recorded_later,
            # A visit that does not queue has ended: nothing is prepared for it.
            interpreter_language=arrival.interpreter_language if queue else None,
            needs=sorted(set(arrival.needs)) if queue else [],
            status=(VisitStatus.WAITING if queue else VisitStatus.NO_QUEUE).value,
            checked_in_at=moment,
            fingerprint=fingerprint_of(arrival),
            **(arrival.offline.columns() if arrival.offline is not None else {}),
        )
    )


def served_areas(centre: Centre, area: str | None, others: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """The main area and the other ones, each of which the centre serves. Raises `AreaNotServed`."""
    check_area(area, centre.code, centre.areas)
    for one in others:
        check_area(one, centre.code, centre.areas, field="other_areas")
    return domain.main_and_others(area, others)


def _emit_checked_in(work: Work, visit: Visit, arrival: Arrival) -> None:
    event = VisitCheckedIn(
        visit_id=visit.id,
        centre=visit.centre,
        area=visit.area,
        channel=arrival.channel,
        at=visit.checked_in_at,
        status=VisitStatus(visit.status),
        ticket=visit.ticket,
        other_areas=tuple(visit.other_areas),
        activity=arrival.activity,
        interpreter_language=visit.interpreter_language,
        recorded_later=visit.recorded_later,
    )
    work.cause = arrival.cause or work.cause
    work.emit(visit, event)
    work.notify_board(board(visit.centre))


async def call_next(work: Work, centre: str, caller: Caller, *, called: UUID | None = None) -> Visit:
    """Call the visitor whose turn it is. Concurrent calls of two desks get different ones.

    `called`: the visitor whom this desk called before, if they have not come to it. Without this a button that is
    pressed twice would call two. Raises `UnknownDesk`, `DeskHasCalled`, `NobodyWaiting`.
    """
    await work.find(Centre, centre)  # locked: two calls of one desk follow each other
    copy = await known_centre(work.session, Centre, centre)
    domain.check_desk(caller.desk, await desks_of(work.session, centre))
    day = Day.of(copy, work.now)
    last = await called_to(work.session, day, caller.desk)
    if last is not None and last.id != called:
        raise domain.DeskHasCalled(ticket=last.ticket, visit_id=last.id, version=last.version)
    found = await first_waiting(work.session, day, caller)
    if found is None:
        raise domain.NobodyWaiting(centre=copy.name)
    return _call(work, await _change_status(work, found, VisitStatus.CALLED, None, None), caller.desk, work.now)


async def call(
    work: Work, visit_id: UUID, desk: str, version: int | None = None, *, at: datetime | None = None
) -> Visit:
    """Call this visitor to a desk. May be repeated until service begins.

    `at`, here and in the other steps: when it happened, if a device sends it later. Its day is the one that counts, and
    its desk may be gone since. Raises `CalledMeanwhile`, `WrongStep`, `FromEarlierDay`, `UnknownDesk`.
    """
    visit = await _change_status(work, visit_id, VisitStatus.CALLED, version, at, desk)
    if at is None and desk != visit.desk:
        domain.check_desk(desk, await desks_of(work.session, visit.centre))
    return _call(work, visit, desk, at or work.now)


def _call(work: Work, visit: Visit, desk: str, at: datetime) -> Visit:
    visit.desk, visit.called_at = desk, at
    work.emit(visit, VisitCalled(visit_id=visit.id, centre=visit.centre, at=visit.called_at, desk=desk))
    return visit


async def serve(work: Work, visit_id: UUID, version: int | None = None, *, at: datetime | None = None) -> Visit:
    """Begin the service. Raises `WrongStep`, `FromEarlierDay`."""
    visit = await _change_status(work, visit_id, VisitStatus.BEING_SERVED, version, at)
    visit.served_at = at or work.now
    work.emit(visit, VisitBeingServed(visit_id=visit.id, centre=visit.centre, at=visit.served_at))
    return visit


async def finish(work: Work, visit_id: UUID, version: int | None = None, *, at: datetime | None = None) -> Visit:
    """End the service. A visit of an earlier day is closed as `close_left_over` does."""
    visit = await _change_status(work, visit_id, VisitStatus.SERVED, version, at)
    await _end(work, visit, at or work.now)
    return visit


async def leave(work: Work, visit_id: UUID, version: int | None = None, *, at: datetime | None = None) -> Visit:
    """The visitor left without being served. A visit of an earlier day is closed as `close_left_over` does."""
    visit = await _change_status(work, visit_id, VisitStatus.LEFT, version, at)
    await _end(work, visit, at or work.now)
    return visit


async def _end(work: Work, visit: Visit, at: datetime) -> None:
    """Record the end, and by whom: an interview that is undone later does not bring the visitor back."""
    centre = await work.session.get_one(Centre, visit.centre)
    visit.closed_by = None if Day.of(centre, at).has(visit) else END_OF_DAY
    visit.ended_at, visit.interview_id = at, None
    emit_ended(work, visit)


def emit_ended(work: Work, visit: Visit) -> None:
    """Emit the event of a visit's end, and delete what was prepared for the visitor and why they had priority.

    The rank stays: who comes back has the old place, and the wait of a visitor with priority is not learnt from.
    """
    visit.needs, visit.interpreter_language = [], None
    visit.held_at = visit.priority = visit.priority_before_link = visit.before_link = None
    at, by = visit.ended_at or work.now, visit.closed_by
    if VisitStatus(visit.status).was_served:
        work.emit(visit, VisitServed(visit_id=visit.id, centre=visit.centre, at=at, closed_by=by))
    else:
        work.emit(visit, VisitLeft(visit_id=visit.id, centre=visit.centre, at=at, closed_by=by))
    work.notify_board(board(visit.centre))


def board(centre: str) -> str:
    """The name of a centre's live board."""
    return f"intake:{centre}"


async def _change_status(
    work: Work, visit_id: UUID, wanted: VisitStatus, version: int | None, at: datetime | None, desk: str | None = None
) -> Visit:
    """Changes the status, or nothing. Raises `WrongStep`; `FromEarlierDay`, unless the visit ends."""
    visit = await work.load(Visit, visit_id, msg("visit"))
    if desk is not None and version not in (None, visit.version):
        check_not_called(VisitStatus(visit.status), visit.ticket, visit.desk, wanted=desk)
    check_version(visit, version)
    domain.check_step(VisitStatus(visit.status), wanted)
    if not wanted.has_ended:
        check_today(visit, await work.session.get_one(Centre, visit.centre), at or work.now)
    visit.status, visit.held_at = wanted.value, None
    work.notify_board(board(visit.centre))
    return visit


_NOTHING_MORE = ((), None, False, 1)


def fingerprint_of(arrival: Arrival) -> str:
    """What makes this check-in the same as another one under its id."""
    # Of a device, what it would have sent at once: that may still come, if only its answer was lost.
    # In UTC: the same time in another notation, or from Kafka, is the same check-in.
    at = arrival.at.astimezone(UTC) if arrival.at is not None and arrival.offline is None else None
    # In order: a form may name only other needs, or one twice, where a device names the first and the others.
    area, others = domain.main_and_others(arrival.area, arrival.other_areas)
    values: tuple[object, ...] = (arrival.centre, area, arrival.channel, at, arrival.queue)
    # Not the interpreter and the needs: so few values can be found again by trying, after they were deleted.
    more = (others, arrival.activity, arrival.recorded_later, arrival.group)
    values += more if more != _NOTHING_MORE else ()  # a plain one as older versions wrote it
    return fingerprint(orjson.dumps(values, default=str))
