"""The form that plans a workshop, copies one, and changes one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.areas import area_label
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.service.definition import Runtime
from services.chassis.storage.store import Work
from services.chassis.web import Reading, Router, Running, apply_form, page, read_form, see_other
from services.contracts.text import Key
from services.scheduling.actions import workshop_changes, workshops
from services.scheduling.actions.offers import go_on
from services.scheduling.actions.series import Planned
from services.scheduling.actions.workshop_changes import Plan
from services.scheduling.claims import staff_code
from services.scheduling.domain.rooms import EQUIPMENT_LABELS, Equipment
from services.scheduling.domain.states import WorkshopStatus, takes_seats
from services.scheduling.pages.desk import Counsellor, counsellor_choices, desk_of, room_choices
from services.scheduling.pages.series import (
    SAVE,
    Row,
    WorkshopForm,
    planned,
    pressed,
    row_of,
    rows_of,
    series,
    with_begun,
    without_ids,
)
from services.scheduling.settings import answer_of, horizon_of
from services.scheduling.store import Centre, Session, Workshop
from services.scheduling.store.counsellors import counsellor_names
from services.scheduling.store.rooms import room_names, rooms_of
from services.scheduling.store.workshops import people_to_inform, sessions_of

router = Router("/scheduling/workshops", pages=True)


@dataclass(slots=True)
class Sheet:
    """The form as the page shows it. `workshop`: the one that is changed; None: a new one."""

    centre: Centre
    form: Any
    rows: Sequence[Row] = ()
    errors: dict[str, str] = field(default_factory=dict[str, str])
    workshop: Workshop | None = None
    kept: Sequence[Session] = ()


@router.get("/new")
async def new(
    request: Request, read: Reading, running: Running, person: Counsellor, centre: Key = "", copy: UUID | None = None
) -> Response:
    """The empty form. `copy`: filled with what another workshop has, some weeks later."""
    if copy is not None:
        workshop = own(await read.get(Workshop, copy), person, msg("workshop"))
        return await _page(request, read, await _copied(read, workshop, running.clock()))
    centre_copy, _own = await desk_of(read, person, centre)
    form = WorkshopForm.model_construct(centre=centre_copy.code, counsellor=staff_code(person) or "", published=True)
    return await _page(request, read, Sheet(centre_copy, form))


@router.post("/new")
async def announce(request: Request, read: Reading, running: Running, person: Counsellor) -> Response:
    """Announce a workshop; or show the form with other rows."""
    filled, typed, errors = await read_form(request, WorkshopForm)
    form = filled or WorkshopForm.model_construct(**typed)
    centre, _own = await desk_of(read, person, str(typed.get("centre", "")))
    sheet = Sheet(centre, form, rows_of(typed), _at_rows(errors))
    if str(typed.get("do") or SAVE) != SAVE:
        return await _press(request, read, sheet, typed)
    sessions, faults = planned(sheet.rows, centre, ())
    sheet.errors = _titled(typed) | sheet.errors | faults
    if filled is not None and not sheet.errors:

        async def act(work: Work) -> Workshop:
            times = [(one.starts_at, one.minutes) for one in sessions] or series(filled, centre)
            return await _announce(work, filled, centre, person, times, horizon_of(running))

        workshop, sheet.errors = await apply_form(request, running, act)
        if workshop is not None:
            done = _("The workshop is created. People can be signed up.")
            return see_other(request, f"/scheduling/workshops/{workshop.id}", done=done)
    return await _page(request, read, sheet, status=422)


@router.get("/{id}/edit")
async def edit(id: UUID, request: Request, read: Reading, running: Running, person: Counsellor) -> Response:
    """The form with a workshop as it is. One that is finished or cancelled is shown without the form."""
    workshop = own(await read.get(Workshop, id), person, msg("workshop"))
    if not takes_seats(WorkshopStatus(workshop.status)):
        return see_other(request, f"/scheduling/workshops/{id}", done=_("This workshop can no longer be changed."))
    return await _page(request, read, await _sheet(read, workshop, running.clock()))


@router.post("/{id}/edit")
async def change(id: UUID, request: Request, read: Reading, running: Running, person: Counsellor) -> Response:
    """Change a workshop; or show the form with other rows."""
    workshop = own(await read.get(Workshop, id), person, msg("workshop"))
    filled, typed, errors = await read_form(request, WorkshopForm)
    sheet = await _sheet(read, workshop, running.clock())
    sheet.form = filled or WorkshopForm.model_construct(**typed)
    sheet.rows, begun = with_begun(rows_of(typed), sheet.rows)
    sheet.errors = _at_rows(errors)
    if str(typed.get("do") or SAVE) != SAVE:
        return await _press(request, read, sheet, typed)
    sessions, faults = planned(sheet.rows, sheet.centre, sheet.kept)
    if begun:
        faults["sessions"] = _("A session has begun meanwhile. It stays as it was. Check the sessions, and save again.")
    if not sheet.rows:
        faults = {"sessions": _("A workshop has at least one session. Add one, or cancel the workshop.")}
    sheet.errors = _titled(typed) | sheet.errors | faults
    if filled is not None and not sheet.errors:

        async def act(work: Work) -> bool:
            found = own(await work.find(Workshop, id), person, msg("workshop"))
            await _change(work, found, filled, sessions, running)
            return True

        changed, sheet.errors = await apply_form(request, running, act)
        if changed:
            return see_other(request, f"/scheduling/workshops/{id}", done=_("The workshop is changed."))
    return await _page(request, read, sheet, status=422)


async def _announce(
    work: Work,
    form: WorkshopForm,
    centre: Centre,
    person: Person,
    sessions: Sequence[tuple[datetime, int]],
    horizon: timedelta,
) -> Workshop:
    return await workshops.announce(
        work,
        centre=centre.code,
        area=form.area or None,
        title=form.title,
        counsellor=form.counsellor or staff_code(person) or "",
        more_facilitators=form.facilitators,
        room=form.room or None,
        seats=form.seats,
        sessions=sessions,
        horizon=horizon,
        published=form.published,
        outside_usual_hours=form.outside_usual_hours,
        while_busy=form.while_busy,
    )


async def _change(
    work: Work, workshop: Workshop, form: WorkshopForm, sessions: Sequence[Planned], running: Runtime
) -> None:
    plan = Plan(
        title=form.title,
        area=form.area or None,
        facilitators=[form.counsellor or "", *form.facilitators],
        room=form.room or None,
        seats=form.seats,
        sessions=sessions,
        published=form.published,
    )
    await workshop_changes.change(
        work,
        workshop,
        plan,
        version=form.version,
        horizon=horizon_of(running),
        outside_usual_hours=form.outside_usual_hours,
        while_busy=form.while_busy,
        participants_busy=form.participants_busy,
    )
    await go_on(work, workshop, answer_of(running))


def _titled(typed: dict[str, Any]) -> dict[str, str]:
    return {} if str(typed.get("title", "")).strip() else {"title": _("Fill in this field.")}


def _at_rows(errors: dict[str, str]) -> dict[str, str]:
    """The errors, those of a row's text at the rows: `session_date.2` is no field of the page."""
    return {("sessions" if name.startswith("session_") else name): message for name, message in errors.items()}


