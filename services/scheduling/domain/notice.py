"""How late a visitor may cancel or move an appointment themselves. Later than that they telephone the centre."""

from datetime import datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from services.scheduling.domain.refusals import MovedMeanwhile, TooLateOnline, TooSoonOnline
from services.scheduling.domain.rules import REASON_LABELS, CancelReason

OwnReason = Literal[
    CancelReason.UNABLE_TO_COME,
    CancelReason.WORK_OR_TRAINING,
    CancelReason.TRANSPORT,
    CancelReason.NO_LONGER_NEEDED,
    CancelReason.OTHER,
]
OWN_REASONS = get_args(OwnReason)
"""The reasons among which a visitor may choose. The others are the centre's."""
OWN_REASON_LABELS = {reason: REASON_LABELS[reason] for reason in OWN_REASONS}


def is_in_time(starts_at: datetime, now: datetime, notice: timedelta) -> bool:
    """Whether a visitor may still change an appointment that starts then: it has not begun, and the notice is kept."""
    return now < starts_at and now <= starts_at - notice


def check_in_time(starts_at: datetime, now: datetime, notice: timedelta, zone: ZoneInfo) -> None:
    """Raises `TooLateOnline` unless `is_in_time`."""
    if not is_in_time(starts_at, now, notice):
        raise TooLateOnline(at=(starts_at - notice).astimezone(zone))


def check_far_enough(starts_at: datetime, now: datetime, notice: timedelta) -> None:
    """A visitor moves an appointment to a time that keeps the notice too. Raises `TooSoonOnline`."""
    if not is_in_time(starts_at, now, notice):
        raise TooSoonOnline()


def check_same_time(starts_at: datetime, seen: datetime, zone: ZoneInfo) -> None:
    """The appointment is still at the time that its visitor saw. Raises `MovedMeanwhile`."""
    if starts_at != seen:
        raise MovedMeanwhile(at=starts_at.astimezone(zone))
