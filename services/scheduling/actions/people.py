"""People who agreed to be known."""

from datetime import datetime
from uuid import UUID

from services.chassis.storage.store import Work
from services.scheduling.domain import refusals, rules
from services.scheduling.store import KnownPerson


async def register(work: Work, subject_ref: UUID, centre: str, purposes: list[str], at: datetime) -> None:
    """Somebody agreed to be known, for these purposes. A person who was erased stays so."""
    person = await work.find(KnownPerson, subject_ref)
    if person is None:
        row = KnownPerson(id=subject_ref, centre=centre, purposes=purposes, registered_at=at)
        work.start(row)


async def known_person(work: Work, subject_ref: UUID) -> KnownPerson:
    """The person, locked, if something may be booked for them. Raises `PersonUnknown` or `ConsentMissing`."""
    person = await work.find(KnownPerson, subject_ref)
    if person is None or person.erased_at is not None:
        raise refusals.PersonUnknown()
    rules.check_consent(person.purposes)
    return person
