"""Two registered persons who are the same one: one is an alias of the other. Aliases are edges of a forest.

Each alias keeps into whom it was merged, so that separating two persons gives back exactly what was before. Other
services only learn the root of each tree: the person who is kept.
"""

from collections.abc import Collection, Iterable, Mapping
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


def replayed(into: UUID | None, led_to: Iterable[UUID | None]) -> UUID | None:
    """Into whom an alias is merged after its further events, in order; None: it is no alias.

    `into`: into whom it was before them; `led_to`: the kept reference of each event, None for a separation. The first
    after a separation is into whom it was merged. Others say what became of that person, and the edge stays.
    """
    for kept in led_to:
        into = None if kept is None else into or kept
    return into


def forest_of(into: Mapping[UUID, UUID], known: Collection[UUID]) -> dict[UUID, UUID]:
    """These edges between known references alone, without a cycle.

    Behind an unknown reference is into whom that one was merged. A cycle comes from a separation of which nothing is
    known: then the edge that was named first is left out.
    """
    forest: dict[UUID, UUID] = {}
    for alias in into:
        passed, to = {alias}, into[alias]
        while to not in known and to in into and to not in passed:
            passed.add(to)
            to = into[to]
        if alias not in known or to not in known or to == alias:
            continue
        if root_of(forest, to) == alias:
            del forest[to]
        forest[alias] = to
    return forest
