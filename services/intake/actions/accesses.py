"""Logs who opened whose data. What was searched for is neither stored nor written to a log."""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.identity.people import Person
from services.chassis.storage.store import Store, Work
from services.intake.actions.references import registrations_of
from services.intake.domain.accesses import ACCESS_VALID, ONE_OPENING, AccessKind, Reason
from services.intake.store import PersonAccess, Visitor


def log_access(work: Work, subject_ref: UUID, person: Person, how: AccessKind, reason: Reason | None = None) -> None:
    """Note that staff opened a person's data. In the same unit of work: what cannot be noted is not shown."""
    work.add(PersonAccess(at=work.now, subject_ref=subject_ref, person=person.subject[:200], how=how, reason=reason))


async def log_opening(work: Work, subject_ref: UUID, person: Person, how: AccessKind) -> None:
    """Note that staff opened a page that shows a person, once within `ONE_OPENING`."""
    lately = sa.select(sa.literal(1)).where(
        col(PersonAccess.subject_ref) == subject_ref,
        col(PersonAccess.person) == person.subject[:200],
        col(PersonAccess.at) > work.now - ONE_OPENING,
        col(PersonAccess.how) == how.value,
    )
    if await work.session.scalar(lately.limit(1)) is None:
        log_access(work, subject_ref, person, how)


async def may_open(session: AsyncSession, visitor: Visitor, person: Person, now: datetime) -> bool:
    """Whether the person works at the visitor's centre, or found them from another one, for a reason, lately.

    Found under whichever reference of the visitor that is of this centre.
    """
    if visitor.centre in person.centres:
        return True
    refs = [one.id for one in await registrations_of(session, visitor.id) if one.centre == visitor.centre]
    found = sa.select(sa.literal(1)).where(
        col(PersonAccess.subject_ref).in_(refs),
        col(PersonAccess.person) == person.subject[:200],
        col(PersonAccess.at) > now - ACCESS_VALID,
        col(PersonAccess.reason).is_not(None),
    )
    return await session.scalar(found.limit(1)) is not None


async def prune_accesses(store: Store, days: int) -> bool:
    """Remove entries of the log that are older than `days`. Returns False: one round removes all of them."""
    async with store.work() as work:
        await work.session.execute(
            sa.delete(PersonAccess).where(col(PersonAccess.at) < work.now - timedelta(days=days))
        )
    return False
