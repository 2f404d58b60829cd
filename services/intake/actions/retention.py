"""Prolongs the retention of a visitor who consents again."""

from uuid import UUID

from services.chassis.refusals import msg
from services.chassis.storage.store import Work
from services.intake import domain
from services.intake.actions.consent import consents_in_force, record
from services.intake.actions.references import lock_references
from services.intake.store import Visitor


async def prolong(work: Work, subject_ref: UUID, recorded_by: str, *, by_representative: bool = False) -> Visitor:
    """Record that the person consents again to what they consent to. Their data is kept for `RETENTION` from now.

    Under each of their references, so that it lasts when two are separated. `by_representative`: a parent or
    representative consents. A second time on the same day changes nothing. Raises `NoConsentLeft`.
    """
    refs = (await lock_references(work, subject_ref))[subject_ref]
    asked = await work.load(Visitor, subject_ref, msg("registered person"))
    consents = {ref: {one.purpose for one in await consents_in_force(work.session, ref)} for ref in refs}
    if not any(consents.values()):
        raise domain.NoConsentLeft()
    until = work.now + domain.RETENTION
    for ref in refs:
        visitor = await work.load(Visitor, ref, msg("registered person"))
        if visitor.retain_until.date() != until.date():
            record(work, ref, sorted(consents[ref]), recorded_by, by_representative=by_representative)
            visitor.retain_until = until
    return asked
