"""The rules of a zone as calendars carry them (VTIMEZONE, RFC 5545, 3.6.5)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur
from icalendar.cal import Component

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@lru_cache(maxsize=64)
def zone_rules(key: str, first: int, last: int) -> Timezone:
    """The offsets of a zone in these years and those beside them.

    Changes that follow a rule are written as one: not every program reads a list of dates. The year before has one of
    each, so that what was before need not be written.
    """
    zone, begins, ends = ZoneInfo(key), datetime(first - 1, 1, 1, tzinfo=UTC), datetime(last + 2, 1, 1, tzinfo=UTC)
    onsets: dict[_Change, list[datetime]] = {}
    for at in _changes(zone, begins, ends):
        change = _Change(_offset_at(zone, at - _SECOND), _offset_at(zone, at), at.astimezone(zone).tzname() or key)
        onsets.setdefault(change, []).append((at + change.before).replace(tzinfo=None))
    rules = [_rule(dates, range(first - 1, last + 2)) for dates in onsets.values()]
    written = Timezone()
    written.add("TZID", key)
    if len(rules) < 2 or not all(rules):
        rules = [None] * len(rules)
        before = _Change(_offset_at(zone, begins), _offset_at(zone, begins), begins.astimezone(zone).tzname() or key)
        written.add_component(_part(before, [begins.replace(tzinfo=None)], None))
    for (change, dates), rule in zip(onsets.items(), rules, strict=True):
        written.add_component(_part(change, dates, rule))
    return written


class _Change(NamedTuple):
    """From which offset to which, and what the zone is called from then on."""

    before: timedelta
    after: timedelta
    name: str


def _offset_at(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _changes(zone: ZoneInfo, begins: datetime, ends: datetime) -> Iterator[datetime]:
    """When the offset changes in [begins, ends), to the second; it does so at most once in 24 hours."""
    while begins < ends:
        after = begins + _DAY
        if _offset_at(zone, begins) != _offset_at(zone, after):
            low, high = begins, after
            while high - low > _SECOND:
                middle = low + (high - low) // _SECOND // 2 * _SECOND
                low, high = (middle, high) if _offset_at(zone, middle) == _offset_at(zone, low) else (low, middle)
            yield high
        begins = after


def _part(change: _Change, dates: Sequence[datetime], rule: vRecur | None) -> Component:
    """Beginning in local time as it was before the change (RFC 5545, 3.6.5)."""
    part = TimezoneDaylight() if change.after > change.before else TimezoneStandard()
    part.add("DTSTART", dates[0])
    if rule is not None:
        part["RRULE"] = rule
    elif dates[1:]:
        part.add("RDATE", list(dates[1:]))
    part.add("TZNAME", change.name)
    part.add("TZOFFSETFROM", change.before)
    part.add("TZOFFSETTO", change.after)
    return part


def _rule(dates: Sequence[datetime], years: range) -> vRecur | None:
    """The same weekday of a month in each year: the last one, or the one of that number. None: they follow no rule."""
    if [one.year for one in dates] != list(years):
        return None
    if len({(one.month, one.weekday(), one.time()) for one in dates}) > 1:
        return None
    numbers = {(one.day - 1) // 7 + 1 for one in dates}
    if all((one + _WEEK).month != one.month for one in dates):
        numbers = {-1}
    if len(numbers) > 1:
        return None
    return vRecur({"FREQ": "YEARLY", "BYMONTH": dates[0].month, "BYDAY": f"{numbers.pop()}{_DAYS[dates[0].weekday()]}"})
