"""The front desk's queue: its board, and what its buttons do. `arrivals` has the page itself, and the check-in."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Form, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from services.chassis.copies.accounts import STAFF_CODE
from services.chassis.copies.centres import centre_copies, check_area
from services.chassis.copies.visits import Day
from services.chassis.i18n import translate as _
from services.chassis.i18n import translate_number
from services.chassis.identity.ownership import own
from services.chassis.refusals import NotFound, msg, with_words
from services.chassis.web import (
    Board,
    Body,
    Reading,
    Router,
    Running,
    Working,
    cause_of,
    live_board,
    page,
    see_other,
)
from services.chassis.web.cookies import YEAR, set_cookie
from services.chassis.web.problems import explain
from services.contracts.envelope import StaffCode
from services.contracts.intake import VisitStatus
from services.contracts.text import Key
from services.contracts.values import Moment, Version, Whole
from services.intake.actions import queue, visits
from services.intake.actions.desks import counsellors_of, desks_of
from services.intake.actions.end_of_day import close_left_over, close_today
from services.intake.actions.reopening import reopen_today
from services.intake.domain import AREAS_MAX, DeskHasCalled, check_desk
from services.intake.domain.queue import DeskNotChosen
from services.intake.pages.views import (
    DESK_COOKIE,
    NEED_LABELS,
    SHOWN,
    Here,
    Team,
    column,
    desk_board,
    desk_cookie,
    desk_here,
    desk_label,
    load_centre,
    own_desk,
)
from services.intake.store import Centre, Visit
from services.intake.store.queue import Caller

router = Router("/intake", pages=True)
Which = Literal["waiting", "called", "being_served", "served", "left", "earlier"]
TITLES: dict[Which, str] = {
    "waiting": msg("Waiting"),
    "called": msg("Called"),
    "being_served": msg("At the desk"),
    "served": msg("Just finished"),
    "left": msg("Departures"),
    "earlier": msg("Unfinished visits from earlier days"),
}
with_words(TITLES)


class CallNextForm(Body):
    """The call-next button. `desk`: a desk other than this browser's; `called`: whom it called before, if anyone.

    `at`: the number of this browser's desk, where none was chosen yet.
    """

    desk: StaffCode | None = None
    at: Annotated[int, Whole(1, 999)] | None = None
    called: UUID | None = None


class StepForm(Body):
    """A button that changes a visit's status. `desk`: where the visitor is called to, if elsewhere than before."""

    desk: StaffCode | None = None
    version: Version


class ReopenForm(Body):
    """Which closing of the day is taken back: the one at this time."""

    closed_at: Moment


class DeskForm(Body):
    """The number of the desk where this browser is, and the areas that it serves; none: all."""

    number: Annotated[int, Whole(1, 999)]
    areas: list[Key] = Field([], max_length=AREAS_MAX)


@router.get("/")
async def choose_centre(request: Request, read: Reading, person: Team) -> Response:
    """Redirects to the desk of the person's only centre, or lists their centres."""
    own = [centre for centre in (await centre_copies(read, Centre)).values() if person.works_at(centre.code)]
    if len(own) == 1:
        return RedirectResponse(f"/intake/desk/{own[0].code}", 303)
    return page(request, "intake/centres.html", centres=own, leads_to="desk", title=_("Front desk"))


@router.get("/desk/{centre}/stream")
async def desk_stream(centre: Key, request: Request, running: Running, person: Team) -> Response:
    """The desk's board, live."""
    board = Board(visits.board(person.at(centre)), "intake/board.html", desk_board, (centre, running.clock))
    return live_board(request, board, lambda found: own_desk(found, request))


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
    """A whole column of the board, page by page. `after`: the last visit of the page before."""
    centre_copy = await load_centre(read, person.at(centre))
    number, found = await column(read, Day.of(centre_copy, running.clock()), which, SHOWN + 1, after)
    here = desk_here(request, await desks_of(read, centre))
    return page(
        request,
        "intake/people.html",
        centre=centre_copy,
        centre_name=centre_copy.name,
        centre_code=centre_copy.code,
        which=which,
        title=TITLES[which],
        number=number,
        visits=found[:SHOWN],
        need_labels=NEED_LABELS,
        more=len(found) > SHOWN,
        desk_label=desk_label,
        here=here.desk,
        here_chosen=here.chosen,
        counsellors=list((await counsellors_of(read, centre)).items()),
    )


@router.post("/desk/{centre}/close-earlier")
async def close_earlier(centre: Key, request: Request, work: Working, person: Team) -> Response:
    """Close the visits of earlier days that nobody ended."""
    number = await close_left_over(work, await load_centre(work.session, person.at(centre)))
    done = translate_number("{number} visit closed.", "{number} visits closed.", number).format(number=number)
    return see_other(request, f"/intake/desk/{centre}", done=done)


@router.post("/desk/{centre}/close-today")
async def close_day(centre: Key, request: Request, work: Working, person: Team) -> Response:
    """Close the day: end the visits of today that nobody ended."""
    number = await close_today(work, await load_centre(work.session, person.at(centre)))
    done = translate_number("{number} visit closed.", "{number} visits closed.", number).format(number=number)
    return see_other(request, f"/intake/desk/{centre}", done=done)


