"""Reads when a calendar of another program is busy, and nothing else of it.

Everything but times is dropped before the calendar is parsed: no title, place, note or name gets further than that.
A calendar is another person's text: how many entries it has, how often they repeat and how long the reading takes is
bounded. Recurrences are those of RFC 5545; finer ones than daily are not read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import count
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar

from services.chassis.calendars.freebusy import Interval, cut, read_periods
from services.chassis.calendars.writing import DOMAIN

MOST_ENTRIES = 5_000
MOST_TIMES = 20_000
"""Busy times of a calendar, and days that are added to or left out of its recurrences, are no more."""
LONGEST = 10.0
"""Seconds of reading. An entry that is begun is finished."""
_LONGEST_OF_MANY = timedelta(days=400)
"""Of an entry that repeats: those that are much longer all lie over each other."""
_DEEPEST = 4
_PARSED = {"VCALENDAR", "VEVENT", "VTIMEZONE", "STANDARD", "DAYLIGHT"}
_FREE_BUSY = "VFREEBUSY"
_COMPONENTS = _PARSED | {_FREE_BUSY}
_ENTRIES = {"VEVENT", _FREE_BUSY}
_KEPT = {
    *("BEGIN", "END", "UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"),
    *("TRANSP", "STATUS", "SEQUENCE", "TZID", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME", "X-MICROSOFT-CDO-BUSYSTATUS"),
}
_LINE_ENDS = re.compile(r"\r\n|\n|\r")
_FOLDED = re.compile(r"(?:\r\n|\n|\r)[ \t]")
_NAME = re.compile(r"[A-Za-z0-9-]+(?=[;:])")
_RULE = re.compile(r"(?:[A-Z]+=[A-Z0-9,+-]+)(?:;[A-Z]+=[A-Z0-9,+-]+)*")
_OFTEN = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
_PARTS = {
    *("FREQ", "UNTIL", "COUNT", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS"),
    *("BYHOUR", "BYMINUTE", "BYSECOND", "WKST"),
}
_NUMBER = re.compile(r"0*[1-9][0-9]{0,8}")


class Unreadable(StrEnum):
    """Why a calendar is not read."""

    NOT_A_CALENDAR = "not-a-calendar"
    TOO_MANY = "too-many"
    """Entries, times of entries that repeat, or periods of a free/busy time."""
    TOO_SLOW = "too-slow"


class CalendarRefused(Exception):
    """The calendar is not read."""

    def __init__(self, why: Unreadable) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class BusyTimes:
    """When it is busy, in UTC, in no order. `unread`: how many entries could not be read."""

    intervals: list[Interval]
    unread: int


@dataclass(slots=True)
class _Entries:
    """The entries with one UID: a recurrence and its exceptions, or a single one. `unread`: a rule is not read."""

    parts: list[Any] = field(default_factory=list[Any])
    """Typed as any: a part of an entry may be whatever its text says."""
    unread: bool = False


def read_busy(body: bytes, zone: ZoneInfo, start: datetime, end: datetime) -> BusyTimes:
    """When a calendar is busy in [start, end). `zone`: of days, and of times without one (RFC 5545, 3.3.5).

    What is cancelled, or marked as free, is not busy, and what this platform wrote is not another calendar's.
    Raises `CalendarRefused`. For a thread: it computes.
    """
    until = monotonic() + LONGEST
    periods: list[str] = []
    try:
        calendars: list[Any] = Calendar.from_ical("\r\n".join(_needed(body, periods)) + "\r\n", multiple=True)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise CalendarRefused(Unreadable.NOT_A_CALENDAR) from error
    found, unread = read_periods(periods, start, end)
    for entries in _by_uid(calendars):
        if monotonic() > until:
            raise CalendarRefused(Unreadable.TOO_SLOW)
        try:
            found += _busy(entries, zone, start, end)
        except (ValueError, IndexError, KeyError, TypeError, AttributeError, ArithmeticError):
            unread += 1  # a date that is none, a rule that never ends
        if len(found) > MOST_TIMES:
            raise CalendarRefused(Unreadable.TOO_MANY)
    return BusyTimes(found, unread)


def _needed(body: bytes, periods: list[str]) -> Iterator[str]:
    """The lines that say when something is; those of free/busy times are added to `periods`.

    Raises `CalendarRefused`.
    """
    text = _FOLDED.sub("", body.decode("utf-8-sig", errors="replace"))
    opened: list[str] = []
    skipped = entries = days = 0
    for line in _LINE_ENDS.split(text):
        name = found[0].upper() if (found := _NAME.match(line)) else ""
        if not opened and name != "BEGIN" and line.strip():
            raise CalendarRefused(Unreadable.NOT_A_CALENDAR)
        value = line.rpartition(":")[2].strip().upper()
        skipped = _check_place(opened, name, value, skipped)
        entries += name == "BEGIN" and value in _ENTRIES
        days += line.count(",") + (name == "FREEBUSY") if name in ("RDATE", "EXDATE", "FREEBUSY") else 0
        if entries > MOST_ENTRIES or days > MOST_TIMES:
            raise CalendarRefused(Unreadable.TOO_MANY)
        if opened[-1:] == [_FREE_BUSY]:
            periods += [line] if name == "FREEBUSY" and not skipped else []
        elif not skipped and name in _KEPT and not (name == "END" and value not in _PARSED):
            yield _checked_rule(line, opened) if name == "RRULE" else line
    if opened or skipped or not text.strip():
        raise CalendarRefused(Unreadable.NOT_A_CALENDAR)  # cut off, or nothing


def _check_place(opened: list[str], name: str, value: str, skipped: int) -> int:
    """Follow what is open; returns how many components are open that are skipped. Raises `CalendarRefused`."""
    if name == "BEGIN":
        if skipped or value not in _COMPONENTS:
            if not opened:
                raise CalendarRefused(Unreadable.NOT_A_CALENDAR)
            return skipped + 1
        opened.append(value)
        if len(opened) > _DEEPEST or (value == "VCALENDAR") != (len(opened) == 1):
            raise CalendarRefused(Unreadable.NOT_A_CALENDAR)
    elif name == "END":
        if skipped:
            return skipped - 1
        if not opened or opened.pop() != value:
            raise CalendarRefused(Unreadable.NOT_A_CALENDAR)
    return skipped


_NOT_READ = "X-UNREAD:1"
"""Stands where a rule stood that is not read."""


def _checked_rule(line: str, opened: list[str]) -> str:
    """The rule without parameters, or `_NOT_READ`: one that is finer than daily, or would not end."""
    value = line.partition(":")[2].strip().upper().rstrip(";")
    named = value.split(";")
    parts = {name: given for name, _, given in (one.partition("=") for one in named)}
    often = {"YEARLY"} if opened[-1] != "VEVENT" else _OFTEN
    can_be_read = (
        _RULE.fullmatch(value) is not None
        and len(parts) == len(named)
        and parts.keys() <= _PARTS
        and parts.get("FREQ") in often
        and all(_NUMBER.fullmatch(parts.get(one, "1")) for one in ("INTERVAL", "COUNT"))
        and not any("," in parts.get(one, "") for one in ("BYHOUR", "BYMINUTE", "BYSECOND"))
    )
    return f"RRULE:{value}" if can_be_read else _NOT_READ


def _by_uid(calendars: Iterable[Any]) -> Iterable[_Entries]:
    found: dict[str, _Entries] = {}
    nameless = count()
    for calendar in calendars:
        for part in calendar.walk("VEVENT"):
            uid = str(part.get("UID", ""))
            if uid.lower().endswith(f"@{DOMAIN}"):
                continue
            entries = found.setdefault(uid or f" {next(nameless)}", _Entries())
            entries.parts.append(part)
            entries.unread |= "X-UNREAD" in part or bool(part.errors)
    return found.values()


def _busy(entries: _Entries, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Interval]:
    """The times of these entries in [start, end). Raises `ValueError` and what parsers raise for what is not read."""
    if entries.unread or any("RRULE" in part and _length(part) > _LONGEST_OF_MANY for part in entries.parts):
        raise ValueError("a rule, a date or a length")
    calendar = Calendar()
    for part in entries.parts:
        calendar.add_component(part)
    found: list[Any] = recurring_ical_events.of(calendar, components=["VEVENT"]).between(start, end)
    for one in found:
        whole = _moment(one["DTSTART"].dt, zone), _moment(one["DTEND"].dt, zone)
        if _takes_time(one) and (within := cut(whole, start, end)) is not None:
            yield within


def _length(entry: Mapping[str, Any]) -> timedelta:
    """How long an entry says that it is."""
    if "DURATION" in entry:
        return entry["DURATION"].dt
    return entry["DTEND"].dt - entry["DTSTART"].dt if "DTEND" in entry else timedelta()


def _takes_time(entry: Mapping[str, Any]) -> bool:
    words = ("TRANSP", "TRANSPARENT"), ("STATUS", "CANCELLED"), ("X-MICROSOFT-CDO-BUSYSTATUS", "FREE")
    return not any(str(entry.get(name, "")).strip().upper() == word for name, word in words)


def _moment(value: date | datetime, zone: ZoneInfo) -> datetime:
    """A moment in UTC. Of a day its beginning; a time that is skipped in spring is counted on from before the gap."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return (value if value.tzinfo is not None else value.replace(tzinfo=zone)).astimezone(UTC)
