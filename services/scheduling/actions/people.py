"""Registered visitors."""

from datetime import datetime
from uuid import UUID

from services.chassis.storage.store import Work
from services.scheduling.domain import refusals, rules
from services.scheduling.store import KnownPerson


async def register(work: Work, subject_ref: UUID, centre: str, purposes: list[str], at: datetime) -> None:
    """Store a registered visitor and their purposes. An erased visitor stays erased."""
    person = await work.find(KnownPerson, subject_ref)
    if person is None:
        row = KnownPerson(id=subject_ref, centre=centre, purposes=purposes, registered_at=at)
        work.start(row)


async def known_person(work: Work, subject_ref: UUID) -> KnownPerson:
    """The visitor, locked, if they consent to guidance. Raises `PersonUnknown` or `ConsentMissing`."""
    person = await work.find(KnownPerson, subject_ref)
    if person is None or person.erased_at is not None:
        raise refusals.PersonUnknown()
    rules.check_consent(person.purposes)
    return person
