"""The rules of zones say for every hour what the zone database says."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import vobject
from dateutil.rrule import rrulestr
from icalendar.cal import Component

from services.chassis.calendars.zones import zone_rules


@pytest.mark.parametrize("key", ["Europe/Brussels", "Europe/London", "America/New_York", "Australia/Sydney"])
@pytest.mark.parametrize("year", [2017, 2026, 2035])
def test_every_hour_of_a_year_has_its_offset(key: str, year: int) -> None:
    """As another library computes them. It is not asked about the hours around a change, which local times repeat."""
    library, zone = _zone_of(key, year), ZoneInfo(key)
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(24 * 365)]
    near = timedelta(hours=2)
    plain = [at for at in hours if (at - near).astimezone(zone).utcoffset() == (at + near).astimezone(zone).utcoffset()]
    assert len(plain) > 24 * 365 - 20
    found = [at.astimezone(zone).replace(tzinfo=library).utcoffset() for at in plain]
    assert found == [at.astimezone(zone).utcoffset() for at in plain]


def _zone_of(key: str, year: int) -> Any:
    reader: Any = vobject
    written = zone_rules(key, year, year).to_ical().decode().replace(key, f"{key} {year}")
    zone = reader.readOne(f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{written}END:VCALENDAR\r\n").vtimezone
    return zone.gettzinfo()


ZONES = ["Europe/Brussels", "Europe/Dublin", "America/New_York", "America/Sao_Paulo", "Africa/Casablanca"]


@pytest.mark.parametrize("key", [*ZONES, "Australia/Lord_Howe"])
def test_each_part_begins_in_the_local_time_before_it(key: str) -> None:
    """RFC 5545, 3.6.5: its beginning and the offset before it give the moment at which the offset changes."""
    first, end = datetime(2017, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
    written = [one for part in zone_rules(key, 2017, 2035).subcomponents for one in _onsets(part, end)]
    found = sorted((at, before, after) for at, before, after in written if first <= at < end and before != after)
    assert found == _changes(key, first, end)
    assert len(found) > 4


def _onsets(part: Component, end: datetime) -> list[tuple[datetime, timedelta, timedelta]]:
    written: dict[str, Any] = dict(part)
    before, after, start = written["TZOFFSETFROM"].td, written["TZOFFSETTO"].td, written["DTSTART"].dt
    local = [start, *(one.dt for one in written["RDATE"].dts)] if "RDATE" in written else [start]
    if "RRULE" in written:
        rule = rrulestr(written["RRULE"].to_ical().decode(), dtstart=start)
        local = rule.between(start, end.replace(tzinfo=None), inc=True)
    return [(one.replace(tzinfo=UTC) - before, before, after) for one in local]


def _changes(key: str, first: datetime, end: datetime) -> list[tuple[datetime, timedelta | None, timedelta | None]]:
    """When the offset changes, as the zone database says; it does on no other minutes than these."""
    zone, step = ZoneInfo(key), timedelta(minutes=30)
    times = [first + step * number for number in range((end - first) // step)]
    offsets = [at.astimezone(zone).utcoffset() for at in times]
    return [
        (at, before, after)
        for at, before, after in zip(times[1:], offsets, offsets[1:], strict=False)
        if before != after
    ]


@pytest.mark.parametrize("key", ["Europe/Brussels", "America/New_York"])
def test_changes_that_follow_a_rule_are_written_as_one(key: str) -> None:
    written = zone_rules(key, 2026, 2027).to_ical().decode()
    assert written.count("RRULE:FREQ=YEARLY;BYDAY=") == 2
    assert "RDATE" not in written


def test_changes_that_follow_no_rule_are_written_as_dates() -> None:
    """Morocco goes back for Ramadan."""
    assert "RDATE" in zone_rules("Africa/Casablanca", 2026, 2027).to_ical().decode()


def test_a_zone_without_changes_has_one_offset() -> None:
    written = zone_rules("Asia/Kolkata", 2026, 2027).to_ical().decode()
    assert written.count("TZOFFSETTO:+0530") == 1
