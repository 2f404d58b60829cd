"""The counsellor's live board: waiting visitors, and the counsellor's interviews today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.centres import known_centre
from services.chassis.copies.visits import Day, counts_of, in_turn, is_here, just_seen
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.refusals import msg
from services.chassis.runtime.clock import Clock
from services.chassis.web import Board, Reading, Router, Running, Working, live_board, page, see_other
from services.contracts.scheduling import AppointmentStatus, InterviewKind
from services.contracts.text import Key
from services.contracts.values import YesNo
from services.scheduling.actions import arrivals, guidance, information
from services.scheduling.actions.boards import board
from services.scheduling.claims import required_staff_code, staff_code
from services.scheduling.domain import times
from services.scheduling.domain.outcomes import may_resume
from services.scheduling.domain.states import is_held, is_running
from services.scheduling.pages.desk import Counsellor, desk_of, length_word
from services.scheduling.pages.outcomes import StepForm, form_of, is_filled_in, outcome_choices
from services.scheduling.pages.taking import taking_view
from services.scheduling.store import Centre, Interview, Waiting
from services.scheduling.store.accepted import guidance_booked
from services.scheduling.store.copies import tickets_of
from services.scheduling.store.counsellors import counsellor_names
from services.scheduling.store.interviews import agenda, booked_for, running_before
from services.scheduling.store.rooms import room_names
from services.scheduling.store.workshops import SessionToday, sessions_between

router = Router("/scheduling", pages=True)
Codes = Annotated[Sequence[Key], Query(max_length=60)]
SHOWN = 50
"""How many people the board shows; the page of everybody has the others."""
INTERVIEWS_SHOWN = 1_000
"""Of a centre's day, those of all counsellors together."""


@dataclass(frozen=True, slots=True)
class Mine:
    """A counsellor's interviews at a centre: running, those of earlier days that nobody ended, and today's others.

    And the workshops that they hold today.
    """

    running: list[Interview] = field(default_factory=list[Interview])
    earlier: list[Interview] = field(default_factory=list[Interview])
    today: list[Interview] = field(default_factory=list[Interview])
    workshops: list[SessionToday] = field(default_factory=list[SessionToday])
    held: dict[UUID | None, Interview] = field(default_factory=dict[UUID | None, Interview])
    """Those of today that took place, by their visits."""
    undoable: set[UUID] = field(default_factory=set[UUID])
    """Those of them whose end can still be undone."""


@router.get("/")
async def show_board(
    *,
    request: Request,
    read: Reading,
    running: Running,
    person: Counsellor,
    centre: Key = "",
    chosen: YesNo = False,
    area: Codes = (),
    language: Codes = (),
) -> Response:
    """The waiting visitors, and the counsellor's interviews today.

    `chosen`: the next person is taken of these needs and languages, not of those of the counsellor.
    """
    centre_copy, own = await desk_of(read, person, centre)
    code = required_staff_code(person)
    found = await centre_board(read, centre_copy.code, running.clock)
    return page(
        request,
        "scheduling/who_waits.html",
        centre=centre_copy,
        own=own,
        centre_name=centre_copy.name,
        live_url=f"/scheduling/board/stream?centre={centre_copy.code}",
        taking=await taking_view(read, centre_copy, code, (area, language) if chosen else None),
        **found,
        **_own_board(found, code),
    )


@router.get("/queue")
async def people(
    request: Request, read: Reading, running: Running, person: Counsellor, centre: Key = "", after: UUID | None = None
) -> Response:
    """Everybody who is here today, page by page. `after`: the last visit of the page before."""
    centre_copy, own = await desk_of(read, person, centre)
    everybody = is_here(Waiting, Day.of(centre_copy, running.clock()))
    found = await in_turn(read, Waiting, everybody, SHOWN + 1, after=after)
    return page(
        request,
        "scheduling/people.html",
        centre=centre_copy,
        own=own,
        centre_name=centre_copy.name,
        count=sum((await counts_of(read, Waiting, everybody)).values()),
        more=len(found) > SHOWN,
        me=staff_code(person),
        **await _rows_view(read, centre_copy, found[:SHOWN]),
    )


@router.get("/board/stream")
async def board_stream(request: Request, running: Running, person: Counsellor, centre: Key) -> Response:
    """The board, live."""
    name, code = board(person.at(centre)), required_staff_code(person)
    watched = Board(name, "scheduling/board.html", centre_board, (centre, running.clock))
    return live_board(request, watched, lambda found: _own_board(found, code))


