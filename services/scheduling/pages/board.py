"""The counsellor's live board: waiting visitors, and the counsellor's interviews today."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.visits import Day, counts_of, first_come, is_here, just_seen
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.service.definition import runtime_of
from services.chassis.web import Body, Reading, Router, Running, Working, fragment, live_board, page, see_other
from services.contracts.scheduling import AppointmentStatus, InterviewKind
from services.contracts.text import Key
from services.contracts.values import Version
from services.scheduling.actions import guidance, information
from services.scheduling.actions.boards import board
from services.scheduling.claims import required_staff_code, staff_code
from services.scheduling.domain import times
from services.scheduling.domain.rules import may_undo
from services.scheduling.domain.states import is_held, is_running
from services.scheduling.pages.desk import Counsellor, desk_of, length_word
from services.scheduling.store import Centre, Interview, Waiting
from services.scheduling.store.copies import tickets_of
from services.scheduling.store.counsellors import counsellor_names
from services.scheduling.store.interviews import agenda

router = Router("/scheduling", pages=True)
SHOWN = 50
"""How many people the board shows; the page of everybody has the others."""


class StepForm(Body):
    """A button beside an interview."""

    version: Version


@router.get("/")
async def show_board(request: Request, read: Reading, person: Counsellor, centre: Key = "") -> Response:
    """The waiting visitors, and the counsellor's interviews today."""
    centre_copy, own = await desk_of(read, person, centre)
    return page(
        request,
        "scheduling/who_waits.html",
        centre=centre_copy,
        own=own,
        centre_name=centre_copy.name,
        live_url=f"/scheduling/board/stream?centre={centre_copy.code}",
        **await _board(request, read, centre_copy, person),
    )


@router.get("/queue")
async def people(
    request: Request, read: Reading, running: Running, person: Counsellor, centre: Key = "", after: UUID | None = None
) -> Response:
    """Everybody who is here today, page by page, in order of check-in. `after`: the last visit of the page before."""
    centre_copy, own = await desk_of(read, person, centre)
    everybody = is_here(Waiting, Day.of(centre_copy, running.clock()))
    found = await first_come(read, Waiting, everybody, SHOWN + 1, after=after)
    return page(
        request,
        "scheduling/people.html",
        centre=centre_copy,
        own=own,
        centre_name=centre_copy.name,
        count=sum((await counts_of(read, Waiting, everybody)).values()),
        more=len(found) > SHOWN,
        **await _rows_view(read, centre_copy, found[:SHOWN], person),
    )


@router.get("/board/stream")
async def board_stream(request: Request, person: Counsellor, centre: Key) -> Response:
    """The board, live."""
    person.at(centre)

    async def render(session: AsyncSession) -> str:
        centre_copy, _own = await desk_of(session, person, centre)
        return fragment(request, "scheduling/board.html", **await _board(request, session, centre_copy, person))

    return live_board(request, board(centre), render)


@router.post("/visits/{visit_id}/start")
async def start(visit_id: UUID, request: Request, work: Working, person: Counsellor) -> Response:
    """Start an information interview with this visitor."""
    waiting = own(await work.find(Waiting, visit_id), person, msg("visit of a person who is here"))
    await information.start(work, visit_id, required_staff_code(person))
    done = _("Interview started: ticket {ticket}.").format(ticket=waiting.ticket or "–")
    return see_other(request, f"/scheduling/?centre={waiting.centre}", done=done)


@router.post("/interviews/{id}/finish")
async def finish(
    id: UUID, form: Annotated[StepForm, Form()], request: Request, work: Working, person: Counsellor
) -> Response:
    """Finish the information interview."""
    interview = own(await guidance.interview_of(work, id), person, msg("interview"))
    await information.finish(work, interview, form.version)
    done = _("Interview finished. Length: {length}.").format(length=length_word(interview.minutes))
    return see_other(request, f"/scheduling/?centre={interview.centre}", done=done)


@router.post("/interviews/{id}/undo")
async def undo(
    id: UUID, form: Annotated[StepForm, Form()], request: Request, work: Working, person: Counsellor
) -> Response:
    """Undo an information interview that was started by mistake: while it runs, or shortly after its end."""
    interview = own(await guidance.interview_of(work, id), person, msg("interview"))
    await information.undo(work, interview, form.version)
    done = _("The interview is not counted. The person gets their place back.")
    return see_other(request, f"/scheduling/?centre={interview.centre}", done=done)


async def _board(request: Request, session: AsyncSession, centre: Centre, person: Person) -> dict[str, Any]:
    now = runtime_of(request).clock()
    today = times.local_day(now.astimezone(centre.zone).date(), centre.zone)
    mine = await agenda(session, centre.code, *today, counsellor=required_staff_code(person))
    day = Day.of(centre, now)
    everybody = is_here(Waiting, day)
    here = await first_come(session, Waiting, everybody, SHOWN)
    running = [one for one in mine if is_running(AppointmentStatus(one.status))]
    return await _rows_view(session, centre, here, person) | {
        "count": sum((await counts_of(session, Waiting, everybody)).values()),
        "seen": await just_seen(session, Waiting, day, SHOWN),
        "undoable": {one.visit_id: one for one in mine if _is_undoable(one, now)},
        "tickets": await tickets_of(session, [one.visit_id for one in running if one.visit_id]),
        "length_word": length_word,
        "running": running,
        "today_mine": [one for one in mine if _is_shown(one)],
    }


async def _rows_view(session: AsyncSession, centre: Centre, here: Sequence[Waiting], person: Person) -> dict[str, Any]:
    """What the rows of visitors need."""
    names = await counsellor_names(session, (visit.counsellor for visit in here))
    return {"centre_code": centre.code, "me": staff_code(person), "here": here, "names": names}


def _is_undoable(interview: Interview, now: datetime) -> bool:
    """True for an information interview that has just ended."""
    status = AppointmentStatus(interview.status)
    information = interview.kind == InterviewKind.INFORMATION
    return information and is_held(status) and may_undo(status, interview.ended_at, now)


def _is_shown(interview: Interview) -> bool:
    """True for appointments and held information interviews; False for those running or started by mistake."""
    if interview.kind == InterviewKind.INFORMATION:
        return is_held(AppointmentStatus(interview.status))
    return True
