"""Takes back the closing of a day by mistake: what one press closed is open again, each visit at its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.chassis.copies.visits import Day
from services.chassis.storage.store import Work
from services.contracts.intake import JUST_SEEN, VisitReturned, VisitStatus
from services.intake.actions.queue import emit_destination, put_on_hold
from services.intake.actions.visits import board
from services.intake.domain.queue import DayNotJustClosed
from services.intake.store import Centre, Visit
from services.intake.store.queue import closed_at


@dataclass(frozen=True, slots=True)
class Reopened:
    """The visits that are open again, and those that are not: they were changed after the closing."""

    opened: Sequence[Visit]
    changed: Sequence[Visit]


def place_of(visit: Visit) -> dict[str, Any]:
    """Where a visit is that is about to be closed. What was to be prepared, and a priority's reason, are not kept."""
    interview = str(visit.interview_id) if visit.interview_id is not None else None
    return {"status": visit.status, "held": visit.held_at is not None, "interview_id": interview}


def keep_place_of(visit: Visit, place: dict[str, Any]) -> None:
    """Keep it with the visit, which is closed now: its next event, whatever it says, changes the visit."""
    visit.before_closing = place | {"version": visit.version}


async def reopen_today(work: Work, centre: Centre, at: datetime) -> Reopened:
    """Reopen what the press at this time closed, at most `JUST_SEEN` ago. Raises `DayNotJustClosed`.

    Not a visit that was changed since: only its own page brings it back. What was put back since stays as it is.
    """
    day = Day.of(centre, work.now)
    if not work.now - JUST_SEEN < at <= work.now:
        raise DayNotJustClosed()
    found = await closed_at(work.session, day, at)
    await work.prefetch(Visit, found)
    opened: list[Visit] = []
    changed: list[Visit] = []
    for id in found:
        visit = await work.load(Visit, id)
        place, visit.before_closing = visit.before_closing, None
        if visit.ended_at != at or place is None:
            continue  # it was put back before it was locked
        if visit.version != place["version"] or visit.interview_id is not None:
            changed.append(visit)
            continue
        _reopen(work, visit, place)
        opened.append(visit)
    work.notify_board(board(centre.code))
    return Reopened(opened, changed)


def _reopen(work: Work, visit: Visit, place: dict[str, Any]) -> None:
    visit.status, visit.ended_at, visit.closed_by = place["status"], None, None
    visit.interview_id = UUID(place["interview_id"]) if place["interview_id"] is not None else None
    status = VisitStatus(visit.status)
    emit_destination(work, visit)
    work.emit(visit, VisitReturned(visit_id=visit.id, centre=visit.centre, at=work.now, status=status))
    if place["held"]:
        put_on_hold(work, visit)
