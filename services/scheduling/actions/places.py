"""Centres as they are published, and what every action checks of them."""

from typing import Any

from services.chassis.identity.people import Person
from services.chassis.refusals import Stale
from services.chassis.storage.store import Aggregate, Work
from services.scheduling.domain import refusals, rules
from services.scheduling.store import Centre
from services.scheduling.store.copies import centres


async def know_centre(
    work: Work,
    code: str,
    *,
    name: str,
    areas: list[str],
    timezone: str,
    opening_hours: list[dict[str, Any]],
    closed_on: list[str],
) -> None:
    """Remember a centre as the directory published it."""
    known = await work.find(Centre, code)
    if known is None:
        known = work.add(Centre(code=code, name=name, areas=areas, timezone=timezone, opening_hours=[], closed_on=[]))
    known.name, known.areas, known.timezone = name, areas, timezone
    known.opening_hours, known.closed_on = opening_hours, closed_on


async def known_centre(work: Work, code: str, area: str | None = None) -> Centre:
    """The centre. Raises `UnknownCentre`, naming those there are, or `UnknownArea`."""
    centre = await work.session.get(Centre, code)
    if centre is None:
        known = ", ".join(sorted(one.code for one in await centres(work.session)))
        raise refusals.UnknownCentre(centre=code, known=known or "–")
    rules.check_area(area, code, centre.areas)
    return centre


def check_version(row: Aggregate, seen: int | None) -> None:
    """Whoever says which version they saw is refused when it is no longer that one. Raises `Stale`."""
    if seen is not None and seen != row.version:
        raise Stale(now=row.version, seen=seen)


def code_of(person: Person) -> str:
    """The code under which this counsellor is in the calendar. Raises `NoStaffCode`."""
    if person.staff_code is None:
        raise refusals.NoStaffCode()
    return person.staff_code


def board(centre: str) -> str:
    """The name of a centre's live board: who waits, and who is in an interview."""
    return f"scheduling:{centre}"
