"""The outcome of an interview: recorded with its end, and corrected on the same day."""

from services.chassis.copies.centres import known_centre
from services.chassis.refusals import AreaNotServed
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.interviews import InterviewOutcomeCorrected
from services.contracts.outcomes import NOTHING_STATED
from services.contracts.scheduling import InterviewKind
from services.scheduling.actions.boards import board
from services.scheduling.domain.outcomes import Result, check_may_correct, check_outcome
from services.scheduling.store import Centre, Interview


def set_result(interview: Interview, result: Result | None, centre: Centre) -> None:
    """The area and the outcome with which the interview is held; None: neither is stated.

    Raises `GuidanceNotOffered`, `AreaNotServed`.
    """
    if result is None:
        return
    check_outcome(result.outcome)
    if result.area not in (None, interview.area, *centre.areas):
        raise AreaNotServed(area=result.area, known=list(centre.areas))
    stated = result.outcome if result.outcome != NOTHING_STATED else None
    interview.area, interview.outcome = result.area, stated.model_dump(mode="json") if stated is not None else None


async def correct(work: Work, interview: Interview, result: Result, version: int | None = None) -> None:
    """Correct area and outcome of an interview that was held today. The same again changes nothing.

    Raises `Stale`, `NotHeld`, `OutcomeStays`, `GuidanceNotOffered`, `AreaNotServed`.
    """
    check_version(interview, version)
    centre = await known_centre(work.session, Centre, interview.centre)
    check_may_correct(interview.status, interview.ended_at, work.now, centre.zone)
    area_before, before = interview.area, interview.result
    if (area_before, before or NOTHING_STATED) == (result.area, result.outcome):
        return
    set_result(interview, result, centre)
    work.emit(
        interview,
        InterviewOutcomeCorrected(
            interview_id=interview.id,
            kind=InterviewKind(interview.kind),
            centre=interview.centre,
            counsellor=interview.counsellor,
            starts_at=interview.starts_at,
            at=work.now,
            mode=interview.arrangement.mode,
            area_before=area_before,
            area=result.area,
            outcome_before=before,
            outcome=result.outcome,
        ),
    )
    work.notify_board(board(interview.centre))
