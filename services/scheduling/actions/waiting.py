"""A copy of the visits that queued, with a sequence number for each change of a centre's board."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.storage.bulk import upsert
from services.chassis.storage.store import Work
from services.contracts.intake import VisitStatus
from services.scheduling.actions.boards import board
from services.scheduling.store import KnownPerson, Waiting, WaitingBoard

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
) -> None:
    """Copy a visit that queues; others are ignored."""
    if not status.in_the_room or await work.find(Waiting, visit_id) is not None:
        return
    row = Waiting(
        id=visit_id,
        centre=centre,
        area=area,
        ticket=ticket,
        status=status.value,
        checked_in_at=at,
        changed_at=at,
        subject_ref=await _unless_erased(work, subject_ref),
    )
    record_change(work, work.start(row))


async def change_status(work: Work, visit_id: UUID, status: VisitStatus, at: datetime) -> None:
    """Change the status of a copy. Visits that never queued have none, and are ignored.

    So is an earlier step of a visitor whose interview has ended here meanwhile: the end of the visit follows.
    """
    row = await work.find(Waiting, visit_id)
    if row is None or (status.in_the_room and row.ended_at is not None and at <= row.ended_at):
        return
    row.status, row.changed_at = status.value, at
    row.ended_at = None if status.in_the_room else at
    record_change(work, row)


async def bring_back(work: Work, visit_id: UUID, status: VisitStatus, at: datetime) -> None:
    """An interview was undone: the visitor is where they were before."""
    row = await work.find(Waiting, visit_id)
    if row is not None:
        row.status, row.changed_at, row.ended_at = status.value, at, None
        record_change(work, row)


async def identify(work: Work, visit_id: UUID, subject_ref: UUID, at: datetime) -> None:
    """Link the copy to its registered visitor, unless they were erased: the event may be late."""
    kept = await _unless_erased(work, subject_ref)  # the person before the visit: the order of locks
    row = await work.find(Waiting, visit_id)
    if row is not None and kept is not None:
        row.subject_ref, row.changed_at = kept, at
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
