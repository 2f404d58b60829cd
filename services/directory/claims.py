"""What a signed-in account says to the directory."""

from uuid import UUID

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg

ORGANIZATION = "organization_id"
"""The claim of a provider's account that says for which organisation it stands."""


def organization_of(person: Person) -> UUID | None:
    """The organisation that the person stands for; None: they are no provider's."""
    claimed = person.claim(ORGANIZATION)
    return UUID(claimed) if claimed is not None else None


def own_organization(person: Person) -> UUID:
    """The same, of a provider. Raises `NotFound`."""
    if (organization := organization_of(person)) is None:
        raise NotFound(what=msg("organization"))
    return organization
