"""What the front desk does with the queue: who came, is called, is served, went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from services.chassis.copies.centres import check_area, known_centre
from services.chassis.refusals import Refused, msg
from services.chassis.storage.checks import check_same, check_version, fingerprint
from services.chassis.storage.store import Cause, Work
from services.contracts.intake import (
    Channel,
    VisitBeingServed,
    VisitCalled,
    VisitCheckedIn,
    VisitLeft,
    VisitServed,
    VisitStatus,
)
from services.intake import domain
from services.intake.store import (
    Centre,
    Visit,
    any_may_exist,
    centres_by_code,
    count_tickets,
    first_waiting,
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A visitor came in. `at` None: now. `cause`: the request; None where the unit of work has only one cause."""

    visit_id: UUID
    centre: str
    area: str | None = None
    channel: Channel = Channel.DESK
    at: datetime | None = None
    queue: bool = True
    cause: Cause | None = None


async def check_in(work: Work, arrival: Arrival) -> Visit:
    """Somebody came in. Saying it again changes nothing; saying otherwise under the same id is refused.

    Whoever says it at the same moment as another process fails in the store, and is to be asked again.
    """
    answer = (await check_in_all(work, [arrival]))[0]
    if isinstance(answer, Refused):
        raise answer
    return answer


async def check_in_all(work: Work, arrivals: Sequence[Arrival]) -> list[Visit | Refused]:
    """Several came in at the same moment. Each is answered for itself, in the order given."""
    ids = [arrival.visit_id for arrival in arrivals]
    if await any_may_exist(work.session, ids, {arrival.centre for arrival in arrivals}):
        await work.prefetch(Visit, ids)
    else:
        work.assume_missing(Visit, ids)
    places = await centres_by_code(work.session, {arrival.centre for arrival in arrivals})
    answers: list[Visit | Refused] = []
    new: list[tuple[Visit, Arrival]] = []
    for arrival in arrivals:
        try:
            known = await _existing_visit(work, arrival)
            if known is None:
                # Not among those that were asked for: read once more, and refused by name.
                place = places.get(arrival.centre) or await known_centre(work.session, Centre, arrival.centre)
                known = _new_visit(work, arrival, place)
                new.append((known, arrival))
            answers.append(known)
        except Refused as refusal:
            answers.append(refusal)
    await _assign_tickets(work, places, [visit for visit, arrival in new if arrival.queue])
    for visit, arrival in new:
        _emit_checked_in(work, visit, arrival)
    return answers


async def _existing_visit(work: Work, arrival: Arrival) -> Visit | None:
    """The visit, if it was said before. Raises `AlreadyDifferent` when something else was said."""
    known = await work.find(Visit, arrival.visit_id)
    if known is not None:
        check_same(known.fingerprint, _fingerprint(arrival), field="visit_id", id=arrival.visit_id)
    return known


def _new_visit(work: Work, arrival: Arrival, place: Centre) -> Visit:
    """A new visit, without its ticket yet. Raises `AreaNotServed`, and what `domain` names."""
    check_area(arrival.area, place.code, place.areas)
    moment = arrival.at or work.now
    domain.check_past(moment, work.now)
    work.cause = arrival.cause or work.cause
    return work.start(
        Visit(
            id=arrival.visit_id,
            centre=place.code,
            area=arrival.area,
            channel=arrival.channel.value,
            status=(VisitStatus.WAITING if arrival.queue else VisitStatus.NO_QUEUE).value,
            checked_in_at=moment,
            fingerprint=_fingerprint(arrival),
        )
    )


def _emit_checked_in(work: Work, visit: Visit, arrival: Arrival) -> None:
    said = VisitCheckedIn(
        visit_id=visit.id,
        centre=visit.centre,
        area=visit.area,
        channel=arrival.channel,
        at=visit.checked_in_at,
        status=VisitStatus(visit.status),
        ticket=visit.ticket,
    )
    work.cause = arrival.cause or work.cause
    work.emit(visit, said)
    work.notify_board(board(visit.centre))


async def call_next(work: Work, centre: str, desk: str, area: str | None = None) -> Visit:
    """Call whoever has waited longest today. Two desks at once get two visitors. Raises `NobodyWaiting`."""
    found = await first_waiting(work.session, centre, area, work.now)
    if found is None:
        raise domain.NobodyWaiting(centre=centre)
    return await call(work, found, desk)


async def call(work: Work, visit_id: UUID, desk: str, version: int | None = None) -> Visit:
    """Call this visitor to a desk; calling again is possible until they come."""
    visit = await _change_status(work, visit_id, VisitStatus.CALLED, version)
    visit.desk, visit.called_at = desk, work.now
    work.emit(visit, VisitCalled(visit_id=visit.id, centre=visit.centre, at=work.now, desk=desk))
    return visit


async def serve(work: Work, visit_id: UUID, version: int | None = None) -> Visit:
    """The visitor sat down: service begins."""
    visit = await _change_status(work, visit_id, VisitStatus.BEING_SERVED, version)
    visit.served_at = work.now
    work.emit(visit, VisitBeingServed(visit_id=visit.id, centre=visit.centre, at=work.now))
    return visit


async def mark_in_interview(work: Work, visit_id: UUID, at: datetime) -> None:
    """An interview began, so the visitor waits no longer. What the desk said meanwhile stays as it is."""
    visit = await work.find(Visit, visit_id)
    if visit is None or not domain.may_become(VisitStatus(visit.status), VisitStatus.BEING_SERVED):
        return
    visit.status = VisitStatus.BEING_SERVED.value
    visit.served_at = max(at, visit.called_at or at)
    work.emit(visit, VisitBeingServed(visit_id=visit.id, centre=visit.centre, at=visit.served_at))
    work.notify_board(board(visit.centre))


async def finish(work: Work, visit_id: UUID, version: int | None = None) -> Visit:
    """The visit ended well."""
    visit = await _change_status(work, visit_id, VisitStatus.SERVED, version)
    visit.ended_at = work.now
    work.emit(visit, VisitServed(visit_id=visit.id, centre=visit.centre, at=work.now))
    return visit


async def leave(work: Work, visit_id: UUID, version: int | None = None) -> Visit:
    """The visitor went away before being served."""
    visit = await _change_status(work, visit_id, VisitStatus.LEFT, version)
    visit.ended_at = work.now
    work.emit(visit, VisitLeft(visit_id=visit.id, centre=visit.centre, at=work.now))
    return visit


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
    said = (arrival.centre, arrival.area, arrival.channel, arrival.at, arrival.queue)
    return fingerprint(orjson.dumps(said, default=str))


async def _assign_tickets(work: Work, places: Mapping[str, Centre], visits: list[Visit]) -> None:
    """To each the next number of the centre's day, counted by the store so that no two are alike."""
    by_day: dict[tuple[str, date], list[Visit]] = {}
    for visit in visits:
        day = visit.checked_in_at.astimezone(ZoneInfo(places[visit.centre].timezone)).date()
        by_day.setdefault((visit.centre, day), []).append(visit)
    last = await count_tickets(work.session, {key: len(some) for key, some in by_day.items()})
    for key, some in by_day.items():
        for number, visit in enumerate(some, last[key] - len(some) + 1):
            visit.ticket = domain.ticket(visit.area, number)
