"""Closes the visits of earlier days that nobody ended: by one press at the desk, and by itself at night."""

from services.chassis.copies.visits import Day
from services.chassis.storage.store import Store, Work
from services.contracts.intake import END_OF_DAY, VisitStatus
from services.intake.actions.visits import emit_ended
from services.intake.domain import closed_as, ends_the_day
from services.intake.store import Centre, Visit, all_centres
from services.intake.store.queue import left_over

BATCH = 500
"""Visits that the night closes in one unit of work."""


async def close_left_over(work: Work, centre: Centre, most: int | None = None) -> int:
    """Close a centre's visits of earlier days; `most`: at most so many. Returns their number.

    Who was being served was served, the others left; `closed_by` says that nobody observed it.
    """
    day = Day.of(centre, work.now)
    found = await left_over(work.session, day, most)
    await work.prefetch(Visit, found)
    closed = 0
    for id in found:
        visit = await work.load(Visit, id)
        if not VisitStatus(visit.status).in_the_room:
            continue  # it was ended before it was locked
        visit.status = closed_as(VisitStatus(visit.status)).value
        visit.ended_at, visit.closed_by, visit.interview_id = work.now, END_OF_DAY, None
        emit_ended(work, visit)
        closed += 1
    return closed


async def end_days(store: Store) -> bool:
    """Close what earlier days left, in each centre's night. True if there is more to close.

    Two replicas may do this at once: each visit is locked, and closed once.
    """
    async with store.read() as session:
        centres = await all_centres(session)
    due = [one for one in centres if ends_the_day(store.clock(), one.zone, one.closed_before)]
    more = False
    for centre in due:
        async with store.work() as work:
            if await close_left_over(work, centre, BATCH) == BATCH:
                more = True
            else:
                kept = await work.load(Centre, centre.code)
                kept.closed_before = work.now.astimezone(centre.zone).date()
    return more
