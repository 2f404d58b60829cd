"""Intake's pages: the desk, the waiting room's display, and who a reference is for those who may know."""

from datetime import datetime, timedelta
from html import escape
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Form, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.chassis.errors import NotFound, Refused, msg
from services.chassis.i18n import translate as _
from services.chassis.identity import Person, Role
from services.chassis.web import (
    Body,
    Reading,
    Routes,
    Working,
    allow,
    anyone,
    faults_of,
    fragment,
    live_board,
    page,
    personal_link,
    see_other,
)
from services.contracts.intake import Channel, VisitStatus
from services.intake import actions, domain
from services.intake.store import Centre, Visit, Visitor, centres, ended_lately, in_the_room

router = Routes("/intake", pages=True)
Team = Annotated[Person, allow(Role.FRONT_DESK, Role.COUNSELLOR)]
Anyone = Annotated[Person | None, anyone]


class CheckInForm(Body):
    """The desk's form. `visit_id` comes with the page, so that a double click is one visit."""

    visit_id: UUID
    area: str = ""
    queue: str = "yes"


class StepForm(Body):
    """A button beside a visit."""

    version: int
    desk: str = Field("desk-1", pattern=r"^[a-z0-9][a-z0-9.-]{0,59}$")


class NextForm(Body):
    """The button that calls whoever is next."""

    desk: str = Field("desk-1", pattern=r"^[a-z0-9][a-z0-9.-]{0,59}$")


class RegisterForm(Body):
    """What a person who agrees to be known tells."""

    given_name: str = Field("", max_length=80)
    family_name: str = Field("", max_length=80)
    contact: str = Field("", max_length=120)
    language: str = "fr"
    purposes: list[str] = Field(default_factory=list[str])


@router.get("/")
async def choose_centre(request: Request, read: Reading, person: Team) -> Response:
    """The person's own desk, or a choice of centres."""
    own = [centre for centre in await centres(read) if person.works_at(centre.code)]
    if len(own) == 1:
        return RedirectResponse(f"/intake/desk/{own[0].code}", 303)
    return page(request, "intake/centres.html", centres=own)


@router.get("/desk/{centre}")
async def desk(centre: str, request: Request, read: Reading, person: Team) -> Response:
    """The desk: check somebody in, and see everybody who is here."""
    place = await _centre(read, person.at(centre))
    return page(
        request,
        "intake/desk.html",
        centre=place,
        centre_name=place.name,
        new_visit=uuid4(),
        live_url=f"/intake/desk/{centre}/stream",
        **await _board(read, centre, _half_a_day_ago(request)),
    )


@router.get("/desk/{centre}/stream")
async def desk_stream(centre: str, request: Request, person: Team) -> Response:
    """The desk's board, live."""
    person.at(centre)

    async def render(session: AsyncSession) -> str:
        return fragment(request, "intake/board.html", **await _board(session, centre, _half_a_day_ago(request)))

    return live_board(request, actions.board(centre), render)


