"""A manager's form of a centre's opening hours: the usual week, public holidays, and days with other hours."""

from typing import Annotated, Any

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, Refused, msg
from services.chassis.web import (
    Body,
    Reading,
    Router,
    Running,
    allow,
    apply_form,
    errors_of,
    page,
    read_form,
    see_other,
)
from services.contracts.directory import WEEKDAYS
from services.contracts.roles import Role
from services.contracts.text import Key, Line, Words
from services.contracts.values import Version, YesNo
from services.directory import actions
from services.directory.domain import WEEKDAY_LABELS
from services.directory.domain.centres import centre_id
from services.directory.domain.opening_refusals import DayHoursUnread, OtherDayTwice, OtherDayUnread
from services.directory.domain.opening_text import (
    Spans,
    Week,
    exception_of,
    exception_text,
    spans_of,
    spans_text,
    text_of,
    week_of,
)
from services.directory.store import Centre

router = Router("/directory/centres", pages=True)
Manager = Annotated[Person, allow(Role.MANAGER)]


class HoursForm(Body):
    """The hours of each weekday, for example `09:00-12:00,13:00-16:30`; empty: closed. `exceptions`: a day a line."""

    mo: Line = ""
    tu: Line = ""
    we: Line = ""
    th: Line = ""
    fr: Line = ""
    sa: Line = ""
    su: Line = ""
    holidays: YesNo = False
    exceptions: Words = ""
    version: Version

    @property
    def text(self) -> str:
        """The opening hours as text. Raises what `spans_of` and `exception_of` raise, and `OtherDayTwice`."""
        usual = {
            weekday: spans_of(hours, DayHoursUnread(weekday.lower(), hours=hours))
            for weekday in WEEKDAYS
            if (hours := getattr(self, weekday.lower()))
        }
        lines = [line.strip(" ;") for line in self.exceptions.splitlines() if line.strip(" ;")]
        days: dict[str, Spans] = {}
        for number, line in enumerate(lines, 1):
            day, spans = exception_of(line, OtherDayUnread(number=number, line=line))
            if day in days:
                raise OtherDayTwice(number=number, line=line)
            days[day] = spans
        return text_of(Week(usual, self.holidays, days))


@router.get("/{code}/hours")
async def edit(code: Key, request: Request, read: Reading, person: Manager) -> Response:
    """The form."""
    person.at(code)
    return await _form(request, read, code)


@router.post("/{code}/hours")
async def save(code: Key, request: Request, read: Reading, running: Running, person: Manager) -> Response:
    """Save the opening hours."""
    person.at(code)
    filled, typed, errors = await read_form(request, HoursForm)
    if filled is not None:
        errors = await _save(request, running, code, filled, person)
    if not errors:
        return see_other(request, f"/directory/centres/{code}", done=_("The opening hours are saved."))
    return await _form(request, read, code, typed, errors)


async def _save(request: Request, running: Running, code: str, form: HoursForm, person: Person) -> dict[str, str]:
    try:
        text = form.text
    except Refused as refused:
        return errors_of(refused)
    _saved, errors = await apply_form(
        request,
        running,
        lambda work: actions.update_hours(work, code, text, by=person.subject, version=form.version),
    )
    return errors


async def _form(
    request: Request,
    session: AsyncSession,
    code: str,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    centre = await session.get(Centre, centre_id(code))
    if centre is None:
        raise NotFound(what=msg("centre"))
    week = week_of(centre.text)
    shown = {weekday.lower(): spans_text(week.usual.get(weekday, ())) for weekday in WEEKDAYS} | {
        "holidays": "true" if week.closed_on_holidays else "",
        "exceptions": "\n".join(exception_text(day, spans) for day, spans in week.exceptions.items()),
        "version": centre.version,
    }
    return page(
        request,
        "directory/centre_hours.html",
        status=422 if errors else 200,
        centre=centre,
        typed=shown | ({"holidays": ""} if typed else {}) | (typed or {}),
        errors=errors or {},
        weekdays={code.lower(): label for code, label in WEEKDAY_LABELS.items()},
    )
