"""The calendar: quarter-hours of counsellors, rooms and people, each taken once. The store itself refuses a second."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.refusals import msg
from services.chassis.storage.store import Work
from services.scheduling.domain import refusals, times
from services.scheduling.store import QuarterHour
from services.scheduling.store.interviews import taken_quarters


@dataclass(frozen=True, slots=True)
class Resource:
    """Something or somebody that can be in one place at a time; which field named it, and what it is called."""

    key: str
    field: str
    label: str


def resources(centre: str, counsellor: str, room: str | None, subject_ref: UUID | None = None) -> list[Resource]:
    """What an appointment takes."""
    taken = [Resource(f"counsellor:{counsellor}", "counsellor", counsellor)]
    if room is not None:
        taken.append(Resource(f"room:{centre}:{room}", "room", room))
    if subject_ref is not None:
        taken.append(Resource(person_resource(subject_ref), "starts_at", msg("The person")))
    return taken


def person_resource(subject_ref: UUID) -> str:
    """The calendar of a person."""
    return f"person:{subject_ref}"


async def reserve(
    work: Work, holder: UUID, what: Sequence[Resource], *, starts_at: datetime, minutes: int, zone: ZoneInfo
) -> None:
    """Take these quarter-hours for an interview or a session. Raises `Overlap`, naming what is taken.

    Two at once: both see nothing taken, and the store lets one in.
    """
    by_key = {resource.key: resource for resource in what}
    quarters = times.quarters(starts_at, minutes)
    found = await taken_quarters(work.session, list(by_key), quarters[0], quarters[-1] + times.QUARTER)
    if found:
        key, at = found[0]
        resource = by_key[key]
        raise refusals.Overlap(about=resource.field, what=resource.label, at=times.format_local(at, zone))
    anyone = msg("The counsellor, the room or the person")
    work.guard("quarter_hours_key", refusals.Overlap(what=anyone, at=times.format_local(starts_at, zone)))
    for key in sorted(by_key):
        for quarter in quarters:
            work.add(QuarterHour(resource=key, quarter=quarter, holder=holder))


async def release(work: Work, *holders: UUID) -> None:
    """Give back what these interviews or sessions took."""
    await work.session.flush()
    await work.session.execute(sa.delete(QuarterHour).where(col(QuarterHour.holder).in_(holders)))
