"""Chosen times: held for who chose them, prolonged, given back, booked.

An owner (`domain.holds.owner_of_…`) holds one time: the next one frees it. What expired stops nothing, but may still be
booked by who chose it, as long as nobody else has the time. The interview has the id of its hold, so that a form that
is sent again finds what was booked.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from services.chassis.copies.centres import known_centre
from services.chassis.storage.store import Store, Work
from services.scheduling.actions import guidance
from services.scheduling.actions.availability import NOTHING_ODD, Meant, check_available, check_pause
from services.scheduling.actions.booking_rules import check_bookable
from services.scheduling.actions.calendar import release, reserve, resources
from services.scheduling.actions.counsellors import check_counsellor
from services.scheduling.domain import refusals
from services.scheduling.domain.holds import HOLD, KEPT, is_live, prolonged
from services.scheduling.domain.times import HORIZON
from services.scheduling.store import Centre, Interview, SlotHold
from services.scheduling.store.holds import expired_before, insert_hold

BATCH = 200
"""Holds that are deleted in one unit of work."""


async def hold_slot(
    work: Work,
    owner: str,
    *,
    centre: str,
    counsellor: str,
    starts_at: datetime,
    minutes: int,
    area: str | None = None,
    horizon: timedelta = HORIZON,
    meant: Meant = NOTHING_ODD,
) -> SlotHold:
    """Hold a time for `HOLD`, and free what the owner held before. Chosen again while it is held, it stays as it is.

    Raises what `check_bookable` raises, `UnknownCentre`, `AreaNotServed`, `UnknownCounsellor`,
    `CounsellorInactive`, `OutsideWorkingHours`, `BusyElsewhere`, `CounsellorAway`, `Overlap`.
    """
    copy = await known_centre(work.session, Centre, centre, area)
    await check_bookable(work, copy, starts_at, minutes, horizon)
    await check_counsellor(work.session, centre, counsellor)
    await check_available(work.session, copy, counsellor, starts_at, minutes, meant)
    before = await work.session.get(SlotHold, owner)
    await check_pause(work, copy, counsellor, starts_at, minutes, before.id if before is not None else None)
    chosen = SlotHold(
        owner=owner,
        id=uuid4(),
        centre=centre,
        counsellor=counsellor,
        area=area,
        starts_at=starts_at.astimezone(UTC),
        minutes=minutes,
        made_at=work.now,
        expires_at=work.now + HOLD,
    )
    held: SlotHold | None = None
    while held is None:  # the same owner may book from another tab between the two, which ends their hold
        await insert_hold(work.session, chosen)
        held = await work.session.get(SlotHold, owner, with_for_update=True, populate_existing=True)
    if held.id != chosen.id:
        if _is_same(held, chosen) and is_live(held.expires_at, work.now):
            return held
        await release(work, held.id)
        for name, value in chosen.model_dump().items():
            setattr(held, name, value)
    wanted = resources(centre, counsellor, None)
    await reserve(work, held.id, wanted, starts_at=starts_at, minutes=minutes, zone=copy.zone)
    return held


def _is_same(one: SlotHold, other: SlotHold) -> bool:
    facts = ("centre", "counsellor", "area", "starts_at", "minutes")
    return all(getattr(one, fact) == getattr(other, fact) for fact in facts)


async def held_by(work: Work, owner: str, id: UUID | None = None) -> SlotHold:
    """The owner's hold, also an expired one, locked. `id`: this one, not one that was chosen since.

    Raises `HoldOver`, the same for what was never held and for what is another owner's.
    """
    held = await work.find(SlotHold, owner)
    if held is None or id not in (None, held.id):
        raise refusals.HoldOver()
    return held


async def prolong(work: Work, held: SlotHold, by: timedelta) -> None:
    """Keep a time that is still held for so much longer from now, until `LONGEST_HOLD` at most. Raises `HoldOver`."""
    if not is_live(held.expires_at, work.now):
        raise refusals.HoldOver()
    held.expires_at = prolonged(held.made_at, held.expires_at, work.now, by)


async def give_back(work: Work, owner: str) -> None:
    """Free what the owner holds; without a hold, nothing changes."""
    held = await work.find(SlotHold, owner)
    if held is not None:
        await work.session.delete(held)
        await release(work, held.id)


async def hand_over(work: Work, owner: str, to: str) -> None:
    """The holder is known as another one from now on. Who holds another time as that one keeps that alone."""
    held = await work.find(SlotHold, owner)
    if held is None:
        return
    other = await work.find(SlotHold, to)
    if other is not None and is_live(other.expires_at, work.now):
        await give_back(work, owner)
        return
    await give_back(work, to)
    facts = held.model_dump(exclude={"owner"})
    await work.session.delete(held)
    await work.session.flush()  # the id, under which the quarter-hours are kept, is unique
    work.add(SlotHold(owner=to, **facts))


async def book_held(
    work: Work,
    held: SlotHold,
    path_id: UUID,
    *,
    room: str | None = None,
    horizon: timedelta = HORIZON,
    meant: Meant = NOTHING_ODD,
) -> Interview:
    """Book a held time on a path; the hold ends with it. `held`: of `held_by`, which has locked it.

    Raises as `guidance.book` does: `Overlap` if it had expired, and the time is another person's.
    """
    await give_back(work, held.owner)
    return await guidance.book(
        work,
        path_id,
        counsellor=held.counsellor,
        room=room,
        starts_at=held.starts_at,
        minutes=held.minutes,
        horizon=horizon,
        meant=meant,
        id=held.id,
    )


async def booked_from(work: Work, id: UUID) -> Interview | None:
    """What was booked from the hold with this id, or None. Whose it is, the caller checks."""
    return await work.session.get(Interview, id, populate_existing=True)


async def delete_expired(store: Store) -> bool:
    """Delete the holds that expired `KEPT` ago, with what quarter-hours they have left. True if there may be more."""
    moment = store.clock() - KEPT
    async with store.read() as session:
        owners = await expired_before(session, moment, BATCH)
    for owner in owners:
        async with store.work() as work:
            held = await work.find(SlotHold, owner)
            if held is not None and held.expires_at < moment:
                await give_back(work, owner)
    return len(owners) == BATCH
