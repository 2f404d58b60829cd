"""Time, passed in. Rules never ask what time it is; they are told."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Answers the present moment, aware, in UTC."""

BRUSSELS = ZoneInfo("Europe/Brussels")
"""The zone of the centres' days and months."""


def system_clock() -> datetime:
    """The machine's time, in UTC."""
    return datetime.now(UTC)
