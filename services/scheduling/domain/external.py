"""Calendars of counsellors in other programs: what of them is kept, for how long, and why one cannot be read."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.chassis.egress.addresses import Refusal
from services.chassis.refusals import Invalid, Refused, msg
from services.scheduling.domain.slots import Timeline

AGAIN = timedelta(hours=20)
"""A calendar that has not changed is computed again after this: time goes on, and so do its recurrences."""
MARGIN = timedelta(days=2)
"""So many days more than are ever booked are kept: until it is computed again."""
PAUSE = timedelta(minutes=1)
"""Who asks for a calendar at once, again and again, has it asked no more often."""
WORDS = {
    Refusal.NOT_AN_ADDRESS: msg("This address cannot be read. Copy it again from the other calendar."),
    Refusal.NOT_HTTPS: msg("The address must begin with https://. Copy it again from the other calendar."),
    Refusal.WITH_ACCOUNT: msg("The address contains a user name. Copy the address that works without one."),
    Refusal.OTHER_PORT: msg("The address has an unusual port. Ask the people who run the other calendar."),
    Refusal.NOT_A_NAME: msg("The address needs the name of a site, for example calendar.example.org."),
    Refusal.NOT_LISTED: msg("Calendars of this site cannot be used here. Ask the people who run the platform."),
    Refusal.NO_SUCH_HOST: msg("The site of the calendar was not found. Check the address."),
    Refusal.NOT_PUBLIC: msg("The calendar is on a private network. It needs an address on the internet."),
    Refusal.NO_CONNECTION: msg("The site of the calendar did not answer. Check the address, or wait."),
    Refusal.TIMEOUT: msg("The site of the calendar took too long. Nothing needs to be done: it is asked again."),
    Refusal.REDIRECTED: msg("The calendar has moved. Copy its new address from the other calendar."),
    Refusal.STATUS: msg("The other site refuses the calendar. Check that its address is still valid."),
    Refusal.TOO_LARGE: msg("The calendar is too large. Share one without old entries."),
    Refusal.COMPRESSED: msg("The other site sends the calendar in a form that cannot be read."),
    "not-a-calendar": msg("There is no calendar at this address. Copy the address that ends in .ics."),
    "too-many": msg("The calendar has too many entries. Share one without old entries."),
    "too-slow": msg("The calendar is too complicated. Share one with fewer entries that repeat."),
    "key-gone": msg("The address can no longer be read here. Enter it again."),
    "failed": msg("The calendar could not be read. It is asked again."),
}
"""Why a calendar is not read, by the code that is kept."""


class AddressRefused(Invalid):
    """The address of a calendar is none that may be asked."""

    slug = "address-refused"
    message = msg("Check the address of the calendar. {reason}")
    field_name = "address"


class NoOtherCalendar(Refused):
    """There is no other calendar to read."""

    slug = "no-other-calendar"
    message = msg("No other calendar is entered any more. Enter its address.")


def as_https(address: str) -> str:
    """The address as it is asked: calendar programs write `webcal:` for the same."""
    scheme, colon, rest = address.strip().partition(":")
    return f"https:{rest}" if colon and scheme.lower() in ("webcal", "webcals") else address.strip()


def span_kept(now: datetime, horizon: timedelta, zone: ZoneInfo) -> Timeline:
    """The days of which busy times are kept: from today on, as far as is booked and `MARGIN` more."""
    today: date = now.astimezone(zone).date()
    return Timeline.of(today, today + horizon + MARGIN)
