"""The clock, passed as a parameter. Domain rules take the time as an argument."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Returns the current time, aware, in UTC."""

BRUSSELS = ZoneInfo("Europe/Brussels")
"""The zone of the centres' days and months."""


def system_clock() -> datetime:
    """The machine's time, in UTC."""
    return datetime.now(UTC)


def rehearsal_clock(file: Path) -> Clock:
    """The machine's time plus the seconds in the file, read at each call: a rehearsal can jump to the next day."""

    def now() -> datetime:
        text = file.read_text().strip() if file.exists() else ""
        return system_clock() + timedelta(seconds=float(text or 0))

    return now
