"""What the front desk does. People and events end here."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.errors import Refused, Stale, msg
from services.chassis.store import Cause, Work
from services.contracts.intake import (
    Channel,
    SubjectErased,
    VisitBeingServed,
    VisitCalled,
    VisitCheckedIn,
    VisitIdentified,
    VisitLeft,
    VisitorConsentWithdrawn,
    VisitorRegistered,
    VisitServed,
    VisitStatus,
)
from services.intake import domain
from services.intake.store import (
    Centre,
    Consent,
    ErasedSubject,
    Visit,
    Visitor,
    centres,
    centres_named,
    count_tickets,
    first_waiting,
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody came in. `at` None: now. `correlation_id`: the chain of the request, None inside a chain."""

    visit_id: UUID
    centre: str
    area: str | None = None
    channel: Channel = Channel.DESK
    at: datetime | None = None
    queue: bool = True
    correlation_id: UUID | None = None


async def check_in(work: Work, arrival: Arrival) -> Visit:
    """Somebody came in. Saying it again changes nothing; saying otherwise under the same id is refused."""
    answer = (await check_in_all(work, [arrival]))[0]
    if isinstance(answer, Refused):
        raise answer
    return answer


async def check_in_all(work: Work, arrivals: Sequence[Arrival]) -> list[Visit | Refused]:
    """Several came in at the same moment. Each is answered for itself, in the order given."""
    await work.prefetch(Visit, [arrival.visit_id for arrival in arrivals])
    places = await centres_named(work.session, {arrival.centre for arrival in arrivals})
    answers: list[Visit | Refused] = []
    new: list[tuple[Visit, Arrival]] = []
    for arrival in arrivals:
        try:
            known = await _known_visit(work, arrival)
            if known is None:
                known = _begin(work, arrival, await known_centre(work, arrival.centre))
                new.append((known, arrival))
            answers.append(known)
        except Refused as refusal:
            answers.append(refusal)
    await _give_tickets(work, places, [visit for visit, arrival in new if arrival.queue])
    for visit, arrival in new:
        _say_checked_in(work, visit, arrival)
    return answers


async def _known_visit(work: Work, arrival: Arrival) -> Visit | None:
    """The visit, if it was said before. Raises `AlreadyDifferent` when something else was said."""
    known = await work.find(Visit, arrival.visit_id)
    if known is not None and known.fingerprint != _said(arrival):
        raise domain.AlreadyDifferent(visit=str(arrival.visit_id))
    return known


def _begin(work: Work, arrival: Arrival, place: Centre) -> Visit:
    """A new visit, without its ticket yet. Raises what `domain` names."""
    domain.check_area(arrival.area, place.code, place.areas)
    moment = arrival.at or work.now
    domain.check_past(moment, work.now)
    work.guard("visits", domain.AlreadyDifferent(visit=str(arrival.visit_id)))
    if arrival.correlation_id is not None:
        work.cause = Cause(arrival.correlation_id)
    return work.start(
        Visit(
            id=arrival.visit_id,
            centre=place.code,
            area=arrival.area,
            channel=arrival.channel.value,
            status=(VisitStatus.WAITING if arrival.queue else VisitStatus.NO_QUEUE).value,
            checked_in_at=moment,
            fingerprint=_said(arrival),
        )
    )


def _say_checked_in(work: Work, visit: Visit, arrival: Arrival) -> None:
    said = VisitCheckedIn(
        visit_id=visit.id,
        centre=visit.centre,
        area=visit.area,
        channel=arrival.channel,
        at=visit.checked_in_at,
        status=VisitStatus(visit.status),
        ticket=visit.ticket,
    )
    work.emit(visit, said)
    work.touch(board(visit.centre))


async def call_next(work: Work, centre: str, desk: str, area: str | None = None) -> Visit:
    """Call whoever has waited longest today. Two desks at once get two visitors. Raises `NobodyWaiting`."""
    found = await first_waiting(work.session, centre, area, work.now)
    if found is None:
        raise domain.NobodyWaiting(centre=centre)
    return await call(work, found, desk)


async def call(work: Work, visit_id: UUID, desk: str, version: int | None = None) -> Visit:
    """Call this visitor to a desk; calling again is possible until they come."""
    visit = await _stepping(work, visit_id, VisitStatus.CALLED, version)
    visit.desk, visit.called_at = desk, work.now
    work.emit(visit, VisitCalled(visit_id=visit.id, centre=visit.centre, at=work.now, desk=desk))
    return visit


async def serve(work: Work, visit_id: UUID, version: int | None = None) -> Visit:
    """The visitor sat down: service begins."""
    visit = await _stepping(work, visit_id, VisitStatus.BEING_SERVED, version)
    visit.served_at = work.now
    work.emit(visit, VisitBeingServed(visit_id=visit.id, centre=visit.centre, at=work.now))
    return visit


async def sits_with_a_counsellor(work: Work, visit_id: UUID, at: datetime) -> None:
    """An interview began, so the visitor waits no longer. What the desk said meanwhile stays as it is."""
    visit = await work.find(Visit, visit_id)
    if visit is None or not domain.may_become(VisitStatus(visit.status), VisitStatus.BEING_SERVED):
        return
    visit.status = VisitStatus.BEING_SERVED.value
    visit.served_at = max(at, visit.called_at or at)
    work.emit(visit, VisitBeingServed(visit_id=visit.id, centre=visit.centre, at=visit.served_at))
    work.touch(board(visit.centre))


async def finish(work: Work, visit_id: UUID, version: int | None = None) -> Visit:
    """The visit ended well."""
    visit = await _stepping(work, visit_id, VisitStatus.SERVED, version)
    visit.ended_at = work.now
    work.emit(visit, VisitServed(visit_id=visit.id, centre=visit.centre, at=work.now))
    return visit


