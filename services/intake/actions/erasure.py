"""Erases visitors, on request or at the end of their retention, and keeps which services have confirmed it.

Intake deletes the person, emits `SubjectErased` and puts the reference on the suppression list. Each service of
`CONFIRMATIONS` erases its own data and emits its confirmation. Until then its row in `erasure_confirmations` is open,
and operators see it.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.events.dead_letters import erase_dead_letters
from services.chassis.refusals import msg
from services.chassis.storage.outbox import end_of_key
from services.chassis.storage.store import Store, Work
from services.contracts.erasure import CONFIRMATIONS
from services.contracts.intake import SubjectErased, SubjectSuppressed
from services.contracts.topics import ERASED
from services.intake.actions.links import erase_links
from services.intake.store import Consent, ErasedSubject, ErasureConfirmation, Visit, Visitor
from services.intake.store.erasures import confirmed_before, delete_erasures
from services.intake.store.retention import due_visitors

DUE_AT_ONCE = 50
"""Most visitors that one round of `erase_due` looks at."""
ENDED_AT_ONCE = 500
"""Most entries of the suppression list that one unit of work ends."""


async def erase_subject(work: Work, subject_ref: UUID) -> None:
    """Erase a visitor: name, contact, consents, personal links and the link to their visits. Emits `SubjectErased`.

    Their reference goes on the suppression list.
    """
    visitor = await work.load(Visitor, subject_ref, msg("registered person"))
    work.emit(visitor, SubjectErased(subject_ref=subject_ref, at=work.now))
    work.emit(visitor, SubjectSuppressed(subject_ref=subject_ref, at=work.now))
    await work.session.execute(sa.delete(Consent).where(col(Consent.subject_ref) == subject_ref))
    await work.session.execute(sa.update(Visit).where(col(Visit.subject_ref) == subject_ref).values(subject_ref=None))
    await erase_links(work, subject_ref)
    await work.session.delete(visitor)
    work.add(ErasedSubject(subject_ref=subject_ref, erased_at=work.now))
    work.erased.add(subject_ref)
    await erase_dead_letters(work, subject_ref)
    for service in CONFIRMATIONS:
        work.add(ErasureConfirmation(subject_ref=subject_ref, service=service))


async def erase_again(work: Work, subject_ref: UUID, at: datetime) -> None:
    """Erase a visitor whom a restored database brought back; `at`: when they were erased.

    Of one who registered after the backup, only the reference is noted: the other services have confirmed it, or will.
    """
    if await work.find(Visitor, subject_ref) is not None:
        await erase_subject(work, subject_ref)
    else:
        work.add(ErasedSubject(subject_ref=subject_ref, erased_at=at))
        work.erased.add(subject_ref)


async def confirm_erasure(work: Work, subject_ref: UUID, service: str) -> None:
    """Note that a service has erased this person. The first confirmation counts; one without an erasure is ignored."""
    awaited = await work.find(ErasureConfirmation, (subject_ref, service))
    if awaited is not None and awaited.confirmed_at is None:
        awaited.confirmed_at = work.now


async def erase_due(store: Store) -> bool:
    """Erase visitors whose retention has ended, each in a unit of work of its own. True: there may be more.

    Two replicas can do it at the same time: the second waits for the row's lock, and then finds it gone or prolonged.
    """
    async with store.read() as session:
        due = await due_visitors(session, store.clock(), DUE_AT_ONCE)
    for subject_ref in due:
        async with store.work() as work:
            visitor = await work.find(Visitor, subject_ref)
            if visitor is not None and visitor.retain_until <= work.now:
                await erase_subject(work, subject_ref)
    return len(due) == DUE_AT_ONCE


async def end_entries(store: Store, before: datetime) -> bool:
    """End the entries of those erased before the oldest backup, and delete their references. True: there may be more.

    An erasure that a service has not confirmed stays, so that operators see it.
    """
    async with store.work() as work:
        refs = await confirmed_before(work.session, before, ENDED_AT_ONCE)
        await delete_erasures(work.session, refs)
        for subject_ref in refs:
            work.publish_raw(end_of_key(ERASED, str(subject_ref), work.now))
    return len(refs) == ENDED_AT_ONCE
