"""Corrects what was recorded with a check-in."""

from collections.abc import Sequence
from uuid import UUID

from services.chassis.refusals import msg
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.intake import VisitAreaCorrected
from services.intake.actions.visits import board, served_areas
from services.intake.domain import check_correctable, check_not_by_mistake
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
