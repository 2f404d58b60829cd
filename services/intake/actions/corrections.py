"""Corrects what was recorded with a check-in."""

from collections.abc import Collection, Sequence
from uuid import UUID

from services.chassis.copies.visits import check_today
from services.chassis.refusals import msg
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.intake import VisitAreaCorrected, VisitStatus
from services.contracts.queue import VisitInterpreterChanged
from services.intake.actions.visits import board, served_areas
from services.intake.domain import Need, check_correctable, check_not_by_mistake, queue
from services.intake.store import Centre, Visit


async def correct_area(
    work: Work, visit_id: UUID, area: str | None, other_areas: Sequence[str], version: int | None = None
) -> Visit:
    """Correct the areas of a visit; its ticket keeps its number. The same areas change nothing.

    Raises `Stale`, `RecordedByMistake`, `AreaNotServed`, `TooLateToCorrect`.
    """
    visit = await work.load(Visit, visit_id, msg("visit"))
    check_version(visit, version)
    check_not_by_mistake(visit.closed_by)
    centre = await work.session.get_one(Centre, visit.centre)
    main, others = served_areas(centre, area, other_areas)
    if (visit.area, tuple(visit.other_areas)) == (main, others):
        return visit
    check_correctable(visit.checked_in_at, work.now, centre.zone)
    before, visit.area, visit.other_areas = visit.area, main, list(others)
    event = VisitAreaCorrected(
        visit_id=visit.id,
        centre=visit.centre,
        at=work.now,
        checked_in_at=visit.checked_in_at,
        area_before=before,
        area=main,
        other_areas=others,
    )
    work.emit(visit, event)
    work.notify_board(board(visit.centre))
    return visit


async def correct_needs(
    work: Work, visit_id: UUID, interpreter_language: str | None, needs: Collection[Need], version: int | None = None
) -> Visit:
    """What is to be prepared for a visitor who is here: kept until the visit ends. The same again changes nothing.

    The needs are in no event; the language is. Raises `Stale`, `FromEarlierDay`, `WrongStep`.
    """
    visit = await work.load(Visit, visit_id, msg("visit"))
    check_version(visit, version)
    check_today(visit, await work.session.get_one(Centre, visit.centre), work.now)
    queue.check_may_wait(VisitStatus(visit.status))
    visit.needs = sorted(set(needs))
    if visit.interpreter_language != interpreter_language:
        visit.interpreter_language = interpreter_language
        event = VisitInterpreterChanged(
            visit_id=visit.id, centre=visit.centre, at=work.now, interpreter_language=interpreter_language
        )
        work.emit(visit, event)
    work.notify_board(board(visit.centre))
    return visit
