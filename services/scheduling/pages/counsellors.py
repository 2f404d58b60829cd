"""Working hours, absences, languages and areas of counsellors, kept by themselves and by their managers."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Query, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.chassis.copies.centres import centre_copies
from services.chassis.i18n import translate as _
from services.chassis.storage.store import Work
from services.chassis.web import (
    Body,
    Once,
    Reading,
    Router,
    Running,
    Working,
    apply_form,
    page,
    read_form,
    see_other,
)
from services.contracts.arrivals import Language
from services.contracts.directory import WEEKDAYS, ClosingTime, LocalTime
from services.contracts.envelope import AreaCode, StaffCode
from services.contracts.roles import Role
from services.contracts.text import Input, Key
from services.contracts.values import Day, Version, Whole
from services.scheduling.actions import availability
from services.scheduling.actions.counsellors import centres_kept
from services.scheduling.claims import required_staff_code
from services.scheduling.domain import times
from services.scheduling.pages.counsellor_page import Staff, counsellor_page
from services.scheduling.pages.hours_words import LANGUAGES
from services.scheduling.store import Centre, CounsellorHours, CounsellorProfile
from services.scheduling.store.counsellors import StaffMember, counsellors_of

router = Router("/scheduling/counsellors", pages=True)


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


_FIELDS = {"starts_at": "first_day", "ends_at": "last_day"}
"""The field of the form at which a refusal stands, by the field of the action."""


class Shown(Input, extra="ignore"):
    """For which centre the form adds hours, or which row of its hours it changes, counted from 0."""

    centre: Key = ""
    row: Annotated[int, Whole(0)] | None = None


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
    code: StaffCode,
    request: Request,
    read: Reading,
    running: Running,
    person: Staff,
    query: Annotated[Shown, Query()],
) -> Response:
    """When a counsellor can be booked, and the forms that change it."""
    form: dict[str, Any] = {"centre": query.centre} if query.centre else {}
    if query.row is not None and query.centre in await centres_kept(read, person, code):
        form |= await _row_of(read, code, query.centre, query.row)
    return await counsellor_page(request, read, running.clock(), code, person, form)


async def _row_of(session: AsyncSession, code: str, centre: str, number: int) -> dict[str, Any]:
    """The fields of the form that changes a row; none, if there is no such row any more."""
    kept = await session.get(CounsellorHours, (code, centre))
    rows = kept.usual((await session.get_one(Centre, centre)).zone) if kept is not None else []
    if number >= len(rows):
        return {}
    row = rows[number]
    return {
        "row": str(number),
        "weekdays": [WEEKDAYS[one] for one in row.weekdays],
        "begins": row.begins,
        "ends": "00:00" if row.ends == "24:00" else row.ends,
        "every": row.rule.interval,
        "starts_on": row.starts_on.isoformat(),
        "until": row.rule.until.isoformat() if row.rule.until is not None else "",
    }


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
    named = {_FIELDS.get(field, field): message for field, message in errors.items()}
    return await counsellor_page(request, read, running.clock(), code, person, typed, named)


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


def _moment(day: date, clock: str, centre: Centre, field: str) -> datetime:
    """A typed local time, in UTC; 24:00, also written 00:00 as an end, is the midnight after the day."""
    if clock == "24:00" or (field == "last_time" and clock == "00:00"):
        day, clock = day + timedelta(days=1), "00:00"
    return times.from_local(datetime.combine(day, datetime.strptime(clock, "%H:%M").time()), centre.zone, field)  # noqa: DTZ007
