"""The time of an appointment that was held early is kept as long as its end can be undone, as a hold of its own."""

from uuid import UUID, uuid4

from services.chassis.storage.store import Work
from services.scheduling.actions.calendar import calendars, release, reserve_where_free
from services.scheduling.domain.holds import owner_of_interview
from services.scheduling.domain.outcomes import UNDONE_WITHIN
from services.scheduling.domain.times import quarters
from services.scheduling.store import Interview, SlotHold


async def keep_time(work: Work, interview: Interview) -> None:
    """Keep the time for which the interview is booked, which was just freed, for `UNDONE_WITHIN` from now.

    Where its counsellor has an absence, that has it.
    """
    owner = owner_of_interview(interview.id)
    held = await work.session.get(SlotHold, owner)
    if held is None:
        held = work.add(
            SlotHold(
                owner=owner,
                id=uuid4(),
                centre=interview.centre,
                counsellor=interview.counsellor,
                area=interview.area,
                starts_at=interview.starts_at,
                minutes=interview.minutes,
                made_at=work.now,
                expires_at=work.now + UNDONE_WITHIN,
            )
        )
    held.counsellor, held.starts_at, held.minutes = interview.counsellor, interview.starts_at, interview.minutes
    held.expires_at = work.now + UNDONE_WITHIN
    taken = await calendars(work.session, interview.centre, interview.counsellor, interview.room, interview.subject_ref)
    await reserve_where_free(work, held.id, taken, quarters(interview.starts_at, interview.minutes))


async def free_kept_time(work: Work, interview_id: UUID) -> None:
    """Free what is kept. The hold itself is not locked, as it comes before interviews: the job deletes it."""
    held = await work.session.get(SlotHold, owner_of_interview(interview_id))
    if held is not None:
        await release(work, held.id)
