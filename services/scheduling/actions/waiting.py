"""A copy of the visits that queued, with a sequence number for each change of a centre's board."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.copies.visits import RANK
from services.chassis.storage.bulk import upsert
from services.chassis.storage.store import Work
from services.contracts.intake import VisitStatus
from services.scheduling.actions.boards import board
from services.scheduling.store import Interview, KnownPerson, Waiting, WaitingBoard

RETENTION = timedelta(days=2)
"""How long a visit is kept after check-in, for readers of the stream that reconnect."""
_CHANGED = "scheduling.changed"


async def check_in(
    work: Work,
    visit_id: UUID,
    *,
    centre: str,
    area: str | None,
    ticket: str | None,
    status: VisitStatus,
    at: datetime,
    subject_ref: UUID | None,
    other_areas: Sequence[str] = (),
    interpreter_language: str | None = None,
) -> None:
    """Copy a visit that queues; others are ignored."""
    if not status.in_the_room or await work.find(Waiting, visit_id) is not None:
        return
    row = Waiting(
        id=visit_id,
        centre=centre,
        area=area,
        other_areas=list(other_areas),
        interpreter_language=interpreter_language,
        ticket=ticket,
        status=status.value,
        checked_in_at=at,
        changed_at=at,
        subject_ref=await _unless_erased(work, subject_ref),
    )
    record_change(work, work.start(row))


async def change_status(work: Work, visit_id: UUID, status: VisitStatus, at: datetime, *, held: bool = False) -> None:
    """Change the status of a copy, which is on hold only if `held`. Visits that never queued have none: ignored.

    So is an earlier step of a visitor whose interview has ended here meanwhile: the end of the visit follows.
    """
    row = await work.find(Waiting, visit_id)
    if row is None or (status.in_the_room and row.ended_at is not None and at <= row.ended_at):
        return
    row.status, row.changed_at, row.held_at = status.value, at, at if held else None
    if status.in_the_room:
        row.ended_at = None
    else:
        end_copy(row, at)
    record_change(work, row)


def end_copy(row: Waiting, at: datetime) -> None:
    """The visit has ended: delete what was prepared for it."""
    row.ended_at, row.interpreter_language = at, None


async def correct_area(work: Work, visit_id: UUID, area: str | None, other_areas: Sequence[str], at: datetime) -> None:
    """Correct the areas of a copy."""
    row = await work.find(Waiting, visit_id)
    if row is not None:
        row.area, row.other_areas, row.changed_at = area, list(other_areas), at
        record_change(work, row)


async def change_interpreter(work: Work, visit_id: UUID, language: str | None, at: datetime) -> None:
    """The visitor needs an interpreter of this language, or none. A visit that has ended here needs none."""
    row = await work.find(Waiting, visit_id)
    if row is not None and row.ended_at is None:
        row.interpreter_language, row.changed_at = language, at
        record_change(work, row)


async def transfer(
    work: Work, visit_id: UUID, area: str | None, desk: str | None, counsellor: str | None, at: datetime
) -> None:
    """The visitor waits for this area, desk or counsellor alone."""
    row = await work.find(Waiting, visit_id)
    if row is not None:
        row.for_area, row.for_desk, row.for_counsellor = area, desk, counsellor
        await change_status(work, visit_id, VisitStatus.WAITING, at)


async def prioritise(work: Work, visit_id: UUID, priority: bool, at: datetime) -> None:
    """The visitor is called before those without priority, or no longer."""
    row = await work.find(Waiting, visit_id)
    if row is not None:
        row.rank, row.changed_at = RANK - priority, at
        record_change(work, row)


async def await_counsellor(work: Work, visit_id: UUID, counsellor: str, at: datetime) -> None:
    """The visitor has an appointment: before those without priority, for this counsellor alone."""
    row = await work.find(Waiting, visit_id)
    if row is not None:
        row.rank, row.for_counsellor, row.changed_at = RANK - 1, counsellor, at
        record_change(work, row)


async def await_nobody(work: Work, visit_id: UUID, at: datetime) -> None:
    """The visit is nobody's. Its end follows, unless it was a visit before it was taken for an arrival."""
    row = await work.find(Waiting, visit_id)
    if row is not None:
        row.rank, row.for_counsellor, row.subject_ref, row.changed_at = RANK, None, None, at
        record_change(work, row)


