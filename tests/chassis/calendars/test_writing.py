"""What is written is read by two parsers to the minute, whatever the clocks do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.chassis.calendars.writing import Entry, invitation, subscription
from tests.givens.calendars import read_calendar

BRUSSELS = ZoneInfo("Europe/Brussels")
HOUR = timedelta(hours=1)
NOON = Entry(
    id=UUID(int=7),
    sequence=2,
    stamped_at=datetime(2026, 3, 2, 8, 0, 12, 345, tzinfo=UTC),
    starts_at=datetime(2026, 3, 28, 11, tzinfo=UTC),
    ends_at=datetime(2026, 3, 28, 12, tzinfo=UTC),
    zone=BRUSSELS,
    summary="Atelier « projet ; emploi, formation »\\n",
    location="Local 2, Cité des métiers de Liège",
)


def at(moment: datetime) -> Entry:
    return replace(NOON, starts_at=moment, ends_at=moment + HOUR)


@pytest.mark.parametrize("zone", ["Europe/Brussels", "Europe/London", "America/Sao_Paulo", "Asia/Kolkata", "UTC"])
def test_every_hour_around_both_changes_is_read_to_the_minute(zone: str) -> None:
    days = [datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC), datetime(2027, 3, 27, tzinfo=UTC)]
    moments = [day + timedelta(minutes=15 * quarter) for day in days for quarter in range(3 * 96)]
    entries = [replace(at(moment), zone=ZoneInfo(zone)) for moment in moments]
    read = read_calendar(subscription(entries, "Agenda", HOUR))
    assert [(one.starts_at, one.ends_at) for one in read] == [(moment, moment + HOUR) for moment in moments]


def test_every_day_of_a_year_stays_at_its_local_time() -> None:
    starts = [datetime(2026, 1, 1, 9, 15, tzinfo=BRUSSELS) + timedelta(days=day) for day in range(730)]
    written = subscription([at(one.astimezone(UTC)) for one in starts], "Agenda", HOUR)
    read = read_calendar(written)
    assert [one.starts_at for one in read] == [one.astimezone(UTC) for one in starts]
    assert written.decode().count("DTSTART;TZID=Europe/Brussels:") == 730
    assert written.decode().count("T091500\r\n") == written.decode().count("T101500\r\n") == 730


def test_an_invitation_says_what_a_program_needs_and_asks_for_no_answer() -> None:
    written = invitation(NOON, Address("Cité; des, métiers", addr_spec="centre@example.be"), "ada@example.org")
    lines = written.replace("\r\n ", "").splitlines()
    assert {
        "METHOD:REQUEST",
        "UID:00000000-0000-0000-0000-000000000007@cefo",
        "SEQUENCE:2",
        "DTSTAMP:20260302T080012Z",
        "STATUS:CONFIRMED",
        "DTSTART;TZID=Europe/Brussels:20260328T120000",
        'ORGANIZER;CN="Cité; des, métiers":mailto:centre@example.be',
        "ATTENDEE;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT;RSVP=FALSE:mailto:ada@example.org",
    } <= set(lines)
    [read] = read_calendar(written)
    assert (read.summary, read.location) == (NOON.summary, NOON.location)


def test_a_cancelled_one_ends_the_same_appointment() -> None:
    written = invitation(replace(NOON, cancelled=True, sequence=3), Address(addr_spec="c@example.be"), "a@example.org")
    assert {"METHOD:CANCEL", "STATUS:CANCELLED"} <= set(written.splitlines())
    [read] = read_calendar(written)
    assert (read.uid, read.sequence) == (f"{NOON.id}@cefo", 3)


def test_an_empty_calendar_is_one() -> None:
    written = subscription([], "Agenda", HOUR).decode()
    assert read_calendar(written) == []
    assert {"REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-WR-CALNAME:Agenda"} <= set(written.splitlines())
