"""Prolongs the retention of a visitor who consents again."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.refusals import msg
from services.chassis.storage.store import Work
from services.intake import domain
from services.intake.actions.consent import record
from services.intake.store import Consent, Visitor


async def prolong(work: Work, subject_ref: UUID, recorded_by: str, *, by_representative: bool = False) -> Visitor:
    """Record that the visitor consents again to what they consent to. Their data is kept for `RETENTION` from now.

    `by_representative`: a parent or representative consents. A second time on the same day changes nothing. Raises
    `NoConsentLeft`.
    """
    visitor = await work.load(Visitor, subject_ref, msg("registered person"))
    in_force = sa.select(col(Consent.purpose)).where(
        col(Consent.subject_ref) == subject_ref, col(Consent.withdrawn_at).is_(None)
    )
    purposes = (await work.session.scalars(in_force.distinct().order_by(col(Consent.purpose)))).all()
    if not purposes:
        raise domain.NoConsentLeft()
    if visitor.retain_until.date() == (work.now + domain.RETENTION).date():
        return visitor
    record(work, subject_ref, purposes, recorded_by, by_representative=by_representative)
    visitor.retain_until = work.now + domain.RETENTION
    return visitor
