"""The desk: who comes in, who waits, who is called."""

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Form, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.chassis.copies.centres import centre_copies
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.refusals import NotFound, msg
from services.chassis.web import (
    Body,
    Reading,
    Router,
    Running,
    Working,
    cause_of,
    fragment,
    live_board,
    page,
    see_other,
)
from services.contracts.envelope import StaffCode
from services.intake.actions import visits
from services.intake.pages.views import DESK_COOKIE, Team, current_desk, desk_board, desk_label, load_centre
from services.intake.store import Centre, Visit

router = Router("/intake", pages=True)


class CheckInForm(Body):
    """The desk's form. `visit_id` comes with the page, so that a double click is one visit."""

    visit_id: UUID
    area: str = Field("", max_length=40)
    queue: str = Field("yes", pattern="^(yes|no)$")


class CallNextForm(Body):
    """The button that calls whoever is next; `desk`: not this browser's own."""

    desk: StaffCode | None = None


class StepForm(CallNextForm):
    """A button beside a visit."""

    version: int


class DeskForm(Body):
    """At which desk this browser stands."""

    number: int = Field(ge=1, le=999)


@router.get("/")
async def choose_centre(request: Request, read: Reading, person: Team) -> Response:
    """The person's own desk, or a choice of centres."""
    own = [centre for centre in (await centre_copies(read, Centre)).values() if person.works_at(centre.code)]
    if len(own) == 1:
        return RedirectResponse(f"/intake/desk/{own[0].code}", 303)
    return page(request, "intake/centres.html", centres=own)


@router.get("/desk/{centre}")
async def desk(centre: str, request: Request, read: Reading, running: Running, person: Team) -> Response:
    """The desk: check somebody in, and see everybody who is here."""
    place = await load_centre(read, person.at(centre))
    here = current_desk(request)
    return page(
        request,
        "intake/desk.html",
        centre=place,
        centre_name=place.name,
        new_visit=uuid4(),
        here=desk_label(here),
        here_number=here.removeprefix("desk-"),
        live_url=f"/intake/desk/{centre}/stream",
        **await desk_board(read, place, running.clock()),
    )


@router.get("/desk/{centre}/stream")
async def desk_stream(centre: str, request: Request, running: Running, person: Team) -> Response:
    """The desk's board, live."""
    person.at(centre)

    async def render(session: AsyncSession) -> str:
        place = await load_centre(session, centre)
        return fragment(request, "intake/board.html", **await desk_board(session, place, running.clock()))

    return live_board(request, visits.board(centre), render)


@router.post("/desk/{centre}/visits")
async def check_in(
    centre: str, form: Annotated[CheckInForm, Form()], request: Request, running: Running, person: Team
) -> Response:
    """Check somebody in from the desk page; pressed twice, it is one visit."""
    queue = form.queue == "yes"
    arrival = visits.Arrival(form.visit_id, person.at(centre), form.area or None, queue=queue, cause=cause_of(request))
    visit = await running.group_commit(visits.check_in_all).request(arrival)
    done = _("Welcome noted.") if visit.ticket is None else _("Ticket {ticket}.").format(ticket=visit.ticket)
    return see_other(request, f"/intake/desk/{centre}", done=done)


@router.post("/desk/{centre}/here")
async def here(centre: str, form: Annotated[DeskForm, Form()], request: Request, person: Team) -> Response:
    """Say at which desk this browser stands; it is remembered for a year."""
    code = f"desk-{form.number}"
    done = _("This screen calls to: {desk}.").format(desk=desk_label(code))
    response = see_other(request, f"/intake/desk/{person.at(centre)}", done=done)
    secure = bool(request.app.state.settings.secure)
    response.set_cookie(DESK_COOKIE, code, max_age=31_536_000, samesite="lax", httponly=True, secure=secure)
    return response


@router.post("/desk/{centre}/call-next")
async def call_next(
    centre: str, form: Annotated[CallNextForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Call whoever is next."""
    visit = await visits.call_next(work, person.at(centre), form.desk or current_desk(request))
    return see_other(request, f"/intake/desk/{centre}", done=_("{ticket} is called.").format(ticket=visit.ticket))


@router.post("/visits/{id}/{step}")
async def step(
    id: UUID, step: str, form: Annotated[StepForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """One of the buttons beside a visit."""
    visit = own(await work.find(Visit, id), person, msg("visit"))
    match step:
        case "call":
            await visits.call(work, id, form.desk or current_desk(request), form.version)
        case "serve":
            await visits.serve(work, id, form.version)
        case "finish":
            await visits.finish(work, id, form.version)
        case "leave":
            await visits.leave(work, id, form.version)
        case _:
            raise NotFound(what=msg("step"))
    return see_other(request, f"/intake/desk/{visit.centre}")
