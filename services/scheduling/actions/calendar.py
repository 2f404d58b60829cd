"""The calendar: quarter-hours of counsellors, rooms and visitors. The primary key prevents double bookings."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.aliases import references_of
from services.chassis.refusals import Message, msg
from services.chassis.storage.store import Work
from services.scheduling.domain import refusals, times
from services.scheduling.store import Alias, CounsellorAbsence, QuarterHour
from services.scheduling.store.availability import keep_absences
from services.scheduling.store.holds import drop_expired
from services.scheduling.store.quarters import taken_quarters


@dataclass(frozen=True, slots=True)
class Resource:
    """A counsellor, room or visitor that an appointment occupies. `field`: of the request; `label`: for messages."""

    key: str
    field: str
    label: Message


def resources(centre: str, counsellor: str, room: str | None, subject_ref: UUID | None = None) -> list[Resource]:
    """The resources that an appointment occupies."""
    taken = [Resource(f"counsellor:{counsellor}", "counsellor", msg("the counsellor is not free"))]
    if room is not None:
        taken.append(Resource(f"room:{centre}:{room}", "room", msg("the room is taken")))
    if subject_ref is not None:
        taken.append(Resource(person_resource(subject_ref), "starts_at", msg("the person has another appointment")))
    return taken


def person_resource(subject_ref: UUID) -> str:
    """The key of a visitor's calendar."""
    return f"person:{subject_ref}"


async def other_calendars(session: AsyncSession, subject_ref: UUID | None) -> list[Resource]:
    """The calendars of the visitor's other references, if they were registered twice and merged."""
    refs = await references_of(session, Alias, subject_ref) if subject_ref is not None else ()
    return [
        Resource(person_resource(ref), "starts_at", msg("the person has another appointment"))
        for ref in refs
        if ref != subject_ref
    ]


async def calendars(
    session: AsyncSession, centre: str, counsellor: str, room: str | None, subject_ref: UUID | None
) -> list[Resource]:
    """The calendars that an interview occupies: of the visitor those of all references, so that the key decides."""
    return [*resources(centre, counsellor, room, subject_ref), *await other_calendars(session, subject_ref)]


async def also_needed(session: AsyncSession, centre: str, room: str | None, subject_ref: UUID | None) -> list[str]:
    """The calendars, besides the counsellor's, in which a time must be free: the room's and the visitor's."""
    return [one.key for one in (await calendars(session, centre, "", room, subject_ref))[1:]]


async def reserve(
    work: Work,
    holder: UUID,
    wanted: Sequence[Resource],
    *,
    starts_at: datetime,
    minutes: int,
    zone: ZoneInfo,
    where_free: Collection[str] = (),
) -> set[str]:
    """Reserve these quarter-hours for an interview, a session or a hold. A hold that is over has none.

    Raises `Overlap`, naming what is taken, or `CounsellorAway`. Of two concurrent reservations that both find a
    quarter-hour free, one violates the primary key and raises `Overlap`.

    `where_free`: calendars of participants, which are reserved as far as they are free. Returns those that are not.
    """
    by_key = {resource.key: resource for resource in wanted}
    quarters = times.quarters(starts_at, minutes)
    asked = [*by_key, *where_free]
    await drop_expired(work.session, asked, quarters[0], quarters[-1] + times.QUARTER, work.now)
    taken = await taken_quarters(work.session, asked, quarters[0], quarters[-1] + times.QUARTER)
    found = [one for one in taken if one[0] in by_key]
    if found:
        key, at = found[0]
        resource = by_key[key]
        if await _is_absence(work.session, key, at):
            raise refusals.CounsellorAway(at=at.astimezone(zone))
        raise refusals.Overlap(about=resource.field, what=resource.label, at=at.astimezone(zone))
    anyone = msg("the counsellor, the room or the person is not free")
    work.guard("quarter_hours_key", refusals.Overlap(what=anyone, at=starts_at.astimezone(zone)))
    busy = set(taken)
    for key in sorted(asked):
        for quarter in quarters:
            if (key, quarter) not in busy:
                work.add(QuarterHour(resource=key, quarter=quarter, holder=holder))
    return {key for key, _at in busy}


async def reserve_where_free(
    work: Work, holder: UUID, wanted: Sequence[Resource], quarters: Sequence[datetime]
) -> None:
    """Reserve those of these quarter-hours that nothing else has, for what took place then."""
    keys = sorted(resource.key for resource in wanted)
    taken = set(await taken_quarters(work.session, keys, quarters[0], quarters[-1] + times.QUARTER))
    work.guard(
        "quarter_hours_key", refusals.Overlap(what=msg("the counsellor or the person is not free"), at=quarters[0])
    )
    for key in keys:
        for quarter in quarters:
            if (key, quarter) not in taken:
                work.add(QuarterHour(resource=key, quarter=quarter, holder=holder))


async def _is_absence(session: AsyncSession, key: str, quarter: datetime) -> bool:
    """Whether an absence has this quarter-hour."""
    taken = await session.get(QuarterHour, (key, quarter))
    return taken is not None and await session.get(CounsellorAbsence, taken.holder) is not None


async def release(work: Work, *holders: UUID) -> Sequence[tuple[str, datetime]]:
    """Free the quarter-hours of these interviews, sessions or absences. In an absence they are kept for it.

    Returns them, as `free` does.
    """
    freed = await free(work, *holders)
    await keep_absences(work.session, freed)
    return freed


async def free(work: Work, *holders: UUID) -> Sequence[tuple[str, datetime]]:
    """Free the quarter-hours of these, and return them: `keep_absences` has them then, after the next reservation."""
    await work.session.flush()
    freed = (
        sa.delete(QuarterHour)
        .where(col(QuarterHour.holder).in_(holders))
        .returning(col(QuarterHour.resource), col(QuarterHour.quarter))
    )
    return [(row[0], row[1]) for row in await work.session.execute(freed)]


async def set_absences_aside(work: Work, counsellor: str, quarters: Collection[datetime]) -> None:
    """Free these quarter-hours of the counsellor from absences: what was held then was held, absent or not."""
    theirs = sa.select(col(CounsellorAbsence.id)).where(col(CounsellorAbsence.counsellor) == counsellor)
    await work.session.execute(
        sa.delete(QuarterHour).where(
            col(QuarterHour.resource) == f"counsellor:{counsellor}",
            col(QuarterHour.quarter).in_(quarters),
            col(QuarterHour.holder).in_(theirs),
        )
    )
