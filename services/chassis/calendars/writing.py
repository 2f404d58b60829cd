"""Writes calendars: one to subscribe to, and the invitation to one appointment.

Times are written in the zone of the place, which goes along as a VTIMEZONE, so that an appointment stays at its local
time whatever the reader's program knows of the zone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.headerregistry import Address
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress

from services.chassis.calendars.zones import zone_rules

_PRODUCT = "-//cefo//cefo//EN"
DOMAIN = "cefo"
"""After the id of an appointment: an id is worldwide its own already."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An appointment in a calendar. `sequence` grows with each change of it, from 0; `stamped_at`: when it was last so.

    `zone`: of the place. An entry that is `cancelled` removes the one with its id from the reader's calendar.
    `whole_days`: it begins and ends at local midnights, and is written with dates, so that programs show it as days.
    """

    id: UUID
    sequence: int
    stamped_at: datetime
    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    summary: str
    location: str = ""
    url: str = ""
    cancelled: bool = False
    whole_days: bool = False


def subscription(entries: Sequence[Entry], name: str, refresh: timedelta) -> bytes:
    """A calendar to which a program subscribes. `name`: the program's title for it; `refresh`: how often to read it."""
    calendar = _calendar()
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", refresh, {"VALUE": "DURATION"})
    calendar.add("x-published-ttl", refresh, {"VALUE": "DURATION"})
    _add_zones(calendar, entries)
    for entry in entries:
        calendar.add_component(_event(entry))
    return calendar.to_ical()


def invitation(entry: Entry, organizer: Address, attendee: str) -> str:
    """The iTIP message (RFC 5546) that puts an appointment into a calendar, or takes it out if it is cancelled.

    No answer is asked for: the attendee has accepted. `attendee`: the address to which the message goes.
    """
    calendar = _calendar()
    calendar.add("method", method_of(entry))
    _add_zones(calendar, [entry])
    event = _event(entry)
    sender = vCalAddress(f"mailto:{organizer.addr_spec}")
    if organizer.display_name:
        sender.params["CN"] = organizer.display_name
    event.add("organizer", sender)
    recipient = vCalAddress(f"mailto:{attendee}")
    recipient.params.update({"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"})
    event.add("attendee", recipient)
    calendar.add_component(event)
    return calendar.to_ical().decode()


def method_of(entry: Entry) -> str:
    """The method of its invitation."""
    return "CANCEL" if entry.cancelled else "REQUEST"


def _calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    return calendar


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", f"{entry.id}@{DOMAIN}")
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.stamped_at.astimezone(UTC).replace(microsecond=0))
    place = _date if entry.whole_days else _local
    event.add("dtstart", place(entry.starts_at, entry.zone))
    event.add("dtend", place(entry.ends_at, entry.zone))
    event.add("summary", entry.summary)
    if entry.location:
        event.add("location", entry.location)
    if entry.url:
        event.add("url", entry.url)
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    event.add("class", "PRIVATE")
    return event


def _date(at: datetime, zone: ZoneInfo) -> date:
    """The local date, which icalendar writes with `VALUE=DATE`; as an end it is excluded (RFC 5545, 3.6.1)."""
    return at.astimezone(zone).date()


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    """The local time; in UTC where the clock shows it twice: programs do not agree which one a local time is."""
    local = at.astimezone(zone)
    return local if local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset() else at.astimezone(UTC)


def _add_zones(calendar: Calendar, entries: Iterable[Entry]) -> None:
    """The zones of these entries; dates have none."""
    years: dict[str, set[int]] = {}
    for entry in entries:
        if entry.whole_days:
            continue
        years.setdefault(entry.zone.key, set()).update((entry.starts_at.year, entry.ends_at.year))
    for key in sorted(years.keys() - {"UTC"}):
        calendar.add_component(zone_rules(key, min(years[key]), max(years[key])))
