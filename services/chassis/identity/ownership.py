"""What belongs to the centre that a person works for."""

from typing import Protocol, TypeVar

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound


class OfCentre(Protocol):
    """Something that belongs to a centre; `centre` is its code."""

    centre: str


Row = TypeVar("Row", bound=OfCentre)


def own(row: Row | None, person: Person, what: str) -> Row:
    """The row, for a person of its centre. Raises `NotFound`, naming `what`, for everyone else too.

    So nobody learns from a reference whether another centre has something under it.
    """
    if row is None or not person.works_at(row.centre):
        raise NotFound(what=what)
    return row
