"""Working hours and absences, as people say them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from services.chassis.i18n import LANGUAGES as PAGES
from services.chassis.i18n import by_name, date_text, language_name, locale, translate_number
from services.chassis.i18n import translate as _
from services.chassis.refusals import msg, with_words
from services.contracts.arrivals import INTERPRETED
from services.scheduling.domain.availability import WorkingHours
from services.scheduling.domain.changed_days import ChangedDays
from services.scheduling.domain.times import is_midnight
from services.scheduling.store import Centre, CounsellorAbsence, CounsellorHours

LANGUAGES = ("fr", *INTERPRETED)
"""The languages among which a counsellor chooses."""
HOURS_OF_DAYS = {"none": msg("No hours"), "other": msg("Other hours")}
"""What counts on days that are different."""
with_words(HOURS_OF_DAYS)


@dataclass(frozen=True, slots=True)
class Row:
    """Usual hours in words, and the days that are left out of them, as values and words of a choice."""

    words: list[str]
    left_out: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Week:
    """The working hours at a centre. `changes`: days with other hours, in words. `version` 0: none were entered yet."""

    centre: Centre
    version: int
    rows: list[Row]
    changes: list[list[str]]


def week_of(centre: Centre, kept: CounsellorHours | None) -> Week:
    """The working hours at a centre, in words."""
    if kept is None:
        return Week(centre, 0, [], [])
    rows = [
        Row(row_words(row), [(day.isoformat(), date_text(day, "full")) for day in sorted(row.except_on)])
        for row in kept.usual(centre.zone)
    ]
    return Week(centre, kept.version, rows, [change_words(one) for one in kept.changed(centre.zone)])


def change_words(change: ChangedDays) -> list[str]:
    """The parts of changed days: which ones, and their hours."""
    days = _day(change.first) if change.first == change.last else f"{_day(change.first)} – {_day(change.last)}"
    names = weekday_names()
    chosen = [", ".join(names[number] for number in change.weekdays)] if change.weekdays else []
    return [days, ", ".join(f"{begins}–{ends}" for begins, ends in change.spans) or _("no hours"), *chosen]


def weekday_names() -> list[str]:
    """The weekdays in the reader's language, Monday first."""
    names: Mapping[int, str] = cast(Any, locale()).days["stand-alone"]["wide"]
    return [names[number] for number in range(7)]


def row_words(hours: WorkingHours) -> list[str]:
    """The parts of a row: its days and times, how often, from when, until when, and except when."""
    rule, names = hours.rule, weekday_names()
    days = ", ".join(names[number] for number in hours.weekdays)
    parts = [
        days,
        f"{hours.begins}–{hours.ends}",
        translate_number("every week", "every {weeks} weeks", rule.interval).format(weeks=rule.interval),
        _("from {day} on").format(day=date_text(hours.starts_on)),
    ]
    if rule.until is not None:
        parts.append(_("up to and including {day}").format(day=date_text(rule.until)))
    if rule.count is not None:
        parts.append(_("number of times: {count}").format(count=rule.count))
    if hours.except_on:
        days = ", ".join(date_text(day, "medium") for day in sorted(hours.except_on))
        parts.append(_("except: {days}").format(days=days))
    return parts


def absence_words(absence: CounsellorAbsence, zone: ZoneInfo) -> str:
    """The days of an absence; with times, unless it has whole days."""
    begins, ends = absence.starts_at.astimezone(zone), absence.ends_at.astimezone(zone)
    if is_midnight(begins, zone) and is_midnight(ends, zone):
        first, last = begins.date(), ends.date() - timedelta(days=1)
        if first == last:
            return _("{day}, all day").format(day=_day(first))
        return f"{_day(first)} – {_day(last)}"
    if is_midnight(ends, zone):
        last = ends.date() - timedelta(days=1)
        if begins.date() == last:
            return f"{_day(last)}, {begins:%H:%M}–24:00"
        evening = _("{day}, in the evening").format(day=_day(last))
        return f"{_day(begins.date())}, {begins:%H:%M} – {evening}"
    if begins.date() == ends.date():
        return f"{_day(begins.date())}, {begins:%H:%M}–{ends:%H:%M}"
    return f"{_day(begins.date())}, {begins:%H:%M} – {_day(ends.date())}, {ends:%H:%M}"


def language_choices(usual: Collection[str]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The languages to choose from, in the order of their names: those of the pages and `usual`; the others."""
    named = [(code, language_name(code)) for code in sorted(LANGUAGES, key=lambda code: by_name(language_name(code)))]
    first = {*PAGES, *usual}
    return [one for one in named if one[0] in first], [one for one in named if one[0] not in first]


def _day(day: date) -> str:
    return date_text(day, "full")
