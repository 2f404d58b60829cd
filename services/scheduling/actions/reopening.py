"""Reopens a path that was given up."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.aliases import references_of
from services.chassis.copies.centres import known_centre
from services.chassis.refusals import msg
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.paths import PathReopened
from services.contracts.scheduling import Method
from services.scheduling.actions import attendance
from services.scheduling.actions.boards import board
from services.scheduling.actions.path_rules import check_consent
from services.scheduling.actions.stopping import lock_workshop
from services.scheduling.domain import refusals
from services.scheduling.domain.paths import REOPENED, ReopenReason, check_may_reopen
from services.scheduling.domain.states import may_go_on
from services.scheduling.store import Alias, Centre, GuidancePath, KnownPerson
from services.scheduling.store.path_seats import end_of, end_of_seat
from services.scheduling.store.paths import other_open_path, record_change, time_of_change


async def may_reopen(session: AsyncSession, path: GuidancePath) -> bool:
    """Whether a path may be reopened, as far as its end and its seat go: only then a page offers it."""
    ended = end_of(path)
    if ended is None or path.subject_ref is None or not may_go_on(ended[0]):
        return False
    return await end_of_seat(session, path) is None


async def reopen(
    work: Work, path_id: UUID, reason: ReopenReason, version: int | None = None, by: str | None = None
) -> GuidancePath:
    """Reopen a path that was given up. What its end freed stays free. `by`: the code of the counsellor.

    Of a path by workshop, the final interview becomes due if the workshop is finished meanwhile.
    Raises `PathIsOpen`, `PathStaysClosed`, `PersonUnknown`, `ConsentMissing`, `AnotherPathOpen`, `Stale`.
    """
    # The person before the workshop and the path: the order of locks in docs/architecture.md. Who opens a path locks
    # the person too.
    subject = sa.select(col(GuidancePath.subject_ref)).where(col(GuidancePath.id) == path_id)
    subject_ref = await work.session.scalar(subject)
    refs = await references_of(work.session, Alias, subject_ref) if subject_ref is not None else ()
    await work.prefetch(KnownPerson, refs)
    workshop = await lock_workshop(work, path_id)
    path = await work.load(GuidancePath, path_id, msg("path"))
    check_version(path, version)
    centre = await known_centre(work.session, Centre, path.centre)
    check_may_reopen(end_of(path), await end_of_seat(work.session, path), centre.zone)
    if path.subject_ref is None:
        raise refusals.PersonUnknown()
    await check_consent(work, path.subject_ref)
    if await other_open_path(work.session, path, refs):
        raise refusals.AnotherPathOpen()
    at = await time_of_change(work.session, path, work.now)
    path.closed_at = path.closed_because = None
    record_change(work, path, REOPENED, at, reason=reason.value, by=by)
    event = PathReopened(
        path_id=path.id,
        subject_ref=path.subject_ref,
        centre=path.centre,
        method=Method(path.method),
        reason=reason.value,
        at=at,
    )
    work.emit(path, event)
    work.notify_board(board(path.centre))
    if workshop is not None:
        await attendance.due_if_finished(work, workshop, path)
    return path
