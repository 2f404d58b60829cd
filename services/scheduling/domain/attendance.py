"""Until when the attendance of a workshop's sessions is recorded and corrected."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.contracts.scheduling import AppointmentStatus
from services.scheduling.domain.refusals import (
    AttendanceStays,
    FinalInterviewBooked,
    FinalInterviewHeld,
    WorkshopClosed,
)
from services.scheduling.domain.states import WorkshopStatus, is_held, takes_seats

ATTENDANCE_CORRECTED_WITHIN = timedelta(days=7)
"""How long after the end of the workshop an attendance can be corrected: as long as a no-show."""


def ended_at(cancelled_at: datetime | None, starts_at: datetime, last_recorded_at: datetime | None) -> datetime | None:
    """When the workshop of a session that begins then ended: with the attendance of its last session, or cancelled.

    None: it has not, or it was cancelled before the session, which was not held.
    """
    if cancelled_at is None:
        return last_recorded_at
    return cancelled_at if starts_at <= cancelled_at else None


def may_record(status: WorkshopStatus, ended_at: datetime | None, now: datetime) -> bool:
    """Whether attendance is recorded: until the workshop has ended, and `ATTENDANCE_CORRECTED_WITHIN` after that."""
    return takes_seats(status) or (ended_at is not None and now <= ended_at + ATTENDANCE_CORRECTED_WITHIN)


def check_recordable(status: str, ended_at: datetime | None, now: datetime, zone: ZoneInfo) -> None:
    """Raises `AttendanceStays` unless `may_record`, and `WorkshopClosed` of a session that was cancelled."""
    known = WorkshopStatus(status)
    if may_record(known, ended_at, now):
        return
    if ended_at is None:
        raise WorkshopClosed(status=known)
    raise AttendanceStays(until=(ended_at + ATTENDANCE_CORRECTED_WITHIN).astimezone(zone))


def check_no_final_interview(status: str, starts_at: datetime, zone: ZoneInfo) -> None:
    """The interview that follows from an attendance is not booked and not held: that would contradict a correction.

    Raises `FinalInterviewHeld`, `FinalInterviewBooked`.
    """
    if is_held(AppointmentStatus(status)):
        raise FinalInterviewHeld(at=starts_at.astimezone(zone))
    raise FinalInterviewBooked(at=starts_at.astimezone(zone))
