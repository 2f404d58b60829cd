"""Counts results, and builds reports from the counts."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.copies.centres import centre_copies, centre_in
from services.chassis.refusals import UnknownArea
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.store import Work
from services.impact.domain import Measure, Period, Report, report
from services.impact.store import NO_AREA, Centre, count_one, counts, ever_counted, published_areas


def count(work: Work, measure: Measure, at: datetime, centre: str, area: str | None = None) -> None:
    """Count one, on the centre's local day."""
    count_one(work, measure, at.astimezone(BRUSSELS).date(), centre, area)


async def build_report(
    session: AsyncSession, period: Period, centres: Sequence[str], areas: Sequence[str]
) -> tuple[dict[str, str], Report]:
    """The centres' names by code, and the report. Area `""` selects the counts without an area.

    Raises `UnknownCentre`, `UnknownArea`. An area that no centre offers any more is accepted if it has counts.
    """
    copies = await centre_copies(session, Centre)
    for code in centres:
        centre_in(copies, code)
    published = await published_areas(session) if areas else set[str]()
    for area in areas:
        if area != NO_AREA and area not in published and not await ever_counted(session, area):
            raise UnknownArea(area=area, known=sorted(published))
    names = {code: centre.name for code, centre in copies.items()}
    return names, report(await counts(session, period, centres, areas))
