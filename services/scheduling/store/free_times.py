"""The free times of a calendar: when an appointment of some length fits, for all the resources that it occupies."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduling.domain import times
from services.scheduling.store.copies import Centre
from services.scheduling.store.interviews import taken_quarters

WINDOW = timedelta(days=14)
"""How many days one search for days with free times looks at."""


async def free_times(
    session: AsyncSession, centre: Centre, resources: Sequence[str], day: date, minutes: int, now: datetime
) -> list[datetime]:
    """The quarter-hours of a local day at which an appointment fits, later than `now`."""
    bounds = times.local_day(day, centre.zone)
    taken = [quarter for _resource, quarter in await taken_quarters(session, resources, *bounds)]
    return times.free_starts(centre.hours, day, minutes, taken, now)


async def free_days(
    session: AsyncSession,
    centre: Centre,
    resources: Sequence[str],
    first: date,
    minutes: int,
    after: datetime,
    *,
    last: date,
    most: int,
    besides: UUID,
) -> tuple[list[tuple[date, list[datetime]]], date | None]:
    """The next days from `first` to `last` with free times later than `after`, `most` at most, and where to go on.

    `besides`: the appointment that is to be moved, whose own time is free for it. None: there are no later days.
    """
    end = min(first + WINDOW, last + timedelta(days=1))
    bounds = times.local_day(first, centre.zone)[0], times.local_day(end, centre.zone)[0]
    taken = [quarter for _, quarter in await taken_quarters(session, resources, *bounds, besides=besides)]
    found: list[tuple[date, list[datetime]]] = []
    day = first
    while day < end and len(found) < most:
        if free := times.free_starts(centre.hours, day, minutes, taken, after):
            found.append((day, free))
        day += timedelta(days=1)
    return found, day if day <= last else None