async def release_visitor(work: Work, interview: Interview) -> Waiting | None:
    """The visitor is no longer in this interview. Returns the visitor who was."""
    work.notify_board(board(interview.centre))
    waiting = await work.find(Waiting, interview.visit_id) if interview.visit_id else None
    if waiting is None or waiting.interview_id != interview.id:
        return None
    waiting.counsellor, waiting.interview_id, waiting.changed_at = None, None, work.now
    record_change(work, waiting)
    return waiting


async def bring_back(work: Work, visit_id: UUID, status: VisitStatus, at: datetime) -> None:
    """The visitor is where they were before: an interview was undone, or they are back from hold or a departure."""
    row = await work.find(Waiting, visit_id)
    if row is not None:
        row.status, row.changed_at, row.ended_at, row.held_at = status.value, at, None, None
        record_change(work, row)


async def identify(work: Work, visit_id: UUID, subject_ref: UUID, at: datetime) -> None:
    """Link the copy to its registered visitor, unless they were erased: the event may be late."""
    kept = await _unless_erased(work, subject_ref)  # the person before the visit: the order of locks
    row = await work.find(Waiting, visit_id)
    if row is not None and kept is not None:
        row.subject_ref, row.changed_at = kept, at
        record_change(work, row)


async def anonymise(work: Work, visit_id: UUID, at: datetime) -> None:
    """The visit is nobody's whom we know."""
    row = await work.find(Waiting, visit_id)
    if row is not None:
        row.subject_ref, row.changed_at = None, at
        record_change(work, row)


async def _unless_erased(work: Work, subject_ref: UUID | None) -> UUID | None:
    """The reference; None if its person was erased."""
    person = await work.find(KnownPerson, subject_ref) if subject_ref is not None else None
    return None if person is not None and person.erased_at is not None else subject_ref


def record_change(work: Work, row: Waiting) -> None:
    """Give this change its sequence number before the commit, and notify the centre's board after it."""
    pending: dict[UUID, Waiting] | None = work.session.info.get(_CHANGED)
    if pending is None:
        pending = work.session.info[_CHANGED] = {}
        work.before_commit(lambda: _assign_seq(work, pending))
    pending[row.id] = row
    work.notify_board(board(row.centre))


async def _assign_seq(work: Work, pending: dict[UUID, Waiting]) -> None:
    """Give each changed row the next sequence number of its centre.

    The centre's counter stays locked until the commit, so that numbers become visible in order. Centres are locked
    in order of code: the order of locks in docs/architecture.md.
    """
    by_centre: dict[str, list[Waiting]] = {}
    for row in pending.values():
        by_centre.setdefault(row.centre, []).append(row)
    to_prune: list[str] = []
    for centre in sorted(by_centre):
        rows = by_centre[centre]
        last, tidied_on = await _advance_seq(work, centre, len(rows))
        for number, row in enumerate(rows, last - len(rows) + 1):
            row.seq = number
        if tidied_on != work.now.date():
            to_prune.append(centre)
    if to_prune:
        await work.session.flush()  # a changed row may itself be pruned
    for centre in to_prune:
        await _prune(work, centre)


async def _advance_seq(work: Work, centre: str, by: int) -> tuple[int, date | None]:
    counted = _increment(work.session), {"centre": centre, "seq": by, "forgotten": 0}
    row = (await work.session.execute(*counted)).one()
    return row.seq, row.tidied_on


@upsert
def _increment(insert: Any) -> Any:
    boards = WaitingBoard.metadata.tables["waiting_boards"]
    counted = insert(boards)
    added = {"seq": boards.c.seq + counted.excluded.seq}
    return counted.on_conflict_do_update(index_elements=["centre"], set_=added).returning(
        boards.c.seq, boards.c.tidied_on
    )


async def _prune(work: Work, centre: str) -> None:
    """Once a day, delete visits older than `RETENTION`. A reader behind them receives a `reset` event."""
    old = sa.and_(col(Waiting.centre) == centre, col(Waiting.checked_in_at) < work.now - RETENTION)
    newest = await work.session.scalar(sa.select(sa.func.max(col(Waiting.seq))).where(old))
    if newest is not None:
        await work.session.execute(sa.delete(Waiting).where(old).execution_options(synchronize_session=False))
    values: dict[str, Any] = {"tidied_on": work.now.date()} | ({"forgotten": newest} if newest is not None else {})
    await work.session.execute(sa.update(WaitingBoard).where(col(WaitingBoard.centre) == centre).values(**values))
