"""The sessions of a workshop in the calendars of its facilitators and its room, and the hours at which they are."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.refusals import Message, msg
from services.chassis.storage.store import Work
from services.contracts.scheduling import WorkshopSession
from services.scheduling.actions.calendar import Resource, reserve, resources, set_absences_aside
from services.scheduling.actions.counsellors import check_counsellor
from services.scheduling.domain import refusals, times
from services.scheduling.domain.availability import lies_within
from services.scheduling.domain.slots import Timeline
from services.scheduling.store import Centre, Session, Workshop
from services.scheduling.store.counsellors import counsellor_names
from services.scheduling.store.external import busy_bits
from services.scheduling.store.hours import working_hours


class Planned(NamedTuple):
    """When a session is to be, and of how many minutes. `id`: of a session that is there already."""

    starts_at: datetime
    minutes: int
    id: UUID | None = None


def one_each(codes: Iterable[str]) -> list[str]:
    """The facilitators in their order, each of them once. Raises `NoFacilitator`."""
    if not (found := list(dict.fromkeys(code for code in codes if code))):
        raise refusals.NoFacilitator()
    return found


async def check_facilitators(session: AsyncSession, centre: str, codes: Iterable[str]) -> None:
    """This centre books with each of these counsellors. Raises `UnknownCounsellor`, `CounsellorInactive`."""
    for code in codes:
        await check_counsellor(session, centre, code)


async def check_usual_hours(
    session: AsyncSession, centre: Centre, sessions: Iterable[tuple[datetime, int, Sequence[str]]]
) -> None:
    """The sessions lie within opening hours, and the working hours of these facilitators, if they entered any.

    `sessions`: the start, the minutes and the facilitators of each. Raises `OutsideUsualHours`, of all of them at once.
    """
    asked = list(sessions)
    closed = [at.astimezone(centre.zone) for at, minutes, _who in asked if not _is_open(centre, at, minutes)]
    codes = sorted({code for *_when, who in asked for code in who})
    names, off = await counsellor_names(session, codes), list[str | datetime]()
    for code in codes:
        rows = await working_hours(session, centre, code)
        missed = [at for at, minutes, who in asked if code in who and not lies_within(rows, at, minutes)]
        off += [names[code], *(at.astimezone(centre.zone) for at in missed)] if missed else []
    if closed or off:
        raise refusals.OutsideUsualHours(closed=closed, off=off)


async def check_free_elsewhere(
    session: AsyncSession, centre: Centre, sessions: Iterable[tuple[datetime, int, Sequence[str]]]
) -> None:
    """In none of the sessions another calendar of these facilitators is busy. Raises `FacilitatorsBusy`, of them all.

    `sessions`: as `check_usual_hours` has them.
    """
    asked = list(sessions)
    if not asked:
        return
    days = [at.astimezone(centre.zone).date() for at, _minutes, _who in asked]
    timeline = Timeline.of(min(days), max(days))
    busy = await busy_bits(session, timeline, {code for *_when, who in asked for code in who})
    names, found = await counsellor_names(session, sorted(busy)), list[str | datetime]()
    for code, bits in sorted(busy.items()):
        theirs = [(at, at + timedelta(minutes=minutes)) for at, minutes, who in asked if code in who]
        hit = [one[0].astimezone(centre.zone) for one in theirs if timeline.touched([one]) & bits]
        found += [names[code], *hit] if hit else []
    if found:
        raise refusals.FacilitatorsBusy(busy=found)


def _is_open(centre: Centre, starts_at: datetime, minutes: int) -> bool:
    try:
        centre.hours.check_open(starts_at, minutes)
    except refusals.OutsideHours:
        return False
    return True


async def reserve_sessions(
    work: Work, workshop: Workshop, sessions: Sequence[Session], zone: ZoneInfo, participants: Collection[str] = ()
) -> dict[UUID, set[str]]:
    """Reserve the quarter-hours of these sessions, of each facilitator and the room. Raises as `reserve` does.

    What began already was held, absent or not.
    `participants`: their calendars, which are reserved where they are free. Returns, by session, those that are not.
    """
    wanted = await _calendars(work.session, workshop)
    busy: dict[UUID, set[str]] = {}
    for meeting in sessions:
        if meeting.starts_at < work.now:
            for code in workshop.facilitators:
                await set_absences_aside(work, code, times.quarters(meeting.starts_at, meeting.minutes))
        at, minutes = meeting.starts_at, meeting.minutes
        busy[meeting.id] = await reserve(
            work, meeting.id, wanted, starts_at=at, minutes=minutes, zone=zone, where_free=participants
        )
    return busy


async def _calendars(session: AsyncSession, workshop: Workshop) -> list[Resource]:
    """The calendars that a session occupies. Of several facilitators, a refusal says which of them is not free."""
    first = resources(workshop.centre, workshop.counsellor, workshop.room)
    if not workshop.more_facilitators:
        return first
    names = await counsellor_names(session, workshop.facilitators)
    return [
        *(
            Resource(f"counsellor:{code}", field, Message(names[code]))
            for field, some in (("counsellor", [workshop.counsellor]), ("facilitators", workshop.more_facilitators))
            for code in some
        ),
        *first[1:],
    ]


def as_said(sessions: Iterable[Session]) -> tuple[WorkshopSession, ...]:
    """The sessions as events have them."""
    return tuple(WorkshopSession(session_id=one.id, starts_at=one.starts_at, minutes=one.minutes) for one in sessions)


UNKNOWN_SESSION = msg("session of this workshop")
