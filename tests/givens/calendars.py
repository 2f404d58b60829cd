"""Reads calendars with two independent parsers, which have to agree: `icalendar`, and `vobject`.

`icalendar` knows zones by their names; `vobject` computes them from the VTIMEZONE that goes along.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import vobject
from icalendar import Calendar


@dataclass(frozen=True, slots=True)
class Read:
    """An appointment as a program reads it. Times are in UTC; of `whole_days`, midnights of the dates, in UTC too."""

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str | None
    status: str
    whole_days: bool = False


def read_calendar(text: str | bytes) -> list[Read]:
    """The appointments of a calendar, in their order. Fails if it is not one, or if the parsers differ."""
    written = text.decode() if isinstance(text, bytes) else text
    check_form(written)
    one, other = _by_icalendar(written), _by_vobject(written)
    assert one == other
    return one


def check_form(written: str) -> None:
    """RFC 5545, 3.1: lines end with CR and LF, and have 75 octets at most. Every zone that is used goes along."""
    lines = written.split("\r\n")
    assert lines[-1] == ""
    assert not [line for line in lines if "\n" in line or "\r" in line or len(line.encode()) > 75]
    used, defined = set(re.findall(r";TZID=([^:;]+):", written)), re.findall(r"\r\nTZID:(.+)\r\n", written)
    assert used <= set(defined)
    assert len(set(defined)) == len(defined)


def _moment(value: date | datetime) -> datetime:
    return value.astimezone(UTC) if isinstance(value, datetime) else datetime.combine(value, time(), UTC)


def _by_icalendar(written: str) -> list[Read]:
    [calendar] = Calendar.from_ical(written, multiple=True)
    assert not calendar.errors
    return [_of_icalendar(one) for one in calendar.walk("VEVENT")]


def _of_icalendar(event: Any) -> Read:
    assert not event.errors
    return Read(
        uid=str(event["UID"]),
        sequence=int(event["SEQUENCE"]),
        starts_at=_moment(event["DTSTART"].dt),
        ends_at=_moment(event["DTEND"].dt),
        summary=str(event["SUMMARY"]),
        location=str(event["LOCATION"]) if "LOCATION" in event else None,
        status=str(event["STATUS"]),
        whole_days=not isinstance(event["DTSTART"].dt, datetime),
    )


def _by_vobject(written: str) -> list[Read]:
    library: Any = vobject
    calendar: Any = library.readOne(written)
    return [_of_vobject(one) for one in calendar.contents.get("vevent", [])]


def _of_vobject(event: Any) -> Read:
    return Read(
        uid=str(event.uid.value),
        sequence=int(event.sequence.value),
        starts_at=_moment(event.dtstart.value),
        ends_at=_moment(event.dtend.value),
        summary=str(event.summary.value),
        location=str(event.location.value) if "location" in event.contents else None,
        status=str(event.status.value),
        whole_days=not isinstance(event.dtstart.value, datetime),
    )
