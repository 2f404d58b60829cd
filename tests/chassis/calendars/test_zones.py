"""The rules of zones say for every hour what the zone database says."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import vobject

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
