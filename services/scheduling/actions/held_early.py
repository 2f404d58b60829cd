"""An appointment that took place before its time: in the calendar it is where it was, and its time is kept a while."""

from datetime import datetime, timedelta

from services.chassis.storage.store import Work
from services.scheduling.actions.calendar import calendars, free, reserve_where_free, set_absences_aside
from services.scheduling.actions.kept_times import keep_time
from services.scheduling.domain import times
from services.scheduling.store import Interview
from services.scheduling.store.availability import keep_absences


async def bring_forward(work: Work, interview: Interview, began: datetime | None) -> None:
    """Move the interview to when it took place, without a room.

    From the quarter-hour in which it began. None: not known; then so that it ended at the last full quarter.
    It did take place: what else the calendar has then stays, beside it. The time that is free now is kept as long as
    this can be undone.
    """
    minutes = interview.minutes
    ended = times.quarters(work.now, 1)[0]
    starts_at = times.quarters(began, 1)[0] if began is not None else ended - timedelta(minutes=minutes)
    quarters = [one for one in times.quarters(starts_at, minutes) if one <= work.now]
    freed = await free(work, interview.id)
    await set_absences_aside(work, interview.counsellor, quarters)
    taken = await calendars(work.session, interview.centre, interview.counsellor, None, interview.subject_ref)
    await reserve_where_free(work, interview.id, taken, quarters)
    await work.session.flush()
    await keep_absences(work.session, freed)
    await keep_time(work, interview)
    interview.booked_for, interview.starts_at = interview.starts_at, starts_at