async def _press(request: Request, session: AsyncSession, sheet: Sheet, typed: dict[str, Any]) -> Response:
    """The form with other rows, and with the seats of the chosen room, if nobody wrote a number."""
    sheet.rows, sheet.errors = pressed(str(typed["do"]), list(sheet.rows), typed, sheet.centre)
    if not typed.get("seats"):
        sheet.form = sheet.form.model_copy(
            update={"seats": await _capacity(session, sheet.centre.code, typed.get("room") or "")}
        )
    return await _page(request, session, sheet, status=422 if sheet.errors else 200)


async def _capacity(session: AsyncSession, centre: str, room: str) -> int | None:
    return next((one.capacity for one in await rooms_of(session, centre) if one.code == room), None)


async def _sheet(session: AsyncSession, workshop: Workshop, now: datetime) -> Sheet:
    centre = await session.get_one(Centre, workshop.centre)
    kept = await sessions_of(session, workshop.id)
    form = WorkshopForm.model_construct(
        centre=workshop.centre,
        title=workshop.title,
        area=workshop.area or "",
        seats=workshop.seats,
        counsellor=workshop.counsellor,
        facilitators=workshop.more_facilitators,
        room=workshop.room or "",
        published=workshop.published,
        version=workshop.version,
    )
    return Sheet(centre, form, [row_of(one, centre, now) for one in kept], workshop=workshop, kept=kept)


async def _copied(session: AsyncSession, workshop: Workshop, now: datetime) -> Sheet:
    """Another one like it: on the same weekdays, in weeks after it, and not in the past."""
    sheet = await _sheet(session, workshop, now)
    weeks = -((workshop.first_at - max(workshop.last_at, now)) // timedelta(weeks=1))
    active = {code for code, _name in await counsellor_choices(session, workshop.centre)}
    rooms = {code for code, _name in await room_choices(session, workshop.centre)}
    form = sheet.form.model_copy(
        update={
            "facilitators": [code for code in workshop.more_facilitators if code in active],
            "counsellor": workshop.counsellor if workshop.counsellor in active else "",
            "room": sheet.form.room if sheet.form.room in rooms else "",
            "version": None,
        }
    )
    return Sheet(sheet.centre, form, without_ids(sheet.rows, weeks))


async def _page(request: Request, session: AsyncSession, sheet: Sheet, *, status: int = 200) -> Response:
    centre, workshop = sheet.centre, sheet.workshop
    team = await counsellor_choices(session, centre.code)
    if workshop is not None:  # who left meanwhile stays, until the team chooses another person
        left = [code for code in workshop.facilitators if code not in dict(team)]
        names = await counsellor_names(session, left)
        team += [(code, names[code]) for code in left]
    return page(
        request,
        "scheduling/workshop_form.html",
        status=status,
        centre=centre,
        centre_name=centre.name,
        workshop=workshop,
        form=sheet.form,
        rows=sheet.rows,
        errors=sheet.errors,
        areas=[(code, area_label(code)) for code in centre.areas],
        counsellors=team,
        room_choices=await _rooms(session, centre.code, workshop.room if workshop is not None else None),
        informed=await people_to_inform(session, workshop.id) if workshop is not None else 0,
        at=f"/scheduling/workshops/{workshop.id}/edit" if workshop is not None else "/scheduling/workshops/new",
        back=f"/scheduling/workshops/{workshop.id}"
        if workshop is not None
        else f"/scheduling/workshops?centre={centre.code}",
    )


async def _rooms(session: AsyncSession, centre: str, kept: str | None) -> list[tuple[str, str]]:
    """The rooms to choose from, with what is in them; the workshop's own too, if it is no longer in use."""
    equipment = {one.code: one.equipment for one in await rooms_of(session, centre)}
    choices = await room_choices(session, centre)
    if kept is not None and kept not in dict(choices):
        choices.append((kept, (await room_names(session, centre))[kept]))
    return [
        (code, " · ".join([label, *(_(EQUIPMENT_LABELS[Equipment(one)]) for one in equipment.get(code, []))]))
        for code, label in choices
    ]
