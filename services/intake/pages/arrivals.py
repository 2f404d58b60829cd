"""The front desk's page, and its check-in: one gesture, and what is asked only when it matters."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import HTMLResponse, Response

from services.chassis.copies.areas import area_label
from services.chassis.copies.visits import Day
from services.chassis.i18n import translate as _
from services.chassis.i18n import translate_number
from services.chassis.refusals import Refused
from services.chassis.service.definition import Runtime
from services.chassis.web import (
    Body,
    Reading,
    Router,
    Running,
    cause_of,
    errors_of,
    fragment,
    limited,
    page,
    read_form,
    see_other,
)
from services.contracts.arrivals import Activity, Language
from services.contracts.directory import LocalTime
from services.contracts.intake import Channel
from services.contracts.text import Key
from services.contracts.values import Day as LocalDay
from services.contracts.values import Whole
from services.intake.actions import visits
from services.intake.actions.estimates import outlook_for
from services.intake.domain import (
    AREAS_MAX,
    CHECK_IN_WITHIN,
    GROUP_MAX,
    GROUP_MIN,
    Need,
    TimeMissing,
    arrival_time,
)
from services.intake.pages.views import Team, arrival_choices, desk_board, desk_here, load_centre, own_desk
from services.intake.pages.wait_words import closed_at, wait_text
from services.intake.store import Centre, Visit
from services.intake.store.queue import number_before

router = Router("/intake", pages=True)


class CheckInForm(Body):
    """The check-in form. `visit_id` is generated with the page, so that a double click makes one visit."""

    visit_id: UUID
    area: Key | None = None
    queue: Literal["yes", "no"] = "yes"
    other_areas: list[Key] = Field([], max_length=AREAS_MAX)
    interpreter_language: Language | None = None
    needs: list[Need] = Field([], max_length=len(Need))
    people: Annotated[int, Whole(GROUP_MIN, GROUP_MAX)] | None = None
    channel: Literal[Channel.DESK, Channel.PHONE, Channel.ONLINE] = Channel.DESK
    activity: Activity | None = None
    time: LocalTime | None = None
    day: LocalDay | None = None


@router.get("/desk/{centre}")
async def desk(centre: Key, request: Request, read: Reading, running: Running, person: Team) -> Response:
    """A centre's desk: the check-in form, and the visitors in the room."""
    return await _desk_page(request, running, read, await load_centre(read, person.at(centre)))


@router.post("/desk/{centre}/visits", dependencies=[limited("check-in")])
async def check_in(centre: Key, request: Request, running: Running, person: Team) -> Response:
    """Check a visitor in, or a group. A repeated submission returns the same visits.

    The answer to the script is the section of the new arrival alone; the board changes by its stream.
    """
    person.at(centre)
    form, typed, errors = await read_form(request, CheckInForm)
    given: list[Visit] = []
    if form is not None:
        given, errors = await _checked_in(running, centre, form, request)
    scripted = "hx-request" in request.headers
    done = _done(given) | {"warning": await _warning(running, centre, form, given)} if form and given else None
    if done and not scripted:
        return see_other(
            request, f"/intake/desk/{centre}", done=" ".join(filter(None, (done["text"], done["warning"])))
        )
    # What was refused keeps its id, unless another check-in has it.
    kept = form.visit_id if form is not None and not given and "visit_id" not in errors else None
    values = {"form": {} if given else typed, "errors": errors, "new_visit": kept or uuid4()}
    async with running.store.read() as session:
        centre_copy = await load_centre(session, centre)
        status = 422 if errors else 200
        if not scripted:
            return await _desk_page(request, running, session, centre_copy, values, status)
        view = _arrival_view(centre_copy, running.clock()) | values | {"done": done}
        return HTMLResponse(fragment(request, "intake/arrival.html", centre_code=centre, **view), status)


