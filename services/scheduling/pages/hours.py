"""Working hours: rows that are added, changed and removed, days that are left out, and weeks that are different."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import Form, Request
from pydantic import Field
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.service.definition import Runtime
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.chassis.web import Body, Reading, Router, Running, Working, apply_form, read_form, see_other
from services.contracts.directory import WEEKDAYS, ClosingTime, LocalTime, Weekday
from services.contracts.envelope import StaffCode
from services.contracts.text import Key
from services.contracts.values import Day, Version, Whole
from services.scheduling.actions import availability
from services.scheduling.actions.counsellors import centres_kept
from services.scheduling.domain.availability import LONGEST_INTERVAL, WeeklyRule, WorkingHours
from services.scheduling.domain.changed_days import ChangedDays
from services.scheduling.domain.refusals import SpanMissing
from services.scheduling.pages.counsellor_page import Staff, counsellor_page
from services.scheduling.store import Centre, CounsellorHours

router = Router("/scheduling/counsellors", pages=True)


class HoursForm(Body):
    """A row of working hours. `version`: of the rows that the page showed."""

    centre: Key
    weekdays: list[Weekday] = Field(min_length=1, max_length=7)
    begins: LocalTime
    ends: ClosingTime
    every: Annotated[int, Whole(1, LONGEST_INTERVAL)] = 1
    starts_on: Day
    until: Day | None = None
    version: Version


class ChangedForm(HoursForm):
    """A row of the page, counted from 0, as it is to be."""

    row: Annotated[int, Whole(0)]


class RowForm(Body):
    """A row of the page, counted from 0, and the version of the rows that the page showed."""

    centre: Key
    row: Annotated[int, Whole(0)]
    version: Version


class DayForm(RowForm):
    """A day on which the row does not count, or counts again."""

    day: Day


class WeekForm(Body):
    """Days with other hours, or with none. Without `last_changed` it is one day, without weekdays every one."""

    centre: Key
    first_changed: Day
    last_changed: Day | None = None
    changed_weekdays: list[Weekday] = Field([], max_length=7)
    which: Literal["none", "other"]
    from_1: LocalTime | None = None
    to_1: ClosingTime | None = None
    from_2: LocalTime | None = None
    to_2: ClosingTime | None = None
    version: Version


_OF_ROWS = {"rrule": "weekdays", "rows": "weekdays"}
_OF_WEEKS = {
    **{"first": "first_changed", "last": "last_changed", "until": "last_changed", "rows": "first_changed"},
    **{"begins": "from_1", "ends": "to_1", "spans": "from_2"},
}
"""The fields of the forms at which refusals stand, by the fields of the action."""


@dataclass(slots=True)
class _Sheet:
    """What a counsellor has entered at a centre, while a form changes it."""

    rows: list[WorkingHours]
    changes: list[ChangedDays]
    zone: ZoneInfo

    def row(self, number: int) -> WorkingHours:
        """A row. Raises `NotFound`."""
        if number >= len(self.rows):
            raise NotFound(what=msg("working hours"))
        return self.rows[number]


Edit = Callable[[_Sheet], None]


@router.post("/{code}/hours")
async def add_hours(code: StaffCode, request: Request, read: Reading, running: Running, person: Staff) -> Response:
    """Add a row of working hours."""
    await centres_kept(read, person, code)
    filled, typed, errors = await read_form(request, HoursForm)
    if filled is not None:

        def edit(sheet: _Sheet) -> None:
            sheet.rows.append(_row(filled, sheet))

        errors = await _apply(request, running, person, code, filled, edit)
    return await _answer(request, read, running, person, code, typed, errors, _OF_ROWS)


@router.post("/{code}/hours/change")
async def change_hours(code: StaffCode, request: Request, read: Reading, running: Running, person: Staff) -> Response:
    """Change a row of working hours. The days that were left out of it stay so, where it still counts on them."""
    await centres_kept(read, person, code)
    filled, typed, errors = await read_form(request, ChangedForm)
    if filled is not None:

        def edit(sheet: _Sheet) -> None:
            sheet.rows[filled.row] = _row(filled, sheet, sheet.row(filled.row))

        errors = await _apply(request, running, person, code, filled, edit)
    return await _answer(request, read, running, person, code, typed, errors, _OF_ROWS)


@router.post("/{code}/hours/remove")
async def remove_hours(
    code: StaffCode, form: Annotated[RowForm, Form()], request: Request, work: Working, person: Staff
) -> Response:
    """Remove a row of working hours."""

    def edit(sheet: _Sheet) -> None:
        sheet.rows.remove(sheet.row(form.row))
        if not sheet.rows:
            sheet.changes.clear()  # without usual hours, the opening hours count

    await _save(work, person, code, form, edit)
    return _saved(request, code)


@router.post("/{code}/hours/except")
async def except_hours(code: StaffCode, request: Request, read: Reading, running: Running, person: Staff) -> Response:
    """Let a row not count on a day."""
    await centres_kept(read, person, code)
    filled, typed, errors = await read_form(request, DayForm)
    if filled is not None:

        def edit(sheet: _Sheet) -> None:
            row = sheet.row(filled.row)
            sheet.rows[filled.row] = replace(row, except_on=row.except_on | {filled.day})

        errors = await _apply(request, running, person, code, filled, edit)
    own = f"day-{typed.get('centre', '')}-{typed.get('row', '')}"
    form = {own: typed.get("day", ""), "centre": typed.get("centre", "")}
    return await _answer(request, read, running, person, code, form, errors, {"except_on": own, "day": own})


@router.post("/{code}/hours/restore")
async def restore_hours(
    code: StaffCode, form: Annotated[DayForm, Form()], request: Request, work: Working, person: Staff
) -> Response:
    """Let a row count again on a day that was left out of it."""

    def edit(sheet: _Sheet) -> None:
        row = sheet.row(form.row)
        sheet.rows[form.row] = replace(row, except_on=row.except_on - {form.day})

    await _save(work, person, code, form, edit)
    return _saved(request, code)


@router.post("/{code}/hours/days")
async def change_days(code: StaffCode, request: Request, read: Reading, running: Running, person: Staff) -> Response:
    """Give days other hours than usual, or none."""
    await centres_kept(read, person, code)
    filled, typed, errors = await read_form(request, WeekForm)
    if filled is not None:

        def edit(sheet: _Sheet) -> None:
            sheet.changes.append(_changed(filled, sheet.zone))

        errors = await _apply(request, running, person, code, filled, edit)
    return await _answer(request, read, running, person, code, typed, errors, _OF_WEEKS)


@router.post("/{code}/hours/days/remove")
async def usual_days(
    code: StaffCode, form: Annotated[RowForm, Form()], request: Request, work: Working, person: Staff
) -> Response:
    """Let the usual hours count again on days that were changed."""

    def edit(sheet: _Sheet) -> None:
        if form.row >= len(sheet.changes):
            raise NotFound(what=msg("working hours"))
        del sheet.changes[form.row]

    await _save(work, person, code, form, edit)
    return _saved(request, code)


def _row(form: HoursForm, sheet: _Sheet, before: WorkingHours | None = None) -> WorkingHours:
    """The row of the form. A number of times stays, unless a last day is given: the page shows it and has no field."""
    days = tuple(number for number, name in enumerate(WEEKDAYS) if name in form.weekdays)
    count = before.rule.count if before is not None and form.until is None else None
    rule = WeeklyRule(form.every, days, form.until, count)
    row = WorkingHours(form.starts_on, rule.text, form.begins, _end(form.ends), frozenset(), sheet.zone)
    if before is None:
        return row
    return replace(row, except_on=frozenset(day for day in before.except_on if row.of(day)))


def _changed(form: WeekForm, zone: ZoneInfo) -> ChangedDays:
    """The days of the form. Raises `SpanMissing` for other hours without times, and for times without other hours."""
    typed = [(form.from_1, form.to_1, "1"), (form.from_2, form.to_2, "2")]
    spans: list[tuple[str, str]] = []
    for begins, ends, nth in typed:
        if begins is not None and ends is not None:
            spans.append((begins, _end(ends)))
        elif begins is not None or ends is not None or (nth == "1" and form.which == "other"):
            raise SpanMissing(about=f"{'from' if begins is None else 'to'}_{nth}")
    if spans and form.which == "none":
        raise SpanMissing(about="which")
    weekdays = tuple(number for number, name in enumerate(WEEKDAYS) if name in form.changed_weekdays)
    return ChangedDays(form.first_changed, form.last_changed or form.first_changed, weekdays, tuple(spans), zone)


def _end(clock: str) -> str:
    """As an end, 00:00 is the midnight after the day."""
    return "24:00" if clock == "00:00" else clock


async def _apply(
    request: Request, running: Runtime, person: Person, code: str, form: HoursForm | RowForm | WeekForm, edit: Edit
) -> dict[str, str]:
    """The errors by field, if it is refused."""

    async def act(work: Work) -> None:
        await _save(work, person, code, form, edit)

    return (await apply_form(request, running, act))[1]


async def _save(work: Work, person: Person, code: str, form: HoursForm | RowForm | WeekForm, edit: Edit) -> None:
    """Change what the page showed. Raises `NotFound` for another centre or row, `Stale` and as `set_hours`."""
    if form.centre not in await centres_kept(work.session, person, code):
        raise NotFound(what=msg("centre"))
    # Without a lock: `set_hours` locks the hours of all centres, in their order.
    kept = await work.session.get(CounsellorHours, (code, form.centre))
    check_version(kept, form.version)
    zone = (await work.session.get_one(Centre, form.centre)).zone
    sheet = _Sheet(kept.usual(zone), kept.changed(zone), zone) if kept is not None else _Sheet([], [], zone)
    edit(sheet)
    await availability.set_hours(work, code, form.centre, sheet.rows, form.version, sheet.changes)


def _saved(request: Request, code: str) -> Response:
    return see_other(request, f"/scheduling/counsellors/{code}", done=_("The working hours are saved."))


async def _answer(
    request: Request,
    read: Reading,
    running: Runtime,
    person: Person,
    code: str,
    typed: dict[str, Any],
    errors: dict[str, str],
    fields: dict[str, str],
) -> Response:
    """Back to the page; with what was typed, if it was refused."""
    if not errors:
        return _saved(request, code)
    named = {fields.get(field, field): message for field, message in errors.items()}
    return await counsellor_page(request, read, running.clock(), code, person, typed, named)
