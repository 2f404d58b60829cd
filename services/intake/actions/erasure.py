"""Erases a visitor, and emits the event on which every other service erases them."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.refusals import msg
from services.chassis.storage.store import Work
from services.contracts.intake import SubjectErased
from services.intake.actions.links import erase_links
from services.intake.store import Consent, ErasedSubject, Visit, Visitor


async def erase_subject(work: Work, subject_ref: UUID) -> None:
    """Erase a visitor: name, contact, consents, personal links and the link to their visits. Emits `SubjectErased`."""
    visitor = await work.load(Visitor, subject_ref, msg("registered person"))
    work.emit(visitor, SubjectErased(subject_ref=subject_ref, at=work.now))
    await work.session.execute(sa.delete(Consent).where(col(Consent.subject_ref) == subject_ref))
    await work.session.execute(sa.update(Visit).where(col(Visit.subject_ref) == subject_ref).values(subject_ref=None))
    await erase_links(work, subject_ref)
    await work.session.delete(visitor)
    work.add(ErasedSubject(subject_ref=subject_ref, erased_at=work.now))
