"""Two registered persons who are the same one: one is an alias of the other. Aliases are edges of a forest.

Each alias keeps into whom it was merged, so that separating two persons gives back exactly what was before. Other
services only learn the root of each tree: the person who is kept.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from services.chassis.refusals import Refused, msg


class SameRegistration(Refused):
    """A registration cannot be merged with itself."""

    slug = "same-registration"
    message = msg("This is the same registration. Choose another one.")
    field_name = "kept"


class AlreadyOnePerson(Refused):
    """The person who would become the alias is kept already: the other one leads to them."""

    slug = "already-one-person"
    message = msg("These two registrations are already one person. To change which one is kept, separate them first.")
    field_name = "kept"


class MergedWithAnother(Refused):
    """An alias leads to one person."""

    slug = "merged-with-another"
    message = msg("This registration is already merged with another person. Separate those two first.")
    field_name = "kept"


def check_may_merge(into: Mapping[UUID, UUID], alias: UUID, kept: UUID) -> bool:
    """Whether the alias is to be merged into the kept person (no alias); False: it was before.

    `into`: whom each known alias was merged into. Raises `AlreadyOnePerson`, `MergedWithAnother`.
    """
    if alias == kept:
        raise AlreadyOnePerson()
    if alias not in into:
        return True
    if root_of(into, alias) != kept:
        raise MergedWithAnother()
    return False


def root_of(into: Mapping[UUID, UUID], ref: UUID) -> UUID:
    """The person who is kept, for this reference."""
    while ref in into:
        ref = into[ref]
    return ref


def tree_of(into: Mapping[UUID, UUID], root: UUID) -> Collection[UUID]:
    """The references that lead to this one, directly or not."""
    found = {root}
    while more := {alias for alias, to in into.items() if to in found} - found:
        found |= more
    return found - {root}
