"""The figures of a centre's day, as its team reads and exports them: today's or an earlier one's."""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.intake import VisitStatus
from services.intake.actions.estimates import called_at, waited_in_turn
from services.intake.domain.days import WEEK, DayFigures, DayVisit, NoFiguresYet, bounds, day_figures
from services.intake.store import Centre
from services.intake.store.days import visits_begun


class TwoDays(NamedTuple):
    """A day, and the same weekday of the week before."""

    day: DayFigures
    before: DayFigures


async def two_days(session: AsyncSession, centre: Centre, day: date, now: datetime) -> TwoDays:
    """The figures of a day and of the one a week before. Raises `NoFiguresYet`."""
    if day > now.astimezone(centre.zone).date():
        raise NoFiguresYet()
    return TwoDays(await _figures_of(session, centre, day, now), await _figures_of(session, centre, day - WEEK, now))


async def _figures_of(session: AsyncSession, centre: Centre, day: date, now: datetime) -> DayFigures:
    rows = await visits_begun(session, centre.code, *bounds(day, centre.zone))
    return day_figures(day, centre.zone, map(_visit, rows), now)


def _visit(row: Any) -> DayVisit:
    called = called_at(row)
    status = VisitStatus(row.status)
    imported = row.ticket is None and status.has_ended
    return DayVisit(
        row.for_area or row.area,
        status,
        row.checked_in_at,
        row.closed_by,
        wait=max(called - row.checked_in_at, timedelta()) if called and waited_in_turn(row) else None,
        later=row.recorded_later or imported,
        certain=not (row.recorded_later or row.clock_uncertain),
    )
