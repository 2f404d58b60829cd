"""The desks of a centre: those of its devices, or any number where no device is known."""

import re
from collections.abc import Sequence

from services.chassis.refusals import Invalid, msg


class UnknownDesk(Invalid):
    """The centre has desks, and this is none of them. `choices`: the numbers of those that it has."""

    slug = "unknown-desk"
    message = msg("This desk is not in the list. Choose a desk from the list.")
    field_name = "desk"


class NotADesk(UnknownDesk):
    """No desk of the centre is known, and this is not the code of any."""

    message = msg("Enter the number of a desk, from 1 to 999, after “desk-”. For example: desk-2.")


def check_desk(desk: str, known: Sequence[str], field: str = "desk") -> None:
    """The desk is one of the centre's. One of which none is known has `desk-1` to `desk-999`. Raises `UnknownDesk`."""
    if not known and not is_desk(desk):
        raise NotADesk(about=field, desk=desk)
    if known and desk not in known:
        numbers = [one.removeprefix("desk-") for one in known]
        raise UnknownDesk(about=field, desk=desk, known=list(known), choices=numbers)


def is_desk(code: str) -> bool:
    """Whether this is the code of a desk: `desk-2`."""
    return re.fullmatch(r"desk-[1-9][0-9]{0,2}", code, re.ASCII) is not None
