"""Prolongs the retention of a visitor who consents again."""

from collections.abc import Collection
from uuid import UUID

from services.chassis.refusals import msg
from services.chassis.storage.store import Work
from services.intake import domain
from services.intake.actions.consent import consents_in_force, record
from services.intake.actions.references import lock_references
from services.intake.store import Visitor


async def prolong(
    work: Work,
    subject_ref: UUID,
    recorded_by: str,
    *,
    by_representative: bool = False,
    centres: Collection[str] | None = None,
) -> Visitor:
    """Record that the person consents again to what they consent to. Their data is kept for `RETENTION` from now.

    Under this reference, as every consent; where none of it is in force, under the person's first reference of these
    centres (None: all) with one. Of a merged person the longest retention counts (`erasure.erase_due`).
    `by_representative`: a parent or representative consents. A second time on the same day changes nothing. Returns
    the registration that is kept longer. Raises `NoConsentLeft`.
    """
    refs = (await lock_references(work, subject_ref))[subject_ref]
    asked = await work.load(Visitor, subject_ref, msg("registered person"))
    others = [await work.load(Visitor, ref, msg("registered person")) for ref in refs if ref != subject_ref]
    for visitor in [asked, *(one for one in others if centres is None or one.centre in centres)]:
        purposes = {one.purpose for one in await consents_in_force(work.session, visitor.id)}
        if not purposes:
            continue
        until = work.now + domain.RETENTION
        if visitor.retain_until.date() != until.date():
            record(work, visitor.id, sorted(purposes), recorded_by, by_representative=by_representative)
            visitor.retain_until = until
        return visitor
    raise domain.NoConsentLeft()
