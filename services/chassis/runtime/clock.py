"""Time, passed in. Rules never ask what time it is; they are told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Answers the present moment, aware, in UTC."""

BRUSSELS = ZoneInfo("Europe/Brussels")
"""The zone of the centres' days and months."""


def system_clock() -> datetime:
    """The machine's time, in UTC."""
    return datetime.now(UTC)


def rehearsal_clock(file: Path) -> Clock:
    """The machine's time plus the seconds that stand in the file, read each time: a rehearsal can go on to tomorrow."""

    def now() -> datetime:
        text = file.read_text().strip() if file.exists() else ""
        return system_clock() + timedelta(seconds=float(text or 0))

    return now
