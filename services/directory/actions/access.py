"""Who may see which referral, and as which side."""

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
    """The referral, for its centre's counsellors and the provider it goes to.

    Raises `NotFound`, also for a provider whom it does not concern; `WrongCentre` for another centre's counsellor.
    """
    referral = await session.get(Referral, id)
    if referral is None or (person.has(Role.PROVIDER) and referral.organization_id != organization_of(person)):
        raise NotFound(what=msg("referral"))
    return referral if person.has(Role.PROVIDER) else own(referral, person, msg("referral"))


async def unassigned_for(session: AsyncSession, id: UUID, person: Person) -> UnassignedReferral:
    """The request that waits for a service, for its centre's counsellors. Raises `NotFound`, `WrongCentre`."""
    return own(await session.get(UnassignedReferral, id), person, msg("open request"))


def party_of(person: Person) -> Party:
    """On which side a person stands."""
    return Party.PROVIDER if person.has(Role.PROVIDER) else Party.CENTRE
