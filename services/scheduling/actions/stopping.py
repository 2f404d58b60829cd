"""A path is stopped: its visitor gives it up, and what is booked on it for later is freed, with the workshop's seat."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.copies.aliases import references_of
from services.chassis.copies.centres import known_centre
from services.chassis.refusals import msg
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.scheduling import PathOutcome, Side
from services.scheduling.actions.offers import go_on
from services.scheduling.actions.paths import cancel_booked, close
from services.scheduling.actions.seats import release_seat
from services.scheduling.domain import rules
from services.scheduling.domain.paths import Booking, check_freed
from services.scheduling.store import Alias, Centre, GuidancePath, Workshop
from services.scheduling.store.interviews import booked_from
from services.scheduling.store.path_seats import KeptSeat, kept_with
from services.scheduling.store.paths import time_of_change

_REASON = rules.CancelReason.NO_LONGER_NEEDED.value


async def give_up(
    work: Work,
    path_id: UUID,
    version: int | None = None,
    *,
    freed: Collection[UUID] | None = (),
    by: str | None = None,
    answer: timedelta | None = None,
) -> GuidancePath:
    """Close a path that the visitor gives up, and free what is booked on it for later; they may open another one.

    `freed`: the interviews and seats that the team knows to be freed with it; None: all. What has begun can still be
    recorded. `by`: the code of the counsellor. `answer`: as in `seats`.
    Raises `NotFound`, `PathIsClosed`, `StillBooked`, `Stale`.
    """
    workshop = await lock_workshop(work, path_id)
    path = await work.load(GuidancePath, path_id, msg("path"))
    check_version(path, version)
    centre = await known_centre(work.session, Centre, path.centre)
    rules.check_path_open(path.closed_at, path.closed_because, centre.zone)
    seats = await kept_on(work.session, path, work.now)
    bookings = [
        *(Booking(one.id, (one.starts_at,)) for one in await booked_from(work.session, path.id, work.now)),
        *(Booking(one.id, one.starts, one.workshop_id) for one in seats),
    ]
    check_freed([one for one in bookings if freed is not None and one.id not in freed], centre.zone)
    # Before its seat: a path that was stopped keeps that as its outcome.
    close(work, path, PathOutcome.GIVEN_UP, await time_of_change(work.session, path, work.now), by)
    await cancel_booked(work, path.id, Side.VISITOR)
    if workshop is not None and seats:
        await _release(work, workshop, seats, answer)
    return path


async def kept_on(session: AsyncSession, path: GuidancePath, now: datetime) -> Sequence[KeptSeat]:
    """What the end of a path frees in its workshop, as `kept_with`. Nothing of a path that is closed."""
    if path.closed_at is not None:
        return []
    refs = await references_of(session, Alias, path.subject_ref) if path.subject_ref is not None else ()
    return await kept_with(session, path, refs, now)


async def lock_workshop(work: Work, path_id: UUID) -> Workshop | None:
    """The workshop of a collective path, locked before the path: the order of locks in docs/architecture.md."""
    known = await work.session.get(GuidancePath, path_id)
    return await work.find(Workshop, known.workshop_id) if known is not None and known.workshop_id is not None else None


async def _release(work: Work, workshop: Workshop, seats: Sequence[KeptSeat], answer: timedelta | None) -> None:
    """First where the person waits: their own seat is not offered to them."""
    for seat in sorted(seats, key=lambda one: not one.waits):
        await release_seat(work, workshop, seat.id, by=Side.VISITOR, reason=_REASON)
    if answer is not None:
        await go_on(work, workshop, answer)
