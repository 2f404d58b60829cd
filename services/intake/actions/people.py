"""Registers visitors with their consent, and identifies them at later visits. No event has a name."""

from uuid import UUID, uuid4

from services.chassis.refusals import NotFound, msg
from services.chassis.storage.store import Work
from services.contracts.intake import VisitIdentified, VisitorRegistered
from services.intake import domain
from services.intake.actions import consent
from services.intake.actions.visits import board
from services.intake.store import Visit, Visitor


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
    """Register the visitor of a visit. Other services receive only a random reference.

    Raises `UnknownPurpose`, `AlreadyKnown`.
    """
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
    given = list(dict.fromkeys(purposes))
    consent.record(work, visitor.id, given, recorded_by)
    work.emit(
        visitor,
        VisitorRegistered(
            subject_ref=visitor.id,
            centre=visit.centre,
            at=work.now,
            purposes=tuple(given),
            language=language,
            retain_until=visitor.retain_until,
        ),
    )
    _identify(work, visit, visitor)
    return visitor


async def identify_visitor(work: Work, visit_id: UUID, subject_ref: UUID) -> Visit:
    """Record that an anonymous visit is one of a person whom the same centre registered before.

    Raises `NotFound`, also for a person of another centre, `AlreadyKnown`.
    """
    visitor = await work.load(Visitor, subject_ref, msg("registered person"))
    visit = await work.load(Visit, visit_id, msg("visit"))
    if visitor.centre != visit.centre:
        raise NotFound(what=msg("registered person"))
    _identify(work, visit, visitor)
    return visit


def _identify(work: Work, visit: Visit, visitor: Visitor) -> None:
    if visit.subject_ref is not None:
        raise domain.AlreadyKnown()
    visit.subject_ref = visitor.id
    work.emit(visit, VisitIdentified(visit_id=visit.id, centre=visit.centre, at=work.now, subject_ref=visitor.id))
    work.notify_board(board(visit.centre))
