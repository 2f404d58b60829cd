"""The references of a person who was registered twice and merged."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.copies import aliases
from services.chassis.storage.store import Work
from services.intake.store import Alias, Visitor


async def references_of(session: AsyncSession, subject_ref: UUID) -> tuple[UUID, ...]:
    """Every reference of the person, the kept one first."""
    return await aliases.references_of(session, Alias, subject_ref)


async def groups_of(session: AsyncSession, subject_refs: Collection[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    """For each of these references every reference of its person, the kept one first."""
    return await aliases.groups_of(session, Alias, subject_refs)


async def registrations_of(session: AsyncSession, subject_ref: UUID) -> list[Visitor]:
    """The registrations of the person, the kept one first. None: nobody has this reference."""
    found = [await session.get(Visitor, ref) for ref in await references_of(session, subject_ref)]
    return [one for one in found if one is not None]


async def lock_references(work: Work, *subject_refs: UUID) -> dict[UUID, tuple[UUID, ...]]:
    """For each of these references every reference of its person, the kept one first; all of their rows locked.

    So that two desks which merge, separate or erase the same persons follow each other.
    """
    locked = set[UUID]()
    while True:
        await work.session.flush()
        groups = await groups_of(work.session, subject_refs)
        wanted = {ref for group in groups.values() for ref in group}
        if wanted <= locked:
            return groups
        await work.prefetch(Visitor, sorted(wanted))
        locked |= wanted