async def leave(work: Work, visit_id: UUID, version: int | None = None) -> Visit:
    """The visitor went away before being served."""
    visit = await _stepping(work, visit_id, VisitStatus.LEFT, version)
    visit.ended_at = work.now
    work.emit(visit, VisitLeft(visit_id=visit.id, centre=visit.centre, at=work.now))
    return visit


async def register_visitor(
    work: Work,
    visit_id: UUID,
    *,
    given_name: str,
    family_name: str,
    contact: str | None,
    language: str,
    purposes: list[str],
    recorded_by: str,
) -> Visitor:
    """A person agrees to be known; the visit becomes theirs. Nobody else learns more than a random reference."""
    domain.check_purposes(purposes)
    visit = await work.load(Visit, visit_id, msg("visit"))
    if visit.subject_ref is not None:
        raise domain.AlreadyKnown()
    visitor = work.add(
        Visitor(
            id=uuid4(),
            correlation_id=visit.correlation_id,
            centre=visit.centre,
            given_name=given_name,
            family_name=family_name,
            contact=contact,
            language=language,
            registered_at=work.now,
            retain_until=work.now + domain.RETENTION,
        )
    )
    for purpose in purposes:
        work.add(
            Consent(id=uuid4(), subject_ref=visitor.id, purpose=purpose, given_at=work.now, recorded_by=recorded_by)
        )
    work.emit(
        visitor,
        VisitorRegistered(
            subject_ref=visitor.id,
            centre=visit.centre,
            at=work.now,
            purposes=tuple(purposes),
            language=language,
            retain_until=visitor.retain_until,
        ),
    )
    visit.subject_ref = visitor.id
    work.emit(visit, VisitIdentified(visit_id=visit.id, centre=visit.centre, at=work.now, subject_ref=visitor.id))
    work.touch(board(visit.centre))
    return visitor


async def withdraw_consent(work: Work, subject_ref: UUID, purposes: list[str]) -> Visitor:
    """The person no longer agrees to these purposes. What they never agreed to, or withdrew before, changes nothing."""
    domain.check_purposes(purposes)
    visitor = await work.load(Visitor, subject_ref, msg("visitor"))
    still = await work.session.scalars(
        sa.select(Consent).where(
            col(Consent.subject_ref) == subject_ref,
            col(Consent.purpose).in_(purposes),
            col(Consent.withdrawn_at).is_(None),
        )
    )
    withdrawn: list[str] = []
    for consent in still:
        consent.withdrawn_at = work.now
        withdrawn.append(consent.purpose)
    if withdrawn:
        said = VisitorConsentWithdrawn(subject_ref=subject_ref, at=work.now, purposes=tuple(sorted(withdrawn)))
        work.emit(visitor, said)
    return visitor


async def erase_visitor(work: Work, subject_ref: UUID) -> None:
    """Forget a person: name, contact, consents and the tie to their visits; everybody else is told to do the same."""
    visitor = await work.load(Visitor, subject_ref, msg("visitor"))
    work.emit(visitor, SubjectErased(subject_ref=subject_ref, at=work.now))
    await work.session.execute(sa.delete(Consent).where(col(Consent.subject_ref) == subject_ref))
    await work.session.execute(sa.update(Visit).where(col(Visit.subject_ref) == subject_ref).values(subject_ref=None))
    await work.session.delete(visitor)
    work.add(ErasedSubject(subject_ref=subject_ref, erased_at=work.now))


async def know_centre(work: Work, code: str, name: str, areas: list[str], timezone: str) -> None:
    """Remember a centre as the directory published it."""
    centre = await work.find(Centre, code)
    if centre is None:
        work.add(Centre(code=code, name=name, areas=areas, timezone=timezone))
    else:
        centre.name, centre.areas, centre.timezone = name, areas, timezone


async def known_centre(work: Work, code: str) -> Centre:
    """The centre. Raises `UnknownCentre`, naming those there are."""
    centre = (await centres_named(work.session, {code})).get(code)
    if centre is None:
        known = ", ".join(sorted(one.code for one in await centres(work.session)))
        raise domain.UnknownCentre(centre=code, known=known or "–")
    return centre


def board(centre: str) -> str:
    """The name of a centre's live board."""
    return f"intake:{centre}"


def fingerprint(*said: object) -> str:
    """What was said, short."""
    return hashlib.sha256(orjson.dumps(said, default=str)).hexdigest()[:32]


async def _stepping(work: Work, visit_id: UUID, wanted: VisitStatus, version: int | None) -> Visit:
    visit = await work.load(Visit, visit_id, msg("visit"))
    if version is not None and version != visit.version:
        raise Stale(now=visit.version, seen=version)
    domain.check_step(VisitStatus(visit.status), wanted)
    visit.status = wanted.value
    work.touch(board(visit.centre))
    return visit


def _said(arrival: Arrival) -> str:
    return fingerprint(arrival.centre, arrival.area, arrival.channel, arrival.at, arrival.queue)


async def _give_tickets(work: Work, places: Mapping[str, Centre], visits: list[Visit]) -> None:
    """To each the next number of the centre's day, counted by the store so that no two are alike."""
    by_day: dict[tuple[str, date], list[Visit]] = {}
    for visit in visits:
        day = visit.checked_in_at.astimezone(ZoneInfo(places[visit.centre].timezone)).date()
        by_day.setdefault((visit.centre, day), []).append(visit)
    last = await count_tickets(work.session, {key: len(some) for key, some in by_day.items()})
    for key, some in by_day.items():
        for number, visit in enumerate(some, last[key] - len(some) + 1):
            visit.ticket = domain.ticket(visit.area, number)
