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
from services.scheduling.domain.states import WorkshopStatus, is_finished, is_held, takes_seats

ATTENDANCE_CORRECTED_WITHIN = timedelta(days=7)
"""How long after that of the last session was recorded an attendance can be corrected: as long as a no-show."""


def may_record(status: WorkshopStatus, finished_at: datetime | None, now: datetime) -> bool:
    """Whether attendance is recorded: until the workshop is finished, and `ATTENDANCE_CORRECTED_WITHIN` after that.

    `finished_at`: when the attendance of the last session was recorded.
    """
    if takes_seats(status):
        return True
    return is_finished(status) and finished_at is not None and now <= finished_at + ATTENDANCE_CORRECTED_WITHIN


def check_recordable(status: str, finished_at: datetime | None, now: datetime, zone: ZoneInfo) -> None:
    """Raises `WorkshopClosed` of one that was cancelled, and `AttendanceStays` unless `may_record`."""
    known = WorkshopStatus(status)
    if may_record(known, finished_at, now):
        return
    if finished_at is None or not is_finished(known):
        raise WorkshopClosed(status=known)
    raise AttendanceStays(until=(finished_at + ATTENDANCE_CORRECTED_WITHIN).astimezone(zone))


def check_no_final_interview(status: str, starts_at: datetime, zone: ZoneInfo) -> None:
    """The interview that follows from an attendance is not booked and not held: that would contradict a correction.

    Raises `FinalInterviewHeld`, `FinalInterviewBooked`.
    """
    if is_held(AppointmentStatus(status)):
        raise FinalInterviewHeld(at=starts_at.astimezone(zone))
    raise FinalInterviewBooked(at=starts_at.astimezone(zone))
