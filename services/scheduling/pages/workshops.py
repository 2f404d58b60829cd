"""Workshops: the list, the form that announces one, and cancelling."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.areas import area_label
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.storage.store import Work
from services.chassis.web import Body, Reading, Router, Running, Working, apply_form, page, read_form, see_other
from services.contracts.envelope import StaffCode
from services.contracts.text import Key, Name
from services.contracts.values import Version, Whole
from services.scheduling.actions import workshops
from services.scheduling.claims import staff_code
from services.scheduling.domain import times
from services.scheduling.domain.rooms import CAPACITY_MOST
from services.scheduling.domain.rules import CancelReason
from services.scheduling.pages.desk import Counsellor, NotADate, counsellor_choices, desk_of, parse_moment, room_choices
from services.scheduling.settings import horizon_of
from services.scheduling.store import Centre, Workshop
from services.scheduling.store.counsellors import counsellor_names
from services.scheduling.store.rooms import room_names
from services.scheduling.store.workshops import workshops_of

router = Router("/scheduling/workshops", pages=True)

SHOWN_FOR = timedelta(days=31)
SHOWN = 50
"""Workshops on one page of the list."""


class AnnounceForm(Body):
    """A workshop with a session every `every` days, at the same local time."""

    centre: Key = ""
    title: Name = ""
    area: Key = ""
    seats: Annotated[int, Whole(1, CAPACITY_MOST)] | None = None
    date: Key = ""
    time: Key = ""
    minutes: Annotated[int, Whole(15, 480)] = 120
    sessions: Annotated[int, Whole(1, 20)] = 3
    every: Annotated[int, Whole(1, 31)] = 7
    counsellor: StaffCode | None = None
    room: StaffCode | None = None


class CancelForm(Body):
    """Why the workshop is cancelled."""

    version: Version
    reason: CancelReason = CancelReason.OTHER


@router.get("")
async def list_workshops(
    request: Request, read: Reading, running: Running, person: Counsellor, centre: Key = "", after: UUID | None = None
) -> Response:
    """A centre's workshops: those of the last `SHOWN_FOR`, and future ones. `after`: the last of the page before."""
    centre_copy, own = await desk_of(read, person, centre)
    found = await workshops_of(read, centre_copy.code, running.clock() - SHOWN_FOR, after, SHOWN + 1)
    rows = found[:SHOWN]
    return page(
        request,
        "scheduling/workshops.html",
        centre=centre_copy,
        own=own,
        centre_name=centre_copy.name,
        workshops=rows,
        last=rows[-1].id if len(found) > SHOWN else None,
        names=await counsellor_names(read, (row.counsellor for row in rows)),
        rooms=await room_names(read, centre_copy.code),
    )


@router.get("/new")
async def new(request: Request, read: Reading, person: Counsellor, centre: Key = "") -> Response:
    """The empty form."""
    form = AnnounceForm.model_validate({"centre": centre, "counsellor": staff_code(person) or ""})
    return await _form_page(request, read, form, person)


@router.post("/new")
async def announce(request: Request, read: Reading, running: Running, person: Counsellor) -> Response:
    """Announce a workshop."""
    filled, typed, errors = await read_form(request, AnnounceForm)
    form = filled or AnnounceForm.model_construct(**typed)
    centre_copy, _own = await desk_of(read, person, form.centre)
    if not form.title.strip():
        errors = {"title": _("Fill in this field.")} | errors
    if not errors:
        workshop, errors = await apply_form(
            request, running, lambda work: _announce(work, form, centre_copy, person, horizon_of(running))
        )
        if workshop is not None:
            return see_other(
                request,
                f"/scheduling/workshops/{workshop.id}",
                done=_("The workshop is created. People can be signed up."),
            )
    return await _form_page(request, read, form, person, status=422, errors=errors)


@router.post("/{id}/cancel")
async def cancel(
    id: UUID, form: Annotated[CancelForm, Form()], request: Request, work: Working, person: Counsellor
) -> Response:
    """Cancel a workshop."""
    workshop = own(await work.find(Workshop, id), person, msg("workshop"))
    await workshops.cancel_workshop(work, workshop, reason=form.reason.value, version=form.version)
    return see_other(request, f"/scheduling/workshops/{id}", done=_("The workshop is cancelled."))


async def _announce(work: Work, form: AnnounceForm, centre: Centre, person: Person, horizon: timedelta) -> Workshop:
    return await workshops.announce(
        work,
        centre=centre.code,
        area=form.area or None,
        title=form.title,
        counsellor=form.counsellor or staff_code(person) or "",
        room=form.room or None,
        seats=form.seats,
        sessions=_series(form, centre),
        horizon=horizon,
    )


def _series(form: AnnounceForm, centre: Centre) -> list[tuple[datetime, int]]:
    """The sessions, each at the same local time across daylight-saving changes."""
    first = parse_moment(centre, form.date, form.time).astimezone(centre.zone).replace(tzinfo=None)
    try:
        days = [first + timedelta(days=form.every * number) for number in range(form.sessions)]
    except OverflowError:
        raise NotADate() from None
    return [(times.from_local(day, centre.zone, "date"), form.minutes) for day in days]


async def _form_page(
    request: Request,
    session: AsyncSession,
    form: AnnounceForm,
    person: Person,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
) -> Response:
    centre_copy, _own = await desk_of(session, person, form.centre)
    areas = [(code, area_label(code)) for code in centre_copy.areas]
    return page(
        request,
        "scheduling/announce.html",
        status=status,
        centre=centre_copy,
        centre_name=centre_copy.name,
        form=form,
        errors=errors or {},
        areas=areas,
        counsellors=await counsellor_choices(session, centre_copy.code),
        room_choices=await room_choices(session, centre_copy.code),
    )
