"""Builds reports: exact ones from the counts, public ones from what is published."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.copies.centres import centre_copies, centre_in
from services.chassis.refusals import UnknownArea
from services.impact.domain import (
    InterviewReport,
    Months,
    PeopleReport,
    Period,
    Report,
    WorkshopReport,
    attended_report,
    interview_report,
    report,
)
from services.impact.store import (
    NO_AREA,
    Centre,
    counts,
    ever_counted,
    ever_published,
    facts_counted,
    interviews_held,
    network_counts,
    published_areas,
    published_counts,
)


async def exact_report(
    session: AsyncSession, period: Period, centres: Sequence[str], areas: Sequence[str]
) -> tuple[dict[str, str], Report]:
    """The centres' names by code, and the report. Area `""` selects the counts without an area.

    Raises `UnknownCentre`, `UnknownArea`. An area that no centre offers any more is accepted if it has counts.
    """
    names = await _check_centres(session, centres)
    known = await published_areas(session) if areas else set[str]()
    for area in areas:
        if area != NO_AREA and area not in known and not await ever_counted(session, area):
            raise UnknownArea(area=area, known=sorted(known))
    return names, report(await counts(session, period, centres, areas))


async def exact_interviews(session: AsyncSession, period: Period, centres: Sequence[str]) -> InterviewReport:
    """The interviews of a period by mode and outcome. They are exact: nothing of them is published."""
    return interview_report(await interviews_held(session, period, centres))


async def exact_attended(
    session: AsyncSession, period: Period, centres: Sequence[str]
) -> tuple[PeopleReport, WorkshopReport]:
    """The people and the workshops of a period. They are exact: nothing of them is published."""
    return attended_report(await facts_counted(session, period, centres))


async def public_report(
    session: AsyncSession, months: Months, centres: Sequence[str], areas: Sequence[str]
) -> tuple[dict[str, str], Report]:
    """The centres' names by code, and the report of what is published. Raises `UnknownCentre`, `UnknownArea`.

    For chosen centres or areas it adds up their published counts; for all, it has the counts of the network.
    """
    names = await _check_centres(session, centres)
    known = await published_areas(session) if areas else set[str]()
    for area in areas:
        if area != NO_AREA and area not in known and not await ever_published(session, area):
            raise UnknownArea(area=area, known=sorted(known))
    network = None if centres or areas else await network_counts(session, months)
    return names, report(await published_counts(session, months, centres, areas), network)


async def _check_centres(session: AsyncSession, centres: Sequence[str]) -> dict[str, str]:
    """All centres' names by code. Raises `UnknownCentre` if one of `centres` is none."""
    copies = await centre_copies(session, Centre)
    for code in centres:
        centre_in(copies, code)
    return {code: copy.name for code, copy in copies.items()}
