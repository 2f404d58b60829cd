"""The periods of a published free/busy time (VFREEBUSY, RFC 5545, 3.6.4): only times, read from lines of its text."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

Interval = tuple[datetime, datetime]
_TYPE = re.compile(r';FBTYPE="?([A-Z0-9-]+)"?(?=[;:])')
_MOMENT = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_LENGTH = re.compile(
    r"\+?P(?:([0-9]{1,4})W|(?:([0-9]{1,5})D)?(?:T(?:([0-9]{1,6})H)?(?:([0-9]{1,7})M)?(?:([0-9]{1,8})S)?)?)"
)
_UNITS = "weeks", "days", "hours", "minutes", "seconds"


def read_periods(lines: Iterable[str], start: datetime, end: datetime) -> tuple[list[Interval], int]:
    """When FREEBUSY lines say that it is busy in [start, end), in UTC; and how many periods cannot be read.

    Every type but FREE is busy, also one that is not known (RFC 5545, 3.2.9).
    """
    found: list[Interval] = []
    unread = 0
    for period in _busy_periods(lines):
        try:
            interval = _period(period)
        except (ValueError, OverflowError):
            unread += 1
            continue
        if (within := cut(interval, start, end)) is not None:
            found.append(within)
    return found, unread


def cut(interval: Interval, start: datetime, end: datetime) -> Interval | None:
    """The part of it in [start, end). None: none of it is."""
    begins, ends = max(interval[0], start), min(interval[1], end)
    return (begins, ends) if begins < ends else None


def _busy_periods(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        named, _, periods = line.upper().rpartition(":")
        kind = _TYPE.search(f"{named}:")
        if kind is None or kind[1] != "FREE":
            yield from (one.strip() for one in periods.split(","))


def _period(text: str) -> Interval:
    """A moment and the end or the length. Raises `ValueError`, `OverflowError`."""
    begins, _, rest = text.partition("/")
    first = _moment(begins)
    last = first + _length(rest) if "P" in rest else _moment(rest)
    if last <= first:
        raise ValueError("an end before the beginning")
    return first, last


def _moment(text: str) -> datetime:
    if _MOMENT.fullmatch(text) is None:
        raise ValueError("no moment in UTC")
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _length(text: str) -> timedelta:
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise ValueError("no length")
    return timedelta(**{unit: int(number or 0) for unit, number in zip(_UNITS, found.groups(), strict=True)})