async def _checked_in(
    running: Runtime, centre: str, form: CheckInForm, request: Request
) -> tuple[list[Visit], dict[str, str]]:
    """The visits, or the errors by field."""
    try:
        arrival = await _arrival_of(running, centre, form)
        arrival = replace(arrival, cause=cause_of(request))
        if arrival.group > 1:
            return await running.group_commit(visits.check_in_groups).request(arrival), {}
        return [await running.group_commit(visits.check_in_all).request(arrival)], {}
    except Refused as refused:
        return [], errors_of(refused)


async def _arrival_of(running: Runtime, centre: str, form: CheckInForm) -> visits.Arrival:
    """What the form says. Who is not in the room, or uses it alone, gets no ticket."""
    at: datetime | None = None
    if form.time is not None:
        async with running.store.read() as session:
            zone = (await load_centre(session, centre)).zone
        at = arrival_time(form.day, form.time, running.clock(), zone)
    elif form.day is not None:
        raise TimeMissing(about="time")
    return visits.Arrival(
        form.visit_id,
        centre,
        form.area,
        Channel(form.channel),
        at,
        form.queue == "yes" and form.activity is None and form.channel is Channel.DESK,
        other_areas=tuple(form.other_areas),
        activity=form.activity,
        recorded_later=at is not None,
        interpreter_language=form.interpreter_language,
        needs=tuple(form.needs),
        group=form.people or 1,
    )


def _done(given: list[Visit]) -> dict[str, Any]:
    """What to do now, and the tickets; of one person also the visit, whose ticket has a page."""
    tickets = [visit.ticket for visit in given if visit.ticket is not None]
    if not tickets:
        text = translate_number("Visit recorded, no ticket.", "{number} visits recorded, no tickets.", len(given))
        return {"text": text.format(number=len(given)), "ticket": None, "visit": None}
    if len(tickets) == 1:
        text = _("Ticket {ticket}: hand it to the person.").format(ticket=tickets[0])
        return {"text": text, "ticket": tickets[0], "visit": given[0].id}
    text = _("Tickets {first} to {last}: hand them to the group.").format(first=tickets[0], last=tickets[-1])
    return {"text": text, "ticket": f"{tickets[0]} – {tickets[-1]}", "visit": None}


async def _warning(running: Runtime, code: str, form: CheckInForm, given: Sequence[Visit]) -> str | None:
    """That the centre is closed, or closes before the visitor's turn. The check-in is recorded all the same."""
    now, first = running.clock(), given[0]
    async with running.store.read() as session:
        centre = await load_centre(session, code)
        if centre.hours is None:
            return None
        if form.time is not None:
            return closed_at(centre, first.checked_in_at)
        before = await number_before(session, Day.of(centre, now), first.id)
    found = outlook_for(centre, first.area, before, now)
    return wait_text(found) if found.closed or (found.closes and first.ticket) else None


async def _desk_page(
    request: Request,
    running: Runtime,
    session: AsyncSession,
    centre: Centre,
    values: Mapping[str, Any] | None = None,
    status: int = 200,
) -> Response:
    now = running.clock()
    view = _arrival_view(centre, now) | dict(values or {})
    board = await desk_board(session, centre.code, running.clock)
    here = desk_here(request, board["desks"])
    return page(
        request,
        "intake/desk.html",
        status=status,
        centre=centre,
        centre_name=centre.name,
        now=now,
        here_number=here.desk.removeprefix("desk-"),
        numbers=[(number, number) for number in (desk.removeprefix("desk-") for desk in board["desks"])],
        here_areas=[area for area in here.areas if area in centre.areas],
        live_url=f"/intake/desk/{centre.code}/stream",
        **view,
        **board,
        **own_desk(board, request),
    )


def _arrival_view(centre: Centre, now: datetime) -> dict[str, Any]:
    """The choices of the form, in the reader's language."""
    today = now.astimezone(centre.zone).date()
    return arrival_choices() | {
        "form": {},
        "errors": {},
        "done": None,
        "new_visit": uuid4(),
        "areas": [(area, area_label(area)) for area in centre.areas],
        "first_day": today - CHECK_IN_WITHIN,
        "last_day": today,
    }
