"""The outcome of an interview, and until when an interview is undone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.contracts.outcomes import InterviewOutcome
from services.contracts.scheduling import AppointmentStatus, PathOutcome
from services.scheduling.domain.refusals import (
    GuidanceNotOffered,
    HeldOnClosedPath,
    NotHeld,
    OutcomeStays,
    TooLateToUndo,
)
from services.scheduling.domain.rules import OUTCOME_LABELS
from services.scheduling.domain.states import is_booked, is_held, is_running
from services.scheduling.domain.times import same_day

UNDONE_WITHIN = timedelta(minutes=10)
"""How long after its end an interview without appointment can be undone, and the end of each interview."""


@dataclass(frozen=True, slots=True)
class Result:
    """With what an interview is recorded as held: its area, as the counsellor left it, and its outcome."""

    area: str | None
    outcome: InterviewOutcome


def check_outcome(outcome: InterviewOutcome) -> None:
    """Who took guidance was offered it. Raises `GuidanceNotOffered`."""
    if outcome.guidance_taken and not outcome.guidance_offered:
        raise GuidanceNotOffered()


def may_resume(status: AppointmentStatus, ended_at: datetime | None, now: datetime) -> bool:
    """Whether the end of an interview can be undone: until `UNDONE_WITHIN` after it."""
    return is_held(status) and ended_at is not None and ended_at > now - UNDONE_WITHIN


def needs_visit(status: str, ended_at: datetime | None, now: datetime) -> bool:
    """Whether its visitor's visit still changes with the interview: until that is recorded, and can be undone."""
    known = AppointmentStatus(status)
    return is_booked(known) or is_running(known) or may_resume(known, ended_at, now)


def resumed_until(status: AppointmentStatus, ended_at: datetime | None, now: datetime) -> datetime | None:
    """Until when the end can be undone. None: it cannot, or has not come."""
    return ended_at + UNDONE_WITHIN if ended_at is not None and may_resume(status, ended_at, now) else None


def check_may_resume(status: str, ended_at: datetime | None, now: datetime) -> None:
    """Raises `TooLateToUndo` unless `may_resume`."""
    if not may_resume(AppointmentStatus(status), ended_at, now):
        raise TooLateToUndo(status=AppointmentStatus(status))


def check_path_goes_on(closed_at: datetime | None, because: str | None, zone: ZoneInfo) -> None:
    """What was held on a path that has ended since stays held. Raises `HeldOnClosedPath`."""
    if closed_at is not None and because is not None:
        label = OUTCOME_LABELS[PathOutcome(because)]
        raise HeldOnClosedPath(because=label, day=closed_at.astimezone(zone).date())


def check_may_undo(status: str, ended_at: datetime | None, now: datetime) -> None:
    """An information interview is undone while it runs, or as long as its end. Raises `TooLateToUndo`."""
    if not is_running(AppointmentStatus(status)):
        check_may_resume(status, ended_at, now)


def may_correct(status: AppointmentStatus, ended_at: datetime | None, now: datetime, zone: ZoneInfo) -> bool:
    """Whether the outcome can be corrected: on the day on which the interview ended."""
    return is_held(status) and ended_at is not None and same_day(ended_at, now, zone)


def check_may_correct(status: str, ended_at: datetime | None, now: datetime, zone: ZoneInfo) -> None:
    """Raises `NotHeld` unless it took place, and `OutcomeStays` unless `may_correct`."""
    if not is_held(AppointmentStatus(status)) or ended_at is None:
        raise NotHeld(status=AppointmentStatus(status))
    if not may_correct(AppointmentStatus(status), ended_at, now, zone):
        raise OutcomeStays(day=ended_at.astimezone(zone).date())
