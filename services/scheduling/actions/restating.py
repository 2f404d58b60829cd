"""After an update: publishes again what is booked, and the rooms, for services that keep copies only since then.

They have processed the events of these bookings, and would ignore them if they were sent again.
"""

from datetime import timedelta
from uuid import UUID

from services.chassis.refusals import NotFound
from services.chassis.storage.store import Store, Work
from services.contracts.scheduling import InterviewKind, InterviewRestated
from services.scheduling.actions.guidance import interview_of
from services.scheduling.actions.rooms import publish
from services.scheduling.domain.states import BOOKED
from services.scheduling.store import Interview, Room, UnrestatedInterview
from services.scheduling.store.interviews import unrestated
from services.scheduling.store.rooms import NEVER_PUBLISHED, unpublished

BATCH = 100
"""Interviews that are restated in one round, and rooms that are published."""


async def restate_booked(store: Store) -> bool:
    """Publish the interviews of an older store that are booked and not over. True if there are more.

    Two replicas may do this at once: each interview is locked, and restated once.
    """
    async with store.read() as session:
        found = await unrestated(session, BATCH)
    for id in found:
        async with store.work() as work:
            await _restate(work, id)
    return len(found) == BATCH


async def _restate(work: Work, id: UUID) -> None:
    try:
        interview = await interview_of(work, id)
    except NotFound:
        interview = None
    mark = await work.find(UnrestatedInterview, id)
    if mark is None:
        return
    await work.session.delete(mark)
    if interview is None or interview.status not in BOOKED or interview.subject_ref is None:
        return
    if interview.starts_at + timedelta(minutes=interview.minutes) <= work.now:
        return
    emit_restated(work, interview, interview.subject_ref)


def emit_restated(work: Work, interview: Interview, subject_ref: UUID) -> None:
    """Emit a booked interview as it stands."""
    work.emit(
        interview,
        InterviewRestated(
            interview_id=interview.id,
            kind=InterviewKind(interview.kind),
            centre=interview.centre,
            counsellor=interview.counsellor,
            room=interview.room,
            starts_at=interview.starts_at,
            minutes=interview.minutes,
            subject_ref=subject_ref,
            area=interview.area,
            mode=interview.arrangement.mode,
            arrived_at=interview.arrived_at,
            visit_id=interview.visit_id if interview.arrived_at is not None else None,
        ),
    )


async def publish_rooms(store: Store) -> bool:
    """Publish the rooms of an older store, and those that imports added. True if there are more.

    Two replicas may do this at once: each room is locked, and published once.
    """
    async with store.read() as session:
        found = await unpublished(session, BATCH)
    for id in found:
        async with store.work() as work:
            room = await work.find(Room, id)
            if room is not None and room.correlation_id == NEVER_PUBLISHED:
                publish(work, room)
    return len(found) == BATCH