@router.post("/desk/{centre}/visits")
async def check_in(
    centre: str, form: Annotated[CheckInForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Check somebody in from the desk page."""
    visit = await actions.check_in(
        work,
        form.visit_id,
        centre=person.at(centre),
        area=form.area or None,
        channel=Channel.DESK,
        at=None,
        queue=form.queue == "yes",
    )
    done = _("Welcome noted.") if visit.ticket is None else _("Ticket {ticket}.").format(ticket=visit.ticket)
    return see_other(request, f"/intake/desk/{centre}", done=done)


@router.post("/desk/{centre}/call-next")
async def call_next(
    centre: str, form: Annotated[NextForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Call whoever is next."""
    visit = await actions.call_next(work, person.at(centre), form.desk)
    return see_other(request, f"/intake/desk/{centre}", done=_("{ticket} is called.").format(ticket=visit.ticket))


@router.post("/visits/{id}/{step}")
async def step(
    id: UUID, step: str, form: Annotated[StepForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """One of the buttons beside a visit."""
    visit = await work.load(Visit, id, msg("visit"))
    person.at(visit.centre)
    match step:
        case "call":
            await actions.call(work, id, form.desk, form.version)
        case "serve":
            await actions.serve(work, id, form.version)
        case "finish":
            await actions.finish(work, id, form.version)
        case "leave":
            await actions.leave(work, id, form.version)
        case _:
            raise NotFound(what=msg("step"))
    return see_other(request, f"/intake/desk/{visit.centre}")


@router.get("/visits/{id}")
async def visit_page(id: UUID, request: Request, read: Reading, person: Team) -> Response:
    """One visit; here a person can agree to be known."""
    return await _visit_page(request, read, id, person)


@router.post("/visits/{id}")
async def register(
    id: UUID, form: Annotated[RegisterForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """The person agrees to be known."""
    visit = await work.load(Visit, id, msg("visit"))
    person.at(visit.centre)
    errors = {
        name: _("This field is required.")
        for name in ("given_name", "family_name", "purposes")
        if not getattr(form, name)
    }
    if not errors:
        try:
            visitor = await actions.register_visitor(
                work,
                id,
                recorded_by=person.subject,
                given_name=form.given_name,
                family_name=form.family_name,
                contact=form.contact or None,
                language=form.language,
                purposes=form.purposes,
            )
            link = personal_link(request, visitor.id)
            return page(request, "intake/registered.html", visit=visit, visitor=visitor, link=link)
        except Refused as refused:
            errors = {fault["field"]: fault["message"] for fault in faults_of(refused)}
    return await _visit_page(request, work.session, id, person, status=422, errors=errors, form=form.model_dump())


@router.get("/waiting-room/{centre}")
async def waiting_room(centre: str, request: Request, read: Reading, person: Anyone) -> Response:
    """The display in the waiting room: tickets, no names. Anybody may see it, it hangs on the wall."""
    place = await _centre(read, centre)
    return page(
        request,
        "intake/waiting_room.html",
        centre=place,
        centre_name=place.name,
        live_url=f"/intake/waiting-room/{centre}/stream",
        **await _room(read, centre),
    )


@router.get("/waiting-room/{centre}/stream")
async def waiting_room_stream(centre: str, request: Request, person: Anyone) -> Response:
    """The display, live."""

    async def render(session: AsyncSession) -> str:
        return fragment(request, "intake/room.html", **await _room(session, centre))

    return live_board(request, actions.board(centre), render)


@router.get("/fragments/visitors/{subject_ref}")
async def visitor_fragment(subject_ref: UUID, read: Reading, person: Anyone) -> Response:
    """Who this is, for those who may know: the centre's team, and the person."""
    visitor = await read.get(Visitor, subject_ref)
    may = person is not None and (
        person.is_subject(subject_ref)
        or (visitor is not None and person.has(Role.FRONT_DESK, Role.COUNSELLOR) and visitor.centre in person.centres)
    )
    if visitor is None or not may:
        return HTMLResponse("")
    return HTMLResponse(escape(f"{visitor.given_name} {visitor.family_name}"))


async def _visit_page(
    request: Request,
    session: AsyncSession,
    id: UUID,
    person: Person,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    form: dict[str, Any] | None = None,
) -> Response:
    visit = await session.get(Visit, id)
    if visit is None or not person.works_at(visit.centre):
        raise NotFound(what=msg("visit"))
    return page(
        request,
        "intake/visit.html",
        status=status,
        visit=visit,
        errors=errors or {},
        form=form or {},
        purposes=domain.PURPOSES,
    )


async def _centre(session: AsyncSession, code: str) -> Centre:
    centre = await session.get(Centre, code)
    if centre is None:
        raise NotFound(what=msg("centre"))
    return centre


def _half_a_day_ago(request: Request) -> datetime:
    now: datetime = request.app.state.runtime.clock()
    return now - timedelta(hours=12)


async def _board(session: AsyncSession, centre: str, since: datetime) -> dict[str, Any]:
    here = await in_the_room(session, centre)
    by_status = {status: [visit for visit in here if visit.status == status] for status in VisitStatus}
    return {
        "centre_code": centre,
        "waiting": by_status[VisitStatus.WAITING],
        "called": by_status[VisitStatus.CALLED],
        "being_served": by_status[VisitStatus.BEING_SERVED],
        "ended": await ended_lately(session, centre, since),
    }


async def _room(session: AsyncSession, centre: str) -> dict[str, Any]:
    here = await in_the_room(session, centre)
    called = [visit for visit in here if visit.status == VisitStatus.CALLED]
    return {
        "called": sorted(called, key=lambda visit: visit.called_at or visit.checked_in_at, reverse=True)[:6],
        "waiting": [visit for visit in here if visit.status == VisitStatus.WAITING],
    }
