"""Guidance interviews whose visitor did not come."""

from services.chassis.copies.aliases import references_of
from services.chassis.copies.centres import known_centre
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.scheduling import AppointmentStatus, InterviewKind, InterviewMissed
from services.scheduling.actions.boards import board
from services.scheduling.domain import rules, times
from services.scheduling.store import Alias, Centre, Interview
from services.scheduling.store.copies import visit_of_person


async def miss(work: Work, interview: Interview, version: int | None = None) -> None:
    """Record a no-show.

    Raises `NotBooked`, `NotYet` before the start, `VisitorHasArrived` if they arrived for it, `VisitorIsHere` if they
    checked in that day otherwise.
    """
    check_version(interview, version)
    rules.check_booked(interview.status)
    centre = await known_centre(work.session, Centre, interview.centre)
    rules.check_begun(interview.starts_at, work.now, centre.zone)
    rules.check_not_arrived(interview.arrived_at, centre.zone)
    if interview.subject_ref is not None:
        day = times.local_day(interview.starts_at.astimezone(centre.zone).date(), centre.zone)
        refs = await references_of(work.session, Alias, interview.subject_ref)
        visit = await visit_of_person(work.session, refs, *day)
        rules.check_absent(visit.ticket if visit else None, here=visit is not None)
    interview.status, interview.counted_as = AppointmentStatus.NOSHOW.value, None
    work.emit(
        interview,
        InterviewMissed(
            interview_id=interview.id, kind=InterviewKind(interview.kind), centre=interview.centre, at=work.now
        ),
    )
    work.notify_board(board(interview.centre))
