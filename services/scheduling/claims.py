"""What a signed-in account says to scheduling."""

from services.chassis.identity.people import Person
from services.scheduling.domain import refusals

STAFF_CODE = "staff_code"
"""The claim of an account that holds a counsellor's code in the calendar."""


def staff_code(person: Person) -> str | None:
    """The code under which this person is in the calendar; None: they are not."""
    return person.claim(STAFF_CODE)


def required_staff_code(person: Person) -> str:
    """The same, of a counsellor. Raises `NoStaffCode`."""
    if (code := staff_code(person)) is None:
        raise refusals.NoStaffCode()
    return code
