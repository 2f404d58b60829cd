"""What is booked with a counsellor in an absence, or outside their working hours: the team moves or cancels it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduling.domain.availability import lies_within
from services.scheduling.store import Centre, CounsellorAbsence, CounsellorHours
from services.scheduling.store.availability import BookedTime, booked_with, overlaps


async def booked_outside(
    session: AsyncSession,
    counsellor: str,
    now: datetime,
    centres: Sequence[Centre],
    absences: Sequence[CounsellorAbsence],
    kept: Mapping[str, CounsellorHours],
) -> list[BookedTime]:
    """What these centres have booked from now on in these absences, or outside these working hours."""
    found: list[BookedTime] = []
    of_centre = {centre.code: centre for centre in centres}
    for one in await booked_with(session, counsellor, now):
        centre = of_centre.get(one.centre)
        if centre is not None and (overlaps(absences, one) or _is_outside(one, centre, kept)):
            found.append(one)
    return found


def _is_outside(booked: BookedTime, centre: Centre, kept: Mapping[str, CounsellorHours]) -> bool:
    """Whether it lies outside the working hours at its centre, if there are any."""
    if booked.centre not in kept:
        return False
    return not lies_within(kept[booked.centre].hours(centre.zone), booked.starts_at, booked.minutes)
