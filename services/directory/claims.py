"""The claims of a signed-in account that the directory reads."""

from uuid import UUID

from services.chassis.copies.accounts import ORGANIZATION
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg

__all__ = ["ORGANIZATION", "organization_of", "own_organization"]


def organization_of(person: Person) -> UUID | None:
    """The organisation of a provider's account; None for any other account."""
    claimed = person.claim(ORGANIZATION)
    return UUID(claimed) if claimed is not None else None


def own_organization(person: Person) -> UUID:
    """As `organization_of`. Raises `NotFound` for an account without an organisation."""
    if (organization := organization_of(person)) is None:
        raise NotFound(what=msg("provider"))
    return organization
