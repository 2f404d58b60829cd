"""The claims of an account that scheduling reads."""

from services.chassis.copies.accounts import STAFF_CODE
from services.chassis.identity.people import Person
from services.scheduling.domain import refusals

__all__ = ["STAFF_CODE", "required_staff_code", "staff_code"]


def staff_code(person: Person) -> str | None:
    """The person's code in the calendar, or None."""
    return person.claim(STAFF_CODE)


def required_staff_code(person: Person) -> str:
    """The counsellor's code in the calendar. Raises `NoStaffCode`."""
    if (code := staff_code(person)) is None:
        raise refusals.NoStaffCode()
    return code
