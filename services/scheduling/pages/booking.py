"""The form that books a guidance interview."""

from collections.abc import Collection
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.aliases import references_of
from services.chassis.copies.areas import area_label
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import Invalid, msg
from services.chassis.service.definition import Runtime, runtime_of
from services.chassis.storage.store import Work
from services.chassis.web import Body, Reading, Router, Running, apply_form, by_field, page, read_form, see_other
from services.contracts.appointments import AppointmentMode
from services.contracts.arrivals import Language
from services.contracts.envelope import StaffCode
from services.contracts.roles import Role
from services.contracts.scheduling import Method
from services.contracts.text import Key
from services.contracts.values import Whole, YesNo
from services.scheduling.actions import guidance, paths
from services.scheduling.actions.availability import Meant
from services.scheduling.actions.calendar import also_needed
from services.scheduling.actions.holds import give_back
from services.scheduling.claims import staff_code
from services.scheduling.domain import times
from services.scheduling.domain.arrangement import Arrangement
from services.scheduling.domain.holds import owner_of_account
from services.scheduling.domain.refusals import TooFarAhead
from services.scheduling.domain.rules import GUIDANCE_MINUTES, LONGEST_SPAN
from services.scheduling.pages.desk import (
    Booker,
    counsellor_choices,
    desk_of,
    interpreter_choices,
    lengths,
    may_book_on,
    mode_choices,
    parse_day,
    parse_moment,
    room_choices,
)
from services.scheduling.pages.offers import kept_until
from services.scheduling.settings import horizon_of, reflection_of, rules_of_settings
from services.scheduling.store import Alias, Centre, GuidancePath, Interview, SlotHold
from services.scheduling.store.booking_rules import rules_of
from services.scheduling.store.copies import recently_registered
from services.scheduling.store.interviews import counted_on
from services.scheduling.store.paths import paths_of_person
from services.scheduling.store.slots import FreeTime, Search, calendars_of, earliest_of_each, free_times, next_times

router = Router("/scheduling/interviews", pages=True)
FIRST_TIMES = 6
"""For how many counsellors the earliest free time is shown."""


class BookForm(Body):
    """The booking form. `path`: the path to book on; without it, the visitor's individual path."""

    centre: Key = ""
    person: Key = ""
    path: Key = ""
    area: Key = ""
    date: Key = ""
    time: Key = ""
    minutes: Annotated[int, Whole()] = 60
    counsellor: StaffCode | None = None
    room: StaffCode | None = None
    mode: AppointmentMode = AppointmentMode.IN_PERSON
    interpreter_language: Language | None = None
    outside_working_hours: YesNo = False
    while_busy: YesNo = False
    sooner: YesNo = False


@router.get("/new")
async def new(
    request: Request,
    read: Reading,
    person: Booker,
    centre: Key = "",
    who: Annotated[Key, Query(alias="person")] = "",
    path: Key = "",
    area: Key = "",
    date: Key = "",
    time: Key = "",
    minutes: Annotated[int, Whole()] = 60,
    counsellor: Key | None = None,
    room: Key = "",
    mode: Key = "",
    interpreter_language: Key = "",
    free: Key = "",
    after: UUID | None = None,
) -> Response:
    """The form, prefilled from the query: a visitor, a path, or all fields when searching for a free time.

    `free`: a chosen free time, instead of the typed one; `after`: the last person of the page of people before.
    """
    time = free or time
    if time and not date:  # a free time of the default day, today
        centre_copy, _own = await desk_of(read, person, centre)
        date = f"{runtime_of(request).clock().astimezone(centre_copy.zone):%Y-%m-%d}"
    form = BookForm.model_construct(
        centre=centre,
        person=who,
        path=path,
        area=area,
        date=date,
        time=time,
        minutes=minutes,
        counsellor=staff_code(person) or "" if counsellor is None else counsellor,
        room=room,
        mode=mode,
        interpreter_language=interpreter_language,
    )
    return await _form_page(request, read, form, person, after=after)


@router.post("/new")
async def book(request: Request, read: Reading, running: Running, person: Booker) -> Response:
    """Book an interview, and open a path if the visitor has none. A refusal rolls both back."""
    filled, typed, errors = await read_form(request, BookForm)
    form = filled or BookForm.model_construct(**typed)
    centre_copy, _own = await desk_of(read, person, form.centre)
    if not (_uuid(form.person) or _uuid(form.path)):
        errors = {"person": _("Choose a person.")} | errors
    if not errors:
        interview, errors = await apply_form(
            request, running, lambda work: _book(work, form, centre_copy, person, running)
        )
        if interview is not None:
            return see_other(request, _page_of(interview, person), done=_("The appointment is booked."))
    return await _form_page(request, read, form, person, status=422, errors=errors)


def _page_of(interview: Interview, person: Person) -> str:
    """A counsellor goes on with the interview, the front desk with the code for the arrival."""
    if person.has(Role.COUNSELLOR):
        return f"/scheduling/interviews/{interview.id}"
    return f"/intake/visitors/{interview.subject_ref}/appointments"


async def _book(work: Work, form: BookForm, centre: Centre, person: Person, running: Runtime) -> Interview:
    starts_at = parse_moment(centre, form.date, form.time)
    await give_back(work, owner_of_account(person.subject))
    path_id, subject_ref = _uuid(form.path), _uuid(form.person)
    if path_id is None and subject_ref is not None:
        path_id = await paths.individual_path(work, subject_ref, centre.code, form.area or None)
    path = own(await work.find(GuidancePath, path_id), person, msg("path"))
    return await guidance.book(
        work,
        path.id,
        counsellor=form.counsellor or staff_code(person) or "",
        room=form.room or None,
        starts_at=starts_at,
        minutes=form.minutes,
        arrangement=Arrangement(form.mode, form.interpreter_language),
        horizon=horizon_of(running),
        meant=Meant(form.outside_working_hours, form.while_busy),
        reflection=timedelta() if form.sooner else reflection_of(running),
    )


