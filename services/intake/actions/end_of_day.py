"""Closes the visits that nobody ended: the day's and earlier ones by one press at the desk, the rest at night."""

from datetime import timedelta

import sqlalchemy as sa

from services.chassis.copies.visits import Day, is_here, is_left_over
from services.chassis.storage.store import Store, Work
from services.contracts.intake import END_OF_DAY, VisitStatus
from services.intake.actions.estimates import learn
from services.intake.actions.reopening import keep_place_of, place_of
from services.intake.actions.visits import emit_ended
from services.intake.domain import CHECK_IN_WITHIN, closed_as, ends_the_day
from services.intake.store import Centre, Visit, all_centres
from services.intake.store.appointments import delete_over
from services.intake.store.devices import prune_numbers
from services.intake.store.queue import clear_places, unfinished

BATCH = 500
"""Visits that the night closes in one unit of work."""
NUMBERS_KEPT = CHECK_IN_WITHIN + timedelta(days=1)
"""How long the numbers are kept that devices gave: as long as a check-in with one of them may come."""


async def close_left_over(work: Work, centre: Centre, most: int | None = None) -> int:
    """Close a centre's visits of earlier days; `most`: at most so many. Returns their number."""
    return await _close(work, is_left_over(Visit, Day.of(centre, work.now)), most)


async def close_today(work: Work, centre: Centre) -> int:
    """Close the day: end the visits of today that nobody ended. Returns their number; `ended_at` of each is now."""
    return await _close(work, is_here(Visit, Day.of(centre, work.now)), None, for_now=True)


async def _close(work: Work, which: sa.ColumnElement[bool], most: int | None, *, for_now: bool = False) -> int:
    """Who was being served was served, the others left; `closed_by` says that nobody observed it.

    `for_now`: `reopen_today` may take it back.
    """
    found = await unfinished(work.session, which, most)
    await work.prefetch(Visit, found)
    closed = 0
    for id in found:
        visit = await work.load(Visit, id)
        if not VisitStatus(visit.status).in_the_room:
            continue  # it was ended before it was locked
        place = place_of(visit)
        close_unended(work, visit)
        if for_now:
            keep_place_of(visit, place)
        closed += 1
    return closed


def close_unended(work: Work, visit: Visit) -> None:
    """Close a visit, loaded and in the room, whose end nobody recorded."""
    visit.status = closed_as(VisitStatus(visit.status)).value
    visit.ended_at, visit.closed_by, visit.interview_id = work.now, END_OF_DAY, None
    emit_ended(work, visit)


async def end_days(store: Store) -> bool:
    """Close what earlier days left, in each centre's night, and learn from them. True if there is more to close.

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
                await clear_places(work.session, kept.code, kept.day_began_at, Day.of(centre, work.now).began_at)
                kept.day_began_at = Day.of(centre, work.now).began_at
                kept.closed_before = kept.day_began_at.date()
                await learn(work, kept, kept.closed_before)
                await delete_over(work.session, kept.code, kept.day_began_at)
                await prune_numbers(work.session, kept.code, kept.closed_before - NUMBERS_KEPT)
    return more