@router.post("/desk/{centre}/reopen-today")
async def reopen_day(
    centre: Key, form: Annotated[ReopenForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Take back the closing of the day. Raises `DayNotJustClosed`."""
    reopened = await reopen_today(work, await load_centre(work.session, person.at(centre)), form.closed_at)
    number = len(reopened.opened)
    done = translate_number("{number} visit reopened.", "{number} visits reopened.", number).format(number=number)
    if reopened.changed:
        tickets = ", ".join(sorted(visit.ticket or "–" for visit in reopened.changed))
        done += " " + _("Not reopened, because it was changed since: {tickets}.").format(tickets=tickets)
    return see_other(request, f"/intake/desk/{centre}", done=done)


@router.post("/desk/{centre}/here")
async def here(
    centre: Key, form: Annotated[DeskForm, Form()], request: Request, read: Reading, person: Team
) -> Response:
    """Set this browser's desk and its areas, in a cookie for a year. Raises `UnknownDesk`, `AreaNotServed`."""
    served = (await load_centre(read, person.at(centre))).areas
    desk = f"desk-{form.number}"
    check_desk(desk, await desks_of(read, centre), "number")
    for area in form.areas:
        check_area(area, centre, served, field="areas")
    areas = form.areas if set(form.areas) < set(served) else []  # all of them: also one that the centre adds later
    done = _("People you call will come to desk {number}.").format(number=form.number)
    response = see_other(request, f"/intake/desk/{centre}", done=done)
    set_cookie(response, request.app.state.settings, DESK_COOKIE, desk_cookie(desk, areas), YEAR)
    return response


@router.post("/desk/{centre}/call-next")
async def call_next(
    centre: Key,
    form: Annotated[CallNextForm, Form()],
    request: Request,
    read: Reading,
    running: Running,
    person: Team,
) -> Response:
    """Call the visitor whose turn it is, of the areas of this browser's desk. Raises `DeskNotChosen`."""
    here = desk_here(request, await desks_of(read, person.at(centre)))
    if form.at is not None:
        here = Here(f"desk-{form.at}", True)
    elif form.desk is None and not here.chosen:
        raise DeskNotChosen()
    served = (await load_centre(read, centre)).areas
    areas = tuple(area for area in here.areas if area in served)
    caller = Caller(form.desk or here.desk, areas, person.claim(STAFF_CODE))
    try:
        async with running.store.work(cause_of(request)) as work:
            visit = await visits.call_next(work, centre, caller, called=form.called)
    except DeskHasCalled as refused:  # the desk is known from now on: its board asks about that visitor
        response = see_other(request, f"/intake/desk/{centre}", error=explain(refused))
    else:
        done = _("Ticket {ticket} has been called: {desk}.").format(ticket=visit.ticket, desk=desk_label(visit.desk))
        response = see_other(request, f"/intake/desk/{centre}", done=done)
    if form.at is not None:
        set_cookie(response, request.app.state.settings, DESK_COOKIE, desk_cookie(here.desk, ()), YEAR)
    return response


@router.post("/visits/{id}/{step}")
async def step(
    id: UUID, step: Key, form: Annotated[StepForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Change a visit's status: call, serve, finish or leave; or its turn: hold or return.

    Who was called before is called again to the same desk, unless the form names another one. Raises `DeskNotChosen`.
    """
    visit = own(await work.find(Visit, id), person, msg("visit"))
    before = VisitStatus(visit.status)
    match step:
        case "call":
            here = desk_here(request, await desks_of(work.session, visit.centre))
            await visits.call(work, id, _called_to(form, visit, here), form.version)
        case "serve":
            await visits.serve(work, id, form.version)
        case "finish":
            await visits.finish(work, id, form.version)
        case "leave":
            await visits.leave(work, id, form.version)
        case "hold":
            await queue.hold(work, id, form.version)
        case "return":
            await queue.come_back(work, id, form.version)
        case _:
            raise NotFound(what=msg("change to a visit"))
    if before.has_ended:
        return see_other(request, f"/intake/visits/{id}/queue", done=_back_again(before, visit.ticket))
    return see_other(request, f"/intake/desk/{visit.centre}")


def _called_to(form: StepForm, visit: Visit, here: Here) -> str:
    """The desk to which a visitor is called: the one that is named, that called them before, or this browser's.

    Not the one that called them after the page was shown: its call is to be refused. Raises `DeskNotChosen`.
    """
    named = form.desk or (visit.desk if form.version == visit.version or not here.chosen else None)
    if named is None and not here.chosen:
        raise DeskNotChosen()
    return named or here.desk


def _back_again(before: VisitStatus, ticket: str | None) -> str:
    """Where the visitor is again after an end by mistake, and that the end deleted what was prepared."""
    at_desk, queued = _("Ticket {ticket} is at the desk again."), _("Ticket {ticket} is in the queue again.")
    back = at_desk if before.was_served else queued
    lost = _("What was to be prepared was deleted at the end of the visit: enter it again below.")
    return f"{back.format(ticket=ticket)} {lost}"
