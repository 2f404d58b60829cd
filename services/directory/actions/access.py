"""Who may read which referral, and on which side."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.contracts.roles import Role
from services.directory.claims import organization_of
from services.directory.domain import Party
from services.directory.store import Referral, UnassignedReferral


async def referral_for(session: AsyncSession, id: UUID, person: Person) -> Referral:
    """The referral, for its centre's counsellors and its provider.

    Raises `NotFound`, also for another provider and another centre's counsellor.
    """
    referral = await session.get(Referral, id)
    if referral is None or (person.has(Role.PROVIDER) and referral.organization_id != organization_of(person)):
        raise NotFound(what=msg("referral"))
    return referral if person.has(Role.PROVIDER) else own(referral, person, msg("referral"))


async def unassigned_for(session: AsyncSession, id: UUID, person: Person) -> UnassignedReferral:
    """The unassigned referral, for its centre's counsellors. Raises `NotFound`."""
    return own(await session.get(UnassignedReferral, id), person, msg("referral without a service"))


def party_of(person: Person) -> Party:
    """The side of a referral on which this person acts."""
    return Party.PROVIDER if person.has(Role.PROVIDER) else Party.CENTRE
