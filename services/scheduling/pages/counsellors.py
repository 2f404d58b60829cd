"""Working hours, absences, languages and areas of counsellors, kept by themselves and by their managers."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.chassis.copies.areas import area_label
from services.chassis.copies.centres import centre_copies
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.service.definition import runtime_of
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.chassis.web import (
    Body,
    Once,
    Reading,
    Router,
    Running,
    Working,
    allow,
    apply_form,
    page,
    read_form,
    see_other,
)
from services.contracts.arrivals import Language
from services.contracts.directory import WEEKDAYS, ClosingTime, LocalTime, Weekday
from services.contracts.envelope import AreaCode, StaffCode
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import Day, Version, Whole
from services.scheduling.actions import availability
from services.scheduling.actions.counsellors import centres_kept
from services.scheduling.claims import required_staff_code
from services.scheduling.domain import times
from services.scheduling.domain.availability import (
    LONGEST_INTERVAL,
    WeeklyRule,
    WorkingHours,
)
from services.scheduling.pages.booked_outside import booked_outside
from services.scheduling.pages.calendar_links import other_calendar, own_calendar
from services.scheduling.pages.hours_words import LANGUAGES, absence_words, language_choices, week_of, weekday_names
from services.scheduling.store import Centre, CounsellorHours, CounsellorProfile
from services.scheduling.store.availability import (
    absences_between,
    hours_of,
    languages_at,
    profiles_of,
)
from services.scheduling.store.counsellors import StaffMember, counsellor_names, counsellors_of

router = Router("/scheduling/counsellors", pages=True)
Staff = Annotated[Person, allow(Role.COUNSELLOR, Role.MANAGER)]


class HoursForm(Body):
    """One more row of working hours. `version`: of the rows that the page showed."""

    centre: Key
    weekdays: list[Weekday] = Field(min_length=1, max_length=7)
    begins: LocalTime
    ends: ClosingTime
    every: Annotated[int, Whole(1, LONGEST_INTERVAL)] = 1
    starts_on: Day
    until: Day | None = None
    version: Version


class RowForm(Body):
    """A row of the page, counted from 0, and the version of the rows that the page showed."""

    centre: Key
    row: Annotated[int, Whole(0)]
    version: Version


class ExceptForm(RowForm):
    """A day on which the row does not count."""

    day: Day


class AbsenceForm(Body):
    """Days, both included; with times if they are not whole ones."""

    first_day: Day
    first_time: LocalTime = "00:00"
    last_day: Day
    last_time: ClosingTime = "24:00"


class ProfileForm(Body):
    """Languages and areas."""

    languages: list[Language] = Field([], max_length=60)
    areas: list[AreaCode] = Field([], max_length=20)
    version: Version


_FIELDS = {"starts_at": "first_day", "ends_at": "last_day", "rrule": "weekdays", "rows": "weekdays"}
"""The field of the page at which a refusal stands, by the field of the action."""


@router.get("")
async def choose(request: Request, read: Reading, person: Staff) -> Response:
    """The counsellors of a manager's centres; of a counsellor, redirects to their own page."""
    if not person.has(Role.MANAGER):
        return RedirectResponse(f"/scheduling/counsellors/{required_staff_code(person)}", 303)
    own = [centre for centre in (await centre_copies(read, Centre)).values() if person.works_at(centre.code)]
    teams: list[tuple[Centre, list[StaffMember]]] = [(one, await counsellors_of(read, one.code)) for one in own]
    return page(request, "scheduling/counsellors.html", teams=teams)


@router.get("/{code}")
async def show(
    code: StaffCode, request: Request, read: Reading, running: Running, person: Staff, centre: Key = ""
) -> Response:
    """When a counsellor can be booked, and the forms that change it. `centre`: for which the form adds hours."""
    return await counsellor_page(request, read, running.clock(), code, person, {"centre": centre} if centre else None)


@router.post("/{code}/hours")
async def add_hours(code: StaffCode, request: Request, read: Reading, running: Running, person: Staff) -> Response:
    """Add a row of working hours."""
    await centres_kept(read, person, code)
    filled, typed, errors = await read_form(request, HoursForm)
    if filled is not None:

        async def act(work: Work) -> None:
            await _change_rows(work, person, code, filled.centre, filled.version, add=filled)

        _added, errors = await apply_form(request, running, act)
    if not errors:
        return see_other(request, f"/scheduling/counsellors/{code}", done=_("The working hours are saved."))
    return await counsellor_page(request, read, running.clock(), code, person, typed, errors)


@router.post("/{code}/hours/remove")
async def remove_hours(
    code: StaffCode, form: Annotated[RowForm, Form()], request: Request, work: Working, person: Staff
) -> Response:
    """Remove a row of working hours."""
    await _change_rows(work, person, code, form.centre, form.version, remove=form.row)
    return see_other(request, f"/scheduling/counsellors/{code}", done=_("The working hours are saved."))


@router.post("/{code}/hours/except")
async def except_hours(
    code: StaffCode, form: Annotated[ExceptForm, Form()], request: Request, work: Working, person: Staff
) -> Response:
    """Let a row not count on a day."""
    await _change_rows(work, person, code, form.centre, form.version, off=(form.row, form.day))
    return see_other(request, f"/scheduling/counsellors/{code}", done=_("The working hours are saved."))