async def _form_page(
    request: Request,
    session: AsyncSession,
    form: BookForm,
    person: Person,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    after: UUID | None = None,
) -> Response:
    centre_copy, _own = await desk_of(session, person, form.centre)
    chosen = _uuid(form.person)
    path = await session.get(GuidancePath, found) if (found := _uuid(form.path)) else None
    if path is not None and path.centre != centre_copy.code:
        path = None
    subject_ref = path.subject_ref if path else chosen
    counsellors = dict(await counsellor_choices(session, centre_copy.code))
    rooms = await room_choices(session, centre_copy.code)
    room = form.room if form.room in dict(rooms) else None  # any text may have been typed
    held = await session.get(SlotHold, owner_of_account(person.subject))
    slots = await _slots(
        runtime_of(request), session, centre_copy, form, counsellors, room, subject_ref, held, refused=status == 422
    )
    people, last_person = await recently_registered(session, centre_copy.code, after=after)
    refs = await references_of(session, Alias, subject_ref) if subject_ref else ()
    counsels = person.has(Role.COUNSELLOR)
    theirs = await paths_of_person(session, refs)
    return page(
        request,
        "scheduling/book.html",
        status=status,
        centre=centre_copy,
        centre_name=centre_copy.name,
        form=form,
        errors=slots.get("errors", {}) | (errors or {}),
        people=[] if subject_ref else people,
        last_person=last_person,
        subject_ref=subject_ref,
        path=path,
        last=None
        if path is None or await may_book_on(session, path)
        else (await counted_on(session, [path.id])).get(path.id),
        due=[one for one in theirs if counsels and one.centre == centre_copy.code and await _is_due(session, one)],
        areas=[(code, area_label(code)) for code in centre_copy.areas],
        lengths=lengths(),
        counsellors=counsellors,
        counsellor_name=counsellors.get(form.counsellor or ""),
        room_choices=rooms,
        modes=mode_choices(await rules_of(session, centre_copy.code, rules_of_settings(runtime_of(request)))),
        interpreters=interpreter_choices(),
        slots=slots,
        counsels=counsels,
        kept_until=kept_until(held, centre_copy, runtime_of(request).clock(), dict(form)),
    )


async def _slots(
    running: Runtime,
    session: AsyncSession,
    centre: Centre,
    form: BookForm,
    counsellors: Collection[str],
    room: str | None,
    subject_ref: UUID | None,
    held: SlotHold | None,
    *,
    refused: bool,
) -> dict[str, Any]:
    """The counsellor's free times on the chosen day, and the first ones from then on, shown beside the form.

    The first ones are each counsellor's earliest; of a refused time, those that come instead.
    """
    now = running.clock()
    horizon = (await rules_of(session, centre.code, rules_of_settings(running))).horizon
    day = parse_day(form.date, now.astimezone(centre.zone).date())
    if form.minutes not in GUIDANCE_MINUTES:
        return {"day": day, "times": [], "first": []}
    try:
        times.check_horizon(times.local_day(day, centre.zone)[0], now, horizon, centre.zone, "date")
    except TooFarAhead as error:
        return {"day": day, "times": [], "first": [], "errors": by_field(error)}
    others = await also_needed(session, centre.code, room, subject_ref)
    own_time = held.id if held is not None else None
    last = day + LONGEST_SPAN - timedelta(days=1)
    search = Search(day, last, form.minutes, now, horizon, also=others, besides=own_time)
    found = await free_times(session, [centre], [(code, centre.code) for code in counsellors], search)
    of_area = found.only(await calendars_of(session, [centre], area=form.area or None))
    chosen = [one.starts_at for one in found.in_order() if one.counsellor == form.counsellor]
    wanted = _wanted(centre, form) if refused else None
    return {
        "day": day,
        "times": [(f"{local:%H:%M}", at) for at in chosen if (local := at.astimezone(centre.zone)).date() == day],
        "first": [
            _offer(centre, one, form)
            for one in (next_times(found, wanted) if wanted else earliest_of_each(of_area)[:FIRST_TIMES])
        ],
        "instead": wanted is not None,
    }


def _wanted(centre: Centre, form: BookForm) -> FreeTime | None:
    """The time that was typed, or None if it cannot be read."""
    try:
        return FreeTime(parse_moment(centre, form.date, form.time), form.counsellor or "", centre.code)
    except Invalid:
        return None


def _offer(centre: Centre, one: FreeTime, form: BookForm) -> dict[str, Any]:
    """A free time, with the address of the form that has it and what was filled in."""
    local = one.starts_at.astimezone(centre.zone)
    names = ("person", "path", "area", "minutes", "room", "mode", "interpreter_language")
    kept = {name: getattr(form, name) for name in names}
    chosen = {"date": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}", "counsellor": one.counsellor}
    query = {name: value for name, value in ({"centre": centre.code} | kept | chosen).items() if value}
    return {"at": one.starts_at, "counsellor": one.counsellor, "query": urlencode(query)}


async def _is_due(session: AsyncSession, path: GuidancePath) -> bool:
    """Whether the final interview of a workshop can be booked on this path."""
    return path.method == Method.COLLECTIVE and await may_book_on(session, path)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
