"""The sessions of a workshop that is changed. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from services.scheduling.domain.refusals import NotInFuture, SessionsOverlap
from services.scheduling.domain.times import HORIZON, check_horizon, check_quarter_hour

SESSIONS_MOST = 40
"""Most sessions of a workshop."""
FACILITATORS_MOST = 20
"""Most facilitators of a workshop."""


class HasTime(Protocol):
    """What begins at some time and lasts some minutes."""

    @property
    def starts_at(self) -> datetime:
        """When it begins."""
        ...

    @property
    def minutes(self) -> int:
        """How long it lasts."""
        ...


def check_coming_sessions(
    begun: Sequence[HasTime],
    coming: Sequence[HasTime],
    now: datetime,
    zone: ZoneInfo,
    horizon: timedelta = HORIZON,
) -> None:
    """Sessions of a workshop that is changed: in the future, on quarter-hours, without overlap, within the horizon.

    `begun`: the last one that has begun, if any. Raises `NotInFuture`, `NotOnQuarterHour`, `TooFarAhead`,
    `SessionsOverlap`.
    """
    free_from = max((one.starts_at + timedelta(minutes=one.minutes) for one in begun), default=now)
    for one in coming:
        if one.starts_at <= now:
            raise NotInFuture("sessions", at=one.starts_at.astimezone(zone))
        check_quarter_hour(one.starts_at, "sessions")
        check_horizon(one.starts_at, now, horizon, zone, "sessions")
        if one.starts_at < free_from:
            raise SessionsOverlap(at=one.starts_at.astimezone(zone))
        free_from = one.starts_at + timedelta(minutes=one.minutes)
