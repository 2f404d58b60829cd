"""Guidance interviews whose visitor did not come, or came late after that was recorded."""

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.copies.aliases import references_of
from services.chassis.copies.centres import known_centre
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Store, Work
from services.contracts.scheduling import AppointmentStatus, InterviewKind, InterviewMissed
from services.scheduling.actions.boards import board
from services.scheduling.actions.path_rules import next_place
from services.scheduling.actions.restating import emit_restated
from services.scheduling.domain import rules, times
from services.scheduling.domain.outcomes import UNDONE_WITHIN
from services.scheduling.domain.refusals import PersonUnknown
from services.scheduling.domain.states import BOOKED, HELD, MISSED, is_booked
from services.scheduling.store import Alias, Centre, GuidancePath, Interview
from services.scheduling.store.copies import visit_at


async def miss(work: Work, interview: Interview, version: int | None = None) -> None:
    """Record a no-show.

    Raises `NotBooked`, `NotYet` before the start, `VisitorHasArrived` if they arrived for it, `VisitorIsHere` if they
    were at the centre then for another need.
    """
    check_version(interview, version)
    rules.check_booked(interview.status)
    centre = await known_centre(work.session, Centre, interview.centre)
    rules.check_begun(interview.starts_at, work.now, centre.zone)
    rules.check_not_arrived(interview.arrived_at, centre.zone)
    if interview.subject_ref is not None:
        day = times.local_day(interview.starts_at.astimezone(centre.zone).date(), centre.zone)
        refs = await references_of(work.session, Alias, interview.subject_ref)
        visit = await visit_at(work.session, refs, day, interview.starts_at, interview.minutes or 0)
        rules.check_absent(visit.ticket if visit else None, here=visit is not None)
    interview.status, interview.counted_as = AppointmentStatus.NOSHOW.value, None
    work.emit(
        interview,
        InterviewMissed(
            interview_id=interview.id, kind=InterviewKind(interview.kind), centre=interview.centre, at=work.now
        ),
    )
    work.notify_board(board(interview.centre))


async def undo_miss(work: Work, interview: Interview, version: int | None = None) -> None:
    """The no-show was recorded by mistake, or the visitor came late: the interview is booked as it was.

    Its quarter-hours are still reserved. What is booked already stays so. What took place is recorded also on a path
    that is closed meanwhile, and when the consent is withdrawn.
    Raises `Stale`, `NotBooked`, `NoShowStays` when it is too late, `PersonUnknown` of an erased person, and what
    `next_place` raises: the path may be full meanwhile.
    """
    if is_booked(AppointmentStatus(interview.status)):
        return
    check_version(interview, version)
    centre = await known_centre(work.session, Centre, interview.centre)
    rules.check_may_undo_no_show(interview.status, interview.starts_at, work.now, centre.zone)
    path = await work.find(GuidancePath, interview.path_id) if interview.path_id is not None else None
    if path is None or interview.subject_ref is None:
        raise PersonUnknown()
    interview.counted_as = await next_place(work, path)
    interview.status = AppointmentStatus.BOOKED.value
    emit_restated(work, interview, interview.subject_ref)
    work.notify_board(board(interview.centre))


async def delete_interpreters(store: Store) -> bool:
    """Delete the interpreter's language of what was held or missed for good, and of what nobody recorded."""
    now = store.clock()
    missed = sa.and_(
        col(Interview.status).in_((*MISSED, *BOOKED)), col(Interview.starts_at) < now - rules.NO_SHOW_UNDONE_WITHIN
    )
    held = sa.and_(col(Interview.status).in_(HELD), col(Interview.ended_at) <= now - UNDONE_WITHIN)
    which = (sa.or_(missed, held), col(Interview.interpreter_language).is_not(None))
    async with store.read() as session:
        found = await session.scalar(sa.select(col(Interview.id)).where(*which).limit(1))
    if found is not None:
        async with store.work() as work:
            await work.session.execute(sa.update(Interview).where(*which).values(interpreter_language=None))
    return False
