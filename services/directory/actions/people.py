"""Registered persons: where they are registered, and whether they consent to referrals.

Every action about a person locks their row first, then the key of their partner references (`lock_subject`): so a
withdrawal, an erasure and a new referral follow each other.
"""

import secrets
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from services.chassis.refusals import msg
from services.chassis.storage.bulk import upsert
from services.chassis.storage.store import Work
from services.contracts.consent import Purpose
from services.directory import domain
from services.directory.store import ErasedSubject, RegisteredPerson, SubjectKey


async def store_purposes(
    work: Work, subject_ref: UUID, centre: str, purposes: Iterable[str]
) -> RegisteredPerson | None:
    """Store to what a person consents. None: they were erased."""
    if await work.session.get(ErasedSubject, subject_ref) is not None:
        return None
    person = await work.find(RegisteredPerson, subject_ref)
    if person is None:
        return work.start(RegisteredPerson(id=subject_ref, centre=centre, purposes=sorted(purposes)))
    person.purposes = sorted(purposes)
    return person


async def consenting(work: Work, subject_ref: UUID) -> bool:
    """Whether the person is registered and consents to referrals. Locks them."""
    person = await work.find(RegisteredPerson, subject_ref)
    return person is not None and Purpose.REFERRAL in person.purposes


async def check_consenting(work: Work, subject_ref: UUID) -> None:
    """The person consents to referrals. Locks them. Raises `ConsentMissing`."""
    if not await consenting(work, subject_ref):
        raise domain.ConsentMissing()


async def check_registered(work: Work, subject_ref: UUID, centre: str) -> None:
    """The person is registered at this centre. Locks them, and their key. Raises `PersonUnknown`."""
    person = await work.find(RegisteredPerson, subject_ref)
    if person is None or person.centre != centre or not await lock_subject(work, subject_ref):
        raise domain.PersonUnknown()


async def lock_subject(work: Work, subject_ref: UUID) -> bool:
    """Locks the person until the transaction ends, so that opening a referral and erasing them exclude each other.

    False: the person was erased. Creates the key of their partner references if it is missing.
    """
    if await work.session.get(ErasedSubject, subject_ref) is not None:
        return False
    await work.find(RegisteredPerson, subject_ref)
    await work.session.execute(_new_key(work.session), {"subject_ref": subject_ref, "key": secrets.token_bytes(32)})
    key = await work.load(SubjectKey, subject_ref, msg("registered person"))
    # Checked again under the lock: an erasure may have committed in between, and its key was deleted before this one.
    if await work.session.get(ErasedSubject, subject_ref) is None:
        return True
    await work.session.delete(key)
    return False


@upsert
def _new_key(insert: Any) -> Any:
    return insert(SubjectKey).on_conflict_do_nothing()
