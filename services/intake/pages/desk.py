"""The front desk's page: check-in, queue and calls."""

from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.chassis.copies.centres import centre_copies
from services.chassis.copies.visits import Day, counts_of, first_come, is_here, is_left_over
from services.chassis.i18n import translate as _
from services.chassis.i18n import translate_number
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
    limited,
    live_board,
    page,
    see_other,
)
from services.chassis.web.cookies import YEAR, set_cookie
from services.contracts.envelope import StaffCode
from services.contracts.intake import VisitStatus
from services.contracts.text import Key
from services.contracts.values import Version, Whole
from services.intake.actions import visits
from services.intake.actions.desks import desk_numbers
from services.intake.actions.end_of_day import close_left_over
from services.intake.domain import check_desk
from services.intake.pages.views import DESK_COOKIE, SHOWN, Team, current_desk, desk_board, desk_label, load_centre
from services.intake.store import Centre, Visit

router = Router("/intake", pages=True)
Which = Literal["waiting", "called", "being_served", "earlier"]


class CheckInForm(Body):
    """The check-in form. `visit_id` is generated with the page, so that a double click makes one visit."""

    visit_id: UUID
    area: Key = ""
    queue: Literal["yes", "no"] = "yes"


class CallNextForm(Body):
    """The call-next button. `desk`: a desk other than this browser's; `called`: whom it called before, if anyone."""

    desk: StaffCode | None = None
    called: UUID | None = None


class StepForm(Body):
    """A button that changes a visit's status. `desk`: as above."""

    desk: StaffCode | None = None
    version: Version


class DeskForm(Body):
    """The number of the desk where this browser is."""

    number: Annotated[int, Whole(1, 999)]


@router.get("/")
async def choose_centre(request: Request, read: Reading, person: Team) -> Response:
    """Redirects to the desk of the person's only centre, or lists their centres."""
    own = [centre for centre in (await centre_copies(read, Centre)).values() if person.works_at(centre.code)]
    if len(own) == 1:
        return RedirectResponse(f"/intake/desk/{own[0].code}", 303)
    return page(request, "intake/centres.html", centres=own)


@router.get("/desk/{centre}")
async def desk(centre: Key, request: Request, read: Reading, running: Running, person: Team) -> Response:
    """A centre's desk: the check-in form, and the visitors in the room."""
    centre_copy = await load_centre(read, person.at(centre))
    return page(
        request,
        "intake/desk.html",
        centre=centre_copy,
        centre_name=centre_copy.name,
        new_visit=uuid4(),
        here_number=current_desk(request).removeprefix("desk-"),
        desks=[(number, number) for number in await desk_numbers(read, centre)],
        live_url=f"/intake/desk/{centre}/stream",
        **await desk_board(read, centre_copy, running.clock(), current_desk(request)),
    )


@router.get("/desk/{centre}/stream")
async def desk_stream(centre: Key, request: Request, running: Running, person: Team) -> Response:
    """The desk's board, live."""
    person.at(centre)

    async def render(session: AsyncSession) -> str:
        centre_copy = await load_centre(session, centre)
        board = await desk_board(session, centre_copy, running.clock(), current_desk(request))
        return fragment(request, "intake/board.html", **board)

    return live_board(request, visits.board(centre), render)


@router.get("/desk/{centre}/people/{which}")
async def people(
    centre: Key,
    which: Which,
    request: Request,
    read: Reading,
    running: Running,
    person: Team,
    after: UUID | None = None,
) -> Response:
    """A whole column of the board, page by page, in order of check-in. `after`: the last visit of the page before."""
    centre_copy = await load_centre(read, person.at(centre))
    day = Day.of(centre_copy, running.clock())
    here = which != "earlier"
    wanted = is_here(Visit, day) if here else is_left_over(Visit, day)
    status = VisitStatus(which) if here else None
    found = await first_come(read, Visit, wanted, SHOWN + 1, status=status, after=after)
    counts = await counts_of(read, Visit, wanted)
    return page(
        request,
        "intake/people.html",
        centre=centre_copy,
        centre_name=centre_copy.name,
        centre_code=centre_copy.code,
        which=which,
        number=counts[status] if status is not None else sum(counts.values()),
        visits=found[:SHOWN],
        more=len(found) > SHOWN,
        desk_label=desk_label,
    )


@router.post("/desk/{centre}/close-earlier")
async def close_earlier(centre: Key, request: Request, work: Working, person: Team) -> Response:
    """Close the visits of earlier days that nobody ended."""
    number = await close_left_over(work, await load_centre(work.session, person.at(centre)))
    done = translate_number("{number} visit closed.", "{number} visits closed.", number).format(number=number)
    return see_other(request, f"/intake/desk/{centre}", done=done)


@router.post("/desk/{centre}/visits", dependencies=[limited("check-in")])
async def check_in(
    centre: Key, form: Annotated[CheckInForm, Form()], request: Request, running: Running, person: Team
) -> Response:
    """Check a visitor in. A repeated submission returns the same visit."""
    queue = form.queue == "yes"
    arrival = visits.Arrival(form.visit_id, person.at(centre), form.area or None, queue=queue, cause=cause_of(request))
    visit = await running.group_commit(visits.check_in_all).request(arrival)
    done = (
        _("Visit recorded, no ticket.")
        if visit.ticket is None
        else _("Ticket {ticket}: hand it to the person.").format(ticket=visit.ticket)
    )
    return see_other(request, f"/intake/desk/{centre}", done=done)


@router.post("/desk/{centre}/here")
async def here(
    centre: Key, form: Annotated[DeskForm, Form()], request: Request, read: Reading, person: Team
) -> Response:
    """Set this browser's desk, in a cookie for a year. Raises `UnknownDesk`."""
    check_desk(form.number, await desk_numbers(read, person.at(centre)))
    code = f"desk-{form.number}"
    done = _("People you call will come to desk {number}.").format(number=form.number)
    response = see_other(request, f"/intake/desk/{centre}", done=done)
    set_cookie(response, request.app.state.settings, DESK_COOKIE, code, YEAR)
    return response


@router.post("/desk/{centre}/call-next")
async def call_next(
    centre: Key, form: Annotated[CallNextForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Call the visitor who has waited longest."""
    desk = form.desk or current_desk(request)
    visit = await visits.call_next(work, person.at(centre), desk, called=form.called)
    return see_other(
        request, f"/intake/desk/{centre}", done=_("Ticket {ticket} has been called.").format(ticket=visit.ticket)
    )


@router.post("/visits/{id}/{step}")
async def step(
    id: UUID, step: Key, form: Annotated[StepForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Change a visit's status: call, serve, finish or leave."""
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
            raise NotFound(what=msg("change to a visit"))
    return see_other(request, f"/intake/desk/{visit.centre}")
