"""The free times of a calendar: when an appointment of some length fits, for all the resources that it occupies."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduling.domain import times
from services.scheduling.store.copies import Centre
from services.scheduling.store.interviews import Interview, taken_quarters

WINDOW = timedelta(days=14)
"""How many days one query of a search for days with free times looks at."""


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
    besides: Interview,
) -> tuple[list[tuple[date, list[datetime]]], date | None]:
    """The next days from `first` to `last` with free times later than `after`, `most` at most, and where to go on.

    `besides`: the appointment that is to be moved. Its quarter-hours are free for it, but its own start is no other
    time. Where nothing is free, the search goes on to `last`. None: there are no later days.
    """
    found: list[tuple[date, list[datetime]]] = []
    day = first
    while day <= last and not found:
        end = min(day + WINDOW, last + timedelta(days=1))
        bounds = times.local_day(day, centre.zone)[0], times.local_day(end, centre.zone)[0]
        taken = [quarter for _, quarter in await taken_quarters(session, resources, *bounds, besides=besides.id)]
        while day < end and len(found) < most:
            starts = times.free_starts(centre.hours, day, minutes, taken, after)
            if free := [at for at in starts if at != besides.starts_at]:
                found.append((day, free))
            day += timedelta(days=1)
    return found, day if day <= last else None
