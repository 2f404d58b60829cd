"""Where: a centre's board, and the code of a counsellor there."""

from services.chassis.identity.people import Person
from services.scheduling.domain import refusals


def code_of(person: Person) -> str:
    """The code under which this counsellor is in the calendar. Raises `NoStaffCode`."""
    if person.staff_code is None:
        raise refusals.NoStaffCode()
    return person.staff_code


def board(centre: str) -> str:
    """The name of a centre's live board: who waits, and who is in an interview."""
    return f"scheduling:{centre}"
