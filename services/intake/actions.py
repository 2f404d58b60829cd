"""What the front desk does. People and events end here."""

import hashlib
from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import col

from services.chassis.errors import Stale, msg
from services.chassis.store import Work
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
from services.intake.store import Centre, Consent, ErasedSubject, TicketCounter, Visit, Visitor, centres, first_waiting


async def check_in(
    work: Work, visit_id: UUID, *, centre: str, area: str | None, channel: Channel, at: datetime | None, queue: bool
) -> Visit:
    """Somebody came in. Saying it again changes nothing; saying otherwise under the same id is refused."""
    said = fingerprint(centre, area, channel, at, queue)
    if (known := await work.find(Visit, visit_id)) is not None:
        if known.fingerprint != said:
            raise domain.AlreadyDifferent(visit=str(visit_id))
        return known
    place = await known_centre(work, centre)
    domain.check_area(area, centre, place.areas)
    moment = at or work.now
    domain.check_past(moment, work.now)
    status = VisitStatus.WAITING if queue else VisitStatus.NO_QUEUE
    work.guard("visits", domain.AlreadyDifferent(visit=str(visit_id)))
    visit = work.start(
        Visit(
            id=visit_id,
            centre=centre,
            area=area,
            channel=channel.value,
            status=status.value,
            ticket=await _next_ticket(work, place, area, moment) if queue else None,
            checked_in_at=moment,
            fingerprint=said,
        )
    )
    work.emit(
        visit,
        VisitCheckedIn(
            visit_id=visit.id,
            centre=centre,
            area=area,
            channel=channel,
            at=moment,
            status=status,
            ticket=visit.ticket,
        ),
    )
    work.touch(board(centre))
    return visit


async def call_next(work: Work, centre: str, desk: str, area: str | None = None) -> Visit:
    """Call whoever waits longest. Two desks at once get two visitors. Raises `NobodyWaiting`."""
    found = await first_waiting(work.session, centre, area)
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
    centre = await work.session.get(Centre, code)
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


async def _next_ticket(work: Work, centre: Centre, area: str | None, at: datetime) -> str:
    """The next number of the centre's day, counted by the store so that no two are alike."""
    insert = sqlite_insert if work.session.get_bind().dialect.name == "sqlite" else postgres_insert
    day = at.astimezone(ZoneInfo(centre.timezone)).date()
    counted = (
        insert(TicketCounter)
        .values(centre=centre.code, day=day, given=1)
        .on_conflict_do_update(index_elements=["centre", "day"], set_={"given": TicketCounter.given + 1})
        .returning(col(TicketCounter.given))
    )
    number = (await work.session.execute(counted)).scalar_one()
    return domain.ticket(area, number)