@router.post("/visits/{visit_id}/start")
async def start(visit_id: UUID, request: Request, work: Working, person: Counsellor) -> Response:
    """Start an information interview with this visitor."""
    waiting = own(await work.find(Waiting, visit_id), person, msg("visit of a person who is here"))
    await information.start(work, visit_id, required_staff_code(person))
    done = _("Interview started: ticket {ticket}.").format(ticket=waiting.ticket or "–")
    return see_other(request, f"/scheduling/?centre={waiting.centre}", done=done)


@router.post("/interviews/{id}/start")
async def receive(
    id: UUID, form: Annotated[StepForm, Form()], request: Request, work: Working, person: Counsellor
) -> Response:
    """Start an appointment with its visitor, who has arrived."""
    interview = own(await guidance.interview_of(work, id), person, msg("interview"))
    await arrivals.receive(work, interview, form.version)
    return see_other(request, f"/scheduling/?centre={interview.centre}", done=_("Interview started."))


async def centre_board(session: AsyncSession, code: str, clock: Clock) -> dict[str, Any]:
    """The board of a centre's counsellors. `interviews`: of each of them by code, and of none."""
    centre = await known_centre(session, Centre, code)
    day = Day.of(centre, clock())
    today = times.local_day(day.now.astimezone(centre.zone).date(), centre.zone)
    everybody = is_here(Waiting, day)
    here = await in_turn(session, Waiting, everybody, SHOWN)
    earlier = await running_before(session, day)
    workshops = await sessions_between(session, code, *today)
    interviews = _by_counsellor(
        await agenda(session, code, *today, limit=INTERVIEWS_SHOWN), earlier, workshops, day.now
    )
    concerned = {one for visit in here for one in (visit.counsellor, visit.for_counsellor)}
    shown = [one.visit_id for mine in interviews.values() for one in (*mine.running, *mine.earlier, *mine.today)]
    seen = await just_seen(session, Waiting, day, SHOWN)
    return await _rows_view(session, centre, here) | {
        "count": sum((await counts_of(session, Waiting, everybody)).values()),
        "rooms": await room_names(session, code),
        "seen": seen,
        "guided": await guidance_booked(
            session, {(one.subject_ref, one.checked_in_at) for one in seen if one.subject_ref is not None}
        ),
        "interviews": dict.fromkeys((None, *concerned), Mine()) | interviews,
        "tickets": await tickets_of(session, [visit for visit in shown if visit]),
        "length_word": length_word,
        "outcomes": outcome_choices(centre),
        "form_of": form_of,
        "is_filled_in": is_filled_in,
    }


def _own_board(found: Mapping[str, Any], code: str) -> dict[str, Any]:
    """What the board shows to one counsellor alone; those whom nothing on it concerns see the same."""
    return {"me": code if code in found["interviews"] else None}


def _by_counsellor(
    today: Sequence[Interview], earlier: Sequence[Interview], workshops: Sequence[SessionToday], now: datetime
) -> dict[str | None, Mine]:
    found: dict[str | None, Mine] = {one.counsellor: Mine() for one in (*today, *earlier)}
    for session in workshops:
        for facilitator in (session.counsellor, *session.more_facilitators):
            found.setdefault(facilitator, Mine()).workshops.append(session)
    for one in today:
        mine = found[one.counsellor]
        if is_running(AppointmentStatus(one.status)):
            mine.running.append(one)
        status = AppointmentStatus(one.status)
        if is_held(status):
            mine.held[one.visit_id] = one
        if may_resume(status, one.ended_at, now):
            mine.undoable.add(one.id)
        if _is_shown(one):
            mine.today.append(one)
    for one in earlier:
        found[one.counsellor].earlier.append(one)
    return found


async def _rows_view(session: AsyncSession, centre: Centre, here: Sequence[Waiting]) -> dict[str, Any]:
    """What the rows of visitors need."""
    names = await counsellor_names(session, (code for one in here for code in (one.counsellor, one.for_counsellor)))
    visits = [one.id for one in here if one.for_counsellor is not None]
    return {"centre_code": centre.code, "here": here, "names": names, "booked": await booked_for(session, visits)}


def _is_shown(interview: Interview) -> bool:
    """True for appointments and held information interviews; False for those running or started by mistake."""
    if interview.kind == InterviewKind.INFORMATION:
        return is_held(AppointmentStatus(interview.status))
    return True
