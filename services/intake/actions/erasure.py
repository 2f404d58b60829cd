"""Erases visitors, on request or at the end of their retention, and keeps which services have confirmed it.

Intake deletes the person, emits `SubjectErased` and puts the reference on the suppression list. Each service of
`CONFIRMATIONS` erases its own data and emits its confirmation. Until then its row in `erasure_confirmations` is open,
and operators see it.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.events.dead_letters import erase_dead_letters
from services.chassis.storage.outbox import end_of_key, keys_in
from services.chassis.storage.store import Aggregate, Store, Work
from services.contracts.erasure import CONFIRMATIONS
from services.contracts.intake import SubjectErased, SubjectSuppressed
from services.contracts.topics import ERASED
from services.intake import domain
from services.intake.actions.links import erase_links
from services.intake.actions.places import release_arrival
from services.intake.actions.references import lock_references
from services.intake.store import Consent, ErasedSubject, ErasureConfirmation, Visit, Visitor
from services.intake.store.aliases import erase_alias
from services.intake.store.appointments import Appointment, arrived_for, delete_where
from services.intake.store.booking_requests import delete_requests, requests_of
from services.intake.store.erasures import confirmed_before, delete_erasures, erased_without_confirmations
from services.intake.store.messages import erase_messages
from services.intake.store.names import delete_keys
from services.intake.store.retention import due_visitors

DUE_AT_ONCE = 50
"""Most visitors that one round of `erase_due` looks at."""
ENDED_AT_ONCE = 500
"""Most entries of the suppression list that one unit of work ends."""


async def erase_subject(work: Work, subject_ref: UUID) -> None:
    """Erase a person here and in every service, under each of their references."""
    for ref in (await lock_references(work, subject_ref))[subject_ref]:
        await _erase(work, ref)


async def _erase(work: Work, subject_ref: UUID) -> None:
    """Erase what is under one reference: emits `SubjectErased`, and puts it on the suppression list.

    One whom intake does not know is erased in the others: they registered after the backup that was restored, or come
    from an import. `check_unknown` says whether that can be meant.
    """
    visitor = await work.find(Visitor, subject_ref)
    # Without a row there is no number to go on from: the epoch's first follows all that a lost row emitted.
    emitting = visitor or Aggregate(id=subject_ref)
    work.emit(emitting, SubjectErased(subject_ref=subject_ref, at=work.now))
    work.emit(emitting, SubjectSuppressed(subject_ref=subject_ref, at=work.now))
    await work.session.execute(sa.delete(Consent).where(col(Consent.subject_ref) == subject_ref))
    # Before the visits: an arrival under way adds one.
    for one in await arrived_for(work.session, subject_ref):
        await release_arrival(work, one)
    await work.session.flush()
    await delete_where(work.session, col(Appointment.subject_ref) == subject_ref)
    await erase_messages(work.session, subject_ref)
    await work.session.execute(
        sa.update(Visit).where(col(Visit.subject_ref) == subject_ref).values(subject_ref=None, before_closing=sa.null())
    )
    asked = await requests_of(work.session, subject_ref, visitor.contact_key if visitor is not None else None)
    await delete_requests(work.session, asked)
    await delete_keys(work.session, subject_ref)
    await erase_alias(work.session, subject_ref)
    if visitor is not None:
        await erase_links(work, subject_ref)
        await work.session.delete(visitor)
    work.guard("erased_subjects_key", domain.AlreadyErased())
    work.add(ErasedSubject(subject_ref=subject_ref, erased_at=work.now))
    work.erased.add(subject_ref)
    await erase_dead_letters(work, subject_ref)
    for service in CONFIRMATIONS:
        work.add(ErasureConfirmation(subject_ref=subject_ref, service=service))


async def check_unknown(session: AsyncSession, subject_ref: UUID) -> None:
    """A reference that no visitor has may be a person's whom only other services know.

    Raises `AlreadyErased`, or `VisitNotPerson` for that of a visit, which has events of its own.
    """
    if await session.get(ErasedSubject, subject_ref) is not None:
        raise domain.AlreadyErased()
    if await session.get(Visit, subject_ref) is not None:
        raise domain.VisitNotPerson()


async def erase_again(work: Work, subject_ref: UUID, _at: datetime) -> None:
    """Erase a person of the suppression list whom a restored database does not know as erased.

    Every service is asked again: its confirmation, or even the event of the erasure, may have been lost. Only this
    reference: the others of a merged person are on the list too, and whoever the backup still has as merged with them
    may have been separated since.
    """
    await _erase(work, subject_ref)


async def list_earlier_erasures(store: Store) -> None:
    """Put on the suppression list's topic whom a version erased that had no such topic, once.

    Those have no confirmations either. Other services know them as erased; another machine's restored store may not.
    """
    async with store.read() as session:
        earlier = await erased_without_confirmations(session)
        listed = await keys_in(session, store.table("outbox"), ERASED) if earlier else set[bytes]()
    async with store.work() as work:
        for subject_ref, at in earlier.items():
            if str(subject_ref).encode() not in listed:
                work.emit(Aggregate(id=subject_ref), SubjectSuppressed(subject_ref=subject_ref, at=at))


async def confirm_erasure(work: Work, subject_ref: UUID, service: str, found: bool | None) -> None:
    """Note that a service has erased this person, and whether it had something about them.

    The first confirmation counts; one without an erasure is ignored.
    """
    awaited = await work.find(ErasureConfirmation, (subject_ref, service))
    if awaited is not None and awaited.confirmed_at is None:
        awaited.confirmed_at, awaited.found = work.now, found


async def erase_due(store: Store) -> bool:
    """Erase visitors whose retention has ended, each in a unit of work of its own. True: there may be more.

    Of a merged person the longest retention counts: they came back and consented again.

    Two replicas can do it at the same time: the second waits for the row's lock, and then finds it gone or prolonged.
    """
    async with store.read() as session:
        due = await due_visitors(session, store.clock(), DUE_AT_ONCE)
    for subject_ref in due:
        async with store.work() as work:
            refs = (await lock_references(work, subject_ref))[subject_ref]
            visitors = [one for ref in refs if (one := await work.find(Visitor, ref)) is not None]
            if visitors and all(one.retain_until <= work.now for one in visitors):
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
