"""What scheduling closes by itself: interviews nobody ended on their day, bookings on closed paths, past absences."""

from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.copies.centres import centre_copies
from services.chassis.storage.store import Store
from services.contracts.scheduling import AppointmentStatus
from services.scheduling.actions import guidance, information, paths
from services.scheduling.domain.states import is_running
from services.scheduling.domain.times import ended_by_night
from services.scheduling.store import Centre, CounsellorAbsence, GuidancePath, QuarterHour
from services.scheduling.store.interviews import running_anywhere
from services.scheduling.store.paths import booked_on_closed_paths

BATCH = 100
"""Paths whose bookings are freed in one round."""
ABSENCES_KEPT = timedelta(days=30)
"""How long an absence is kept after its end."""


async def end_days(store: Store) -> bool:
    """Finish the interviews that earlier days left, in each centre's night, as the visits of that day are closed.

    Two replicas may do this at once: each interview is locked, and finished once.
    """
    async with store.read() as session:
        centres = await centre_copies(session, Centre)
        running = await running_anywhere(session)
    now = store.clock()
    for one in running:
        if not ended_by_night(one.started_at or one.starts_at, now, centres[one.centre].zone):
            continue
        async with store.work() as work:
            interview = await guidance.interview_of(work, one.id)
            if is_running(AppointmentStatus(interview.status)):
                await information.finish(work, interview)
    return False


async def free_closed_paths(store: Store) -> bool:
    """Cancel what is booked for later on closed paths. True if there is more.

    Confirming a plan does so at once. Older versions did not.
    """
    async with store.read() as session:
        found = await booked_on_closed_paths(session, store.clock(), BATCH)
    for path_id in found:
        async with store.work() as work:
            if await work.find(GuidancePath, path_id) is not None:
                await paths.cancel_booked(work, path_id)
    return len(found) == BATCH


async def delete_past_absences(store: Store) -> bool:
    """Delete the absences that ended more than `ABSENCES_KEPT` ago, with their quarter-hours."""
    over = col(CounsellorAbsence.ends_at) < store.clock() - ABSENCES_KEPT
    async with store.read() as session:
        ids = (await session.scalars(sa.select(col(CounsellorAbsence.id)).where(over))).all()
    if ids:
        async with store.work() as work:
            await work.session.execute(sa.delete(QuarterHour).where(col(QuarterHour.holder).in_(ids)))
            await work.session.execute(sa.delete(CounsellorAbsence).where(col(CounsellorAbsence.id).in_(ids)))
    return False
