"""When counsellors can be booked: their working hours at each centre, their absences, their languages and areas."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.centres import known_centre
from services.chassis.refusals import AlreadyDifferent, NotFound, Stale, msg
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.scheduling.actions.calendar import free, release
from services.scheduling.domain import refusals, times
from services.scheduling.domain.availability import (
    MOST_ROWS,
    BookingRules,
    WorkingHours,
    absences_overlap,
    check_absence,
    check_within,
)
from services.scheduling.domain.changed_days import (
    CHANGES_KEPT,
    ChangedDays,
    check_changes,
    check_excluded,
    check_overlaps,
    hours_that_count,
)
from services.scheduling.domain.slots import Timeline
from services.scheduling.store import (
    Centre,
    CounsellorAbsence,
    CounsellorHours,
    CounsellorProfile,
    Interview,
    QuarterHour,
    Session,
    SlotHold,
    Workshop,
)
from services.scheduling.store.availability import insert_absence, locked_absences, reserve_absence
from services.scheduling.store.booking_rules import rules_of
from services.scheduling.store.counsellors import accounts_with_code, is_bookable
from services.scheduling.store.external import busy_bits
from services.scheduling.store.holds import holds_between
from services.scheduling.store.hours import change_fields, hours_of, row_fields, working_hours
from services.scheduling.store.slots import leaves_pause


async def set_hours(
    work: Work,
    counsellor: str,
    centre: str,
    rows: Sequence[WorkingHours],
    version: int | None = None,
    changes: Sequence[ChangedDays] | None = None,
) -> CounsellorHours:
    """Set the working hours of a counsellor at a centre; none: the opening hours count. What is booked stays.

    `changes`: the days on which others count; None: those that are entered stay, except without hours. They are deleted
    `CHANGES_KEPT` after their last day. Raises `UnknownCentre`, `TooManyRows`, `Stale`, and what `check_excluded`,
    `check_changes` and `check_overlaps` raise.
    """
    at = await known_centre(work.session, Centre, centre)
    if len(rows) > MOST_ROWS:
        raise refusals.TooManyRows(most=MOST_ROWS)
    elsewhere = await _hours_elsewhere(work, counsellor, centre)
    kept = await work.find(CounsellorHours, (counsellor, centre))
    check_version(kept, version)
    usual, changed = (kept.usual(at.zone), kept.changed(at.zone)) if kept is not None else ([], [])
    today = work.now.astimezone(at.zone).date()
    if changes is None:
        changes = changed if rows else []
    lasting = (one for one in changes if one.last >= today - CHANGES_KEPT)
    changes = sorted(lasting, key=lambda one: (one.first, one.last, one.weekdays))
    check_excluded(rows, usual)
    check_changes(changes, rows, changed)
    counted = hours_that_count(rows, changes)
    check_overlaps(counted, at.name, hours_that_count(usual, changed), elsewhere, today)
    written, other_days = [row_fields(row) for row in rows], [change_fields(one) for one in changes]
    if kept is None:
        work.guard("working_hours_key", Stale(now=1, seen=0))
        return work.add(CounsellorHours(counsellor=counsellor, centre=centre, rows=written, changes=other_days))
    if (kept.rows, kept.changes) != (written, other_days):
        kept.rows, kept.changes, kept.version = written, other_days, kept.version + 1
    return kept


async def _hours_elsewhere(work: Work, counsellor: str, centre: str) -> list[tuple[str, WorkingHours]]:
    """The hours at the other centres that book with a counsellor, with the names of these; all are locked, in order."""
    accounts = await accounts_with_code(work.session, counsellor)
    found: list[tuple[str, WorkingHours]] = []
    for code in sorted({centre, *await hours_of(work.session, counsellor)}):
        kept = await work.find(CounsellorHours, (counsellor, code))
        if kept is not None and code != centre and any(is_bookable(one, code) for one in accounts):
            other = await known_centre(work.session, Centre, code)
            found += [(other.name, one) for one in kept.hours(other.zone)]
    return found


async def set_profile(
    work: Work, counsellor: str, languages: Collection[str], areas: Collection[str], version: int | None = None
) -> CounsellorProfile:
    """Set in which languages a counsellor receives visitors, and for which areas. Raises `Stale`."""
    kept = await work.find(CounsellorProfile, counsellor)
    check_version(kept, version)
    spoken, served = sorted(set(languages)), sorted(set(areas))
    if kept is None:
        work.guard("counsellor_profiles_key", Stale(now=1, seen=0))
        return work.add(CounsellorProfile(counsellor=counsellor, languages=spoken, areas=served))
    if (kept.languages, kept.areas) != (spoken, served):
        kept.languages, kept.areas, kept.version = spoken, served, kept.version + 1
    return kept


async def add_absence(
    work: Work, id: UUID, counsellor: str, starts_at: datetime, ends_at: datetime, zone: ZoneInfo
) -> CounsellorAbsence:
    """Enter an absence, for all centres; sent again, it changes nothing.

    Nothing can be booked in it from now on. What is booked stays until the team moves it. `zone`: for messages.
    Raises what `check_absence` raises, `AbsencesOverlap`, `AlreadyDifferent`.
    """
    same = await work.session.scalar(
        sa.select(CounsellorAbsence).where(
            col(CounsellorAbsence.counsellor) == counsellor,
            col(CounsellorAbsence.starts_at) == starts_at,
            col(CounsellorAbsence.ends_at) == ends_at,
        )
    )
    if same is not None:
        return same
    check_absence(starts_at, ends_at, work.now, zone)
    await _check_alone(work, id, counsellor, starts_at, ends_at, zone)
    await _end_holds(work, counsellor, starts_at, ends_at)
    wanted = {"id": id, "counsellor": counsellor, "starts_at": starts_at, "ends_at": ends_at}
    await insert_absence(work.session, wanted)
    absence = await work.load(CounsellorAbsence, id)
    if (absence.counsellor, absence.starts_at, absence.ends_at) != (counsellor, starts_at, ends_at):
        raise AlreadyDifferent()
    await _lock_booked(work, absence)
    await locked_absences(work.session, [counsellor], starts_at, ends_at)
    quarters = quarters_left(absence, work.now)
    await reserve_absence(work.session, absence, quarters)
    if await _end_holds(work, counsellor, starts_at, ends_at):  # those of a moment ago
        await reserve_absence(work.session, absence, quarters)
    # One that was entered at once has waited for a quarter-hour of the other, and sees it now.
    await _check_alone(work, id, counsellor, starts_at, ends_at, zone)
    return absence


async def _check_alone(
    work: Work, id: UUID, counsellor: str, starts_at: datetime, ends_at: datetime, zone: ZoneInfo
) -> None:
    """No other absence of the counsellor overlaps this one. Raises `AbsencesOverlap`."""
    for other in await locked_absences(work.session, [counsellor], starts_at, ends_at):
        if other.id != id:
            raise absences_overlap(other.starts_at, other.ends_at, zone)


def quarters_left(absence: CounsellorAbsence, now: datetime) -> list[datetime]:
    """The quarter-hours of an absence from now on."""
    start = max(absence.starts_at, now)
    minutes = -((start - absence.ends_at) // times.QUARTER) * 15
    return [at for at in times.quarters(start, minutes) if at < absence.ends_at]


async def _end_holds(work: Work, counsellor: str, starts_at: datetime, ends_at: datetime) -> bool:
    """End the holds in an absence: nothing is booked yet. True if there were any."""
    holders = await holds_between(work.session, f"counsellor:{counsellor}", starts_at, ends_at)
    if holders:
        await work.session.execute(sa.delete(SlotHold).where(col(SlotHold.id).in_(holders)))
        await free(work, *holders)
    return bool(holders)


async def _lock_booked(work: Work, absence: CounsellorAbsence) -> None:
    """Lock what is booked in the absence: who cancels or moves it meanwhile frees its time for the absence."""
    holders = sa.select(col(QuarterHour.holder)).where(
        col(QuarterHour.resource) == f"counsellor:{absence.counsellor}",
        col(QuarterHour.quarter) >= absence.starts_at,
        col(QuarterHour.quarter) < absence.ends_at,
    )
    workshops = sa.select(col(Session.workshop_id)).where(col(Session.id).in_(holders))
    await work.prefetch(Workshop, list(await work.session.scalars(workshops)))
    interviews = sa.select(col(Interview.id)).where(col(Interview.id).in_(holders))
    await work.prefetch(Interview, list(await work.session.scalars(interviews)))


async def remove_absence(work: Work, counsellor: str, id: UUID) -> None:
    """Remove an absence: its time can be booked again. Raises `NotFound`."""
    known = await work.session.get(CounsellorAbsence, id)
    if known is None or known.counsellor != counsellor:
        raise NotFound(what=msg("absence"))
    await locked_absences(work.session, [counsellor], known.starts_at, known.ends_at)
    absence = await work.load(CounsellorAbsence, id, msg("absence"))
    await work.session.delete(absence)
    await release(work, absence.id)


@dataclass(frozen=True, slots=True)
class Meant:
    """What the team answered that it means: outside the working hours, or while another calendar is busy."""

    outside_working_hours: bool = False
    while_busy: bool = False


NOTHING_ODD = Meant()


async def check_available(
    session: AsyncSession, centre: Centre, counsellor: str, starts_at: datetime, minutes: int, meant: Meant
) -> None:
    """The appointment lies within the counsellor's working hours, if any are entered, and the other calendar is free.

    Raises `OutsideWorkingHours`, `BusyElsewhere`, unless it is meant.
    """
    if not meant.outside_working_hours:
        check_within(await working_hours(session, centre, counsellor), starts_at, minutes)
    if meant.while_busy:
        return
    day = starts_at.astimezone(centre.zone).date()
    timeline = Timeline.of(day, day)
    wanted = timeline.touched([(starts_at, starts_at + timedelta(minutes=minutes))])
    if (await busy_bits(session, timeline, [counsellor])).get(counsellor, 0) & wanted:
        raise refusals.BusyElsewhere(at=starts_at.astimezone(centre.zone))


async def check_pause(
    work: Work, centre: Centre, counsellor: str, starts_at: datetime, minutes: int, besides: UUID | None
) -> None:
    """A time that is chosen from those proposed leaves the pause of the centre's rules. Raises `Overlap`.

    `besides`: the appointment or hold that gives up its time for it.
    """
    pause = (await rules_of(work.session, centre.code, BookingRules())).pause
    appointment = starts_at, starts_at + timedelta(minutes=minutes)
    if pause and not await leaves_pause(work.session, centre, counsellor, appointment, pause, work.now, besides):
        raise refusals.Overlap(
            about="counsellor", what=msg("the counsellor is not free"), at=starts_at.astimezone(centre.zone)
        )
