"""The rules of a zone as calendars carry them (VTIMEZONE, RFC 5545, 3.6.5)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Timezone, vRecur
from icalendar.cal import Component

_WEEK = timedelta(days=7)
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@lru_cache(maxsize=64)
def zone_rules(key: str, first: int, last: int) -> Timezone:
    """The offsets of a zone in these years and those beside them.

    Changes that follow a rule are written as one: not every program reads a list of dates. The year before has one of
    each, so that what was before need not be written.
    """
    zone = Timezone.from_tzinfo(ZoneInfo(key), key, date(first - 1, 1, 1), date(last + 2, 1, 1))
    zone.pop("COMMENT", None)
    changes = [one for one in zone.subcomponents if _offset(one, "TZOFFSETFROM") != _offset(one, "TZOFFSETTO")]
    if len(changes) > 1 and all(_becomes_rule(one) for one in changes):
        zone.subcomponents[:] = changes
    return zone


def _becomes_rule(change: Component) -> bool:
    """Write the dates of a change as a yearly rule, if they follow one."""
    first, others = (change.get(name) for name in ("DTSTART", "RDATE"))  # of any type, as the library sees it
    rule = _rule([first.dt, *(one.dt for one in others.dts)]) if others is not None else None
    if rule is None:
        return False
    del change["RDATE"]
    change["RRULE"] = rule
    return True


def _rule(dates: Sequence[datetime]) -> vRecur | None:
    """The same weekday of a month in each year: the last one, or the one of that number. None: they follow no rule."""
    years = [one.year for one in dates]
    if not dates or years != list(range(years[0], years[0] + len(years))):
        return None
    if len({(one.month, one.weekday(), one.time()) for one in dates}) > 1:
        return None
    numbers = {(one.day - 1) // 7 + 1 for one in dates}
    if all((one + _WEEK).month != one.month for one in dates):
        numbers = {-1}
    if len(numbers) > 1:
        return None
    return vRecur({"FREQ": "YEARLY", "BYMONTH": dates[0].month, "BYDAY": f"{numbers.pop()}{_DAYS[dates[0].weekday()]}"})


def _offset(change: Component, name: str) -> timedelta:
    value: Any = change[name]
    return value.td