@router.post("/{code}/absences")
async def add_absence(
    code: StaffCode, id: Once, request: Request, read: Reading, running: Running, person: Staff
) -> Response:
    """Enter an absence, for all centres."""
    centre = await read.get_one(Centre, (await centres_kept(read, person, code))[0])
    filled, typed, errors = await read_form(request, AbsenceForm)
    if filled is not None:

        async def act(work: Work) -> None:
            starts_at = _moment(filled.first_day, filled.first_time, centre, "first_time")
            ends_at = _moment(filled.last_day, filled.last_time, centre, "last_time")
            await availability.add_absence(work, id, code, starts_at, ends_at, centre.zone)

        _added, errors = await apply_form(request, running, act)
    if not errors:
        done = _("The absence is entered. What is already booked stays.")
        return see_other(request, f"/scheduling/counsellors/{code}", done=done)
    return await counsellor_page(request, read, running.clock(), code, person, typed, errors)


@router.post("/{code}/absences/{id}/remove")
async def remove_absence(code: StaffCode, id: UUID, request: Request, work: Working, person: Staff) -> Response:
    """Remove an absence."""
    await centres_kept(work.session, person, code)
    await availability.remove_absence(work, code, id)
    done = _("The absence is removed. Its time can be booked again.")
    return see_other(request, f"/scheduling/counsellors/{code}", done=done)


@router.post("/{code}/profile")
async def set_profile(
    code: StaffCode, form: Annotated[ProfileForm, Form()], request: Request, work: Working, person: Staff
) -> Response:
    """Set languages and areas."""
    centres = [await work.session.get_one(Centre, one) for one in await centres_kept(work.session, person, code)]
    kept = await work.find(CounsellorProfile, code)
    languages, areas = set(form.languages), set(form.areas)
    if kept is not None:  # what the page does not show, it does not take away
        languages |= set(kept.languages).difference(LANGUAGES)
        areas |= set(kept.areas).difference(*(centre.areas for centre in centres))
    await availability.set_profile(work, code, languages, areas, form.version)
    return see_other(request, f"/scheduling/counsellors/{code}", done=_("Languages and needs are saved."))


async def _change_rows(
    work: Work,
    person: Person,
    code: str,
    centre: str,
    version: int,
    *,
    add: HoursForm | None = None,
    remove: int | None = None,
    off: tuple[int, date] | None = None,
) -> None:
    """Change the rows that the page showed. Raises `NotFound` for another centre or row, `Stale` and as `set_hours`."""
    if centre not in await centres_kept(work.session, person, code):
        raise NotFound(what=msg("centre"))
    kept = await work.find(CounsellorHours, (code, centre))
    check_version(kept, version)
    zone = (await work.session.get_one(Centre, centre)).zone
    rows = kept.hours(zone) if kept is not None else []
    if add is not None:
        days = tuple(number for number, name in enumerate(WEEKDAYS) if name in add.weekdays)
        rule = WeeklyRule(add.every, days, add.until)
        ends = "24:00" if add.ends == "00:00" else add.ends
        rows.append(WorkingHours(add.starts_on, rule.text, add.begins, ends, frozenset(), zone))
    number = remove if remove is not None else off[0] if off is not None else 0
    if number >= len(rows):
        raise NotFound(what=msg("working hours"))
    if remove is not None:
        del rows[remove]
    if off is not None:
        rows[number] = replace(rows[number], except_on=rows[number].except_on | {off[1]})
    await availability.set_hours(work, code, centre, rows, version)


def _moment(day: date, clock: str, centre: Centre, field: str) -> datetime:
    """A typed local time, in UTC; 24:00, also written 00:00 as an end, is the midnight after the day."""
    if clock == "24:00" or (field == "last_time" and clock == "00:00"):
        day, clock = day + timedelta(days=1), "00:00"
    return times.from_local(datetime.combine(day, datetime.strptime(clock, "%H:%M").time()), centre.zone, field)  # noqa: DTZ007


async def counsellor_page(
    request: Request,
    session: AsyncSession,
    now: datetime,
    code: str,
    person: Person,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    """The page; with what was typed and its errors, if it was refused."""
    codes = await centres_kept(session, person, code)
    centres = [await session.get_one(Centre, one) for one in codes]
    kept = await hours_of(session, code)
    absences = await absences_between(session, [code], now)
    profile = (await profiles_of(session, [code])).get(code) or CounsellorProfile(counsellor=code, version=0)
    zone = centres[0].zone
    today = now.astimezone(zone).date()
    empty: dict[str, Any] = {"weekdays": [], "every": 1, "starts_on": f"{today:%Y-%m-%d}", "centre": centres[0].code}
    empty |= dict.fromkeys(
        ("begins", "ends", "until", "first_day", "first_time", "last_day", "last_time", "address"), ""
    )
    areas = sorted({area for centre in centres for area in centre.areas})
    usual, others = language_choices({*profile.languages, *await languages_at(session, codes)})
    return page(
        request,
        "scheduling/counsellor.html",
        status=422 if errors else 200,
        code=code,
        name=(await counsellor_names(session, [code]))[code],
        weeks=[week_of(centre, kept.get(centre.code)) for centre in centres],
        absences=[(one.id, absence_words(one, zone)) for one in absences],
        to_move=await booked_outside(session, code, now, centres, absences, kept),
        may_open=person.has(Role.COUNSELLOR),
        centre_names={centre.code: centre.name for centre in centres},
        profile=profile,
        weekdays=list(zip(WEEKDAYS, weekday_names(), strict=True)),
        language_choices=usual,
        more_languages=others,
        area_choices=[(area, area_label(area)) for area in areas],
        form=empty | (typed or {}),
        **await own_calendar(session, person, code),
        **await other_calendar(session, runtime_of(request), code),
        errors={_FIELDS.get(field, field): message for field, message in (errors or {}).items()},
    )
