"""Opening hours as text: a strict part of OpenStreetMap's `opening_hours`, and the fields that are derived from it.

::

    text    = rule *("; " rule)               weekdays first, then holidays, then dates; each day once
    rule    = days " " spans | "PH off" | date " " (spans | "off")
    days    = part *("," part)                part: Mo, or Mo-Fr; Monday first
    spans   = span *("," span)                span: 09:00-12:00, local time, end excluded, until 24:00
    date    = 2026 Dec 24                     2026-12-24 is read too

A weekday in no rule is closed. A later rule replaces an earlier one for its day, as in OpenStreetMap: a date counts
more than `PH off`, and that more than a weekday. `PH`: the public holidays of Belgium. Source:
https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from services.chassis.refusals import Invalid
from services.contracts.directory import WEEKDAYS
from services.directory.domain.opening_refusals import (
    HoursOverlap,
    OpeningRuleOrder,
    OpeningRuleUnread,
    WrongHours,
)

Span = tuple[str, str]
Spans = tuple[Span, ...]

_NAMES = tuple(code.capitalize() for code in WEEKDAYS)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24:00))")
_DATE = re.compile(rf"([0-9]{{4}})(?: ({'|'.join(_MONTHS)}) ([0-9]{{1,2}})|-([0-9]{{2}})-([0-9]{{2}})) (.+)")
_ONE_DIGIT = re.compile(r"\b([0-9]):")
_DAY = "|".join(_NAMES)
_WEEK = re.compile(rf"((?:{_DAY})(?:-(?:{_DAY}))?(?:,(?:{_DAY})(?:-(?:{_DAY}))?)*) (.+)")
FIRST_YEAR = 2000
"""Of exceptions: an earlier year is mistyped."""
CLOSED = "off"
HOLIDAYS_OFF = f"PH {CLOSED}"


@dataclass(frozen=True, slots=True)
class Week:
    """A usual week and its exceptions. `usual`: by RFC 5545 weekday; `exceptions`: by ISO date, empty where closed."""

    usual: Mapping[str, Spans]
    closed_on_holidays: bool
    exceptions: Mapping[str, Spans]


def week_of(text: str) -> Week:
    """Reads the text. Raises `OpeningRuleUnread`, `OpeningRuleOrder`, `WrongHours`, `HoursOverlap`, about `hours`."""
    usual: dict[str, Spans] = {}
    exceptions: dict[str, Spans] = {}
    holidays = False
    for number, rule in enumerate((part.strip() for part in text.split(";") if part.strip()), 1):
        unread = OpeningRuleUnread("hours", number=number, rule=rule)
        if rule == HOLIDAYS_OFF:
            known, holidays = holidays or bool(exceptions), True
        elif found := _WEEK.fullmatch(rule):
            days = list(_days(found[1], unread))
            known = holidays or bool(exceptions or usual.keys() & set(days)) or len(set(days)) < len(days)
            usual |= dict.fromkeys(days, spans_of(found[2], unread))
        else:
            day, spans = exception_of(rule, unread)
            known = day in exceptions
            exceptions[day] = spans
        if known:
            raise OpeningRuleOrder("hours", number=number, rule=rule)
    return Week({day: usual[day] for day in WEEKDAYS if usual.get(day)}, holidays, dict(sorted(exceptions.items())))


def exception_of(rule: str, unread: Invalid) -> tuple[str, Spans]:
    """The ISO date of an exception and its hours, empty where closed. Raises `unread`, and what `spans_of` raises."""
    found = _DATE.fullmatch(rule)
    if found is None:
        raise unread
    month = _MONTHS.index(found[2]) + 1 if found[2] else int(found[4])
    try:
        day = date(int(found[1]), month, int(found[3] or found[5]))
        if day.year < FIRST_YEAR:
            raise ValueError("a day long ago")
    except ValueError:
        raise unread from None
    return day.isoformat(), () if found[6] == CLOSED else spans_of(found[6], unread)


def spans_of(text: str, unread: Invalid) -> Spans:
    """The hours of a day, in order. Raises `unread`, and about its field `WrongHours` and `HoursOverlap`."""
    spans: list[Span] = []
    for part in text.split(","):
        padded = _ONE_DIGIT.sub(r"0\1:", part.strip())  # 9:00 is read too
        if not _SPAN.fullmatch(padded):
            raise unread
        opens_at, closes_at = padded.split("-")
        if closes_at <= opens_at:
            raise WrongHours(unread.about, opens_at=opens_at, closes_at=closes_at)
        spans.append((opens_at, closes_at))
    for first, second in pairwise(sorted(spans)):
        if second[0] < first[1]:
            named = unread.values.get("rule") or unread.values.get("line") or text
            raise HoursOverlap(unread.about, weekday=named, first="–".join(first), second="–".join(second))
    return tuple(sorted(spans))


def text_of(week: Week) -> str:
    """The week as text, one way for one week: `week_of` reads it back."""
    same: dict[Spans, list[int]] = {}
    for number, weekday in enumerate(WEEKDAYS):
        if spans := week.usual.get(weekday):
            same.setdefault(spans, []).append(number)
    rules = [f"{_days_text(days)} {spans_text(spans)}" for spans, days in same.items()]
    rules += [HOLIDAYS_OFF] if week.closed_on_holidays else []
    return "; ".join([*rules, *(exception_text(day, spans) for day, spans in sorted(week.exceptions.items()))])


def exception_text(day: str, spans: Spans) -> str:
    """An exception as a rule."""
    on = date.fromisoformat(day)
    return f"{on.year:04d} {_MONTHS[on.month - 1]} {on.day:02d} {spans_text(spans) or CLOSED}"


def spans_text(spans: Spans) -> str:
    """Hours of a day as the text has them."""
    return ",".join("-".join(span) for span in spans)


def fields_of(week: Week, holidays: Collection[str]) -> dict[str, list[Any]]:
    """The fields of `CentrePublished`. A day with other hours is among the closed ones too."""
    same: dict[Spans, list[str]] = {}
    for weekday, spans in week.usual.items():
        same.setdefault(spans, []).append(weekday)
    hours = [_span(*span) | {"weekdays": days} for spans, days in same.items() for span in spans]
    closed = {*week.exceptions, *(holidays if week.closed_on_holidays else ())}
    special = [{"day": day, "openings": [_span(*span) for span in spans]} for day, spans in week.exceptions.items()]
    return {
        "opening_hours": hours,
        "closed_on": sorted(closed),
        "special_days": [one for one in special if one["openings"]],
    }


def week_of_fields(
    opening_hours: Sequence[Mapping[str, Any]], closed_on: Collection[str], holidays: Collection[str]
) -> Week:
    """The week from the older fields. `holidays`: those of the years for which `closed_on` has any.

    With half of the holidays the centre is closed on holidays, and the others are exceptions.
    """
    usual = {
        weekday: tuple(
            sorted((one["opens_at"], one["closes_at"]) for one in opening_hours if weekday in one["weekdays"])
        )
        for weekday in WEEKDAYS
    }
    off = 0 < len(set(holidays)) <= 2 * len(set(holidays) & set(closed_on))
    exceptions: dict[str, Spans] = dict.fromkeys(set(closed_on) - set(holidays if off else ()), ())
    for day in set(holidays if off else ()) - set(closed_on):
        if spans := usual[WEEKDAYS[date.fromisoformat(day).weekday()]]:
            exceptions[day] = spans
    return Week({day: spans for day, spans in usual.items() if spans}, off, dict(sorted(exceptions.items())))


def _span(opens_at: str, closes_at: str) -> dict[str, Any]:
    return {"opens_at": opens_at, "closes_at": closes_at}


def _days(text: str, unread: Invalid) -> Iterator[str]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        begins, ends = _NAMES.index(first), _NAMES.index(last or first)
        if ends < begins:
            raise unread
        yield from WEEKDAYS[begins : ends + 1]


def _days_text(days: Sequence[int]) -> str:
    """Days as the text has them: two or more that follow each other are a range."""
    ranges: list[list[int]] = []
    for day in days:
        if ranges and ranges[-1][-1] == day - 1:
            ranges[-1].append(day)
        else:
            ranges.append([day])
    return ",".join(_NAMES[one[0]] + (f"-{_NAMES[one[-1]]}" if len(one) > 1 else "") for one in ranges)
