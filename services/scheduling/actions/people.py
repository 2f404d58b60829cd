"""Registered visitors."""

from datetime import datetime
from uuid import UUID

from services.chassis.copies.aliases import references_of
from services.chassis.storage.store import Work
from services.scheduling.domain import refusals, rules
from services.scheduling.store import Alias, KnownPerson


async def register(work: Work, subject_ref: UUID, centre: str, purposes: list[str], at: datetime) -> None:
    """Store a registered visitor and their purposes. An erased visitor stays erased."""
    person = await work.find(KnownPerson, subject_ref)
    if person is None:
        row = KnownPerson(id=subject_ref, centre=centre, purposes=purposes, registered_at=at)
        work.start(row)


async def known_person(work: Work, subject_ref: UUID) -> tuple[KnownPerson, tuple[UUID, ...]]:
    """The visitor, if they consent to guidance under this reference, and all of their references; locked.

    Raises `PersonUnknown` or `ConsentMissing`.
    """
    refs = await references_of(work.session, Alias, subject_ref)
    await work.prefetch(KnownPerson, refs)
    person = await work.find(KnownPerson, subject_ref)
    if person is None or person.erased_at is not None:
        raise refusals.PersonUnknown()
    rules.check_consent(person.purposes)
    return person, refs
