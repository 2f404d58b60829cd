"""What a counsellor has to do, as their home page: the first lines of each part, live, and each part as a list."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.centres import known_centre
from services.chassis.i18n import translate as _
from services.chassis.refusals import msg
from services.chassis.runtime.clock import Clock
from services.chassis.web import Board, Reading, Router, Running, live_board, page
from services.contracts.scheduling import InterviewKind
from services.contracts.text import Key
from services.scheduling.actions.boards import board
from services.scheduling.actions.todo import Desk, Line, lines_of, to_do
from services.scheduling.claims import required_staff_code
from services.scheduling.domain.todo import PART_LABELS, WHY_LABELS, Task, ToDoPart
from services.scheduling.pages.desk import Counsellor, desk_of, length_word
from services.scheduling.store import Centre
from services.scheduling.store.rooms import room_names

router = Router("/scheduling/to-do", pages=True)
SHOWN = 5
"""Lines of a part on the page; its list has the others."""
LISTED = 50
"""Lines on one page of a list."""

TASKS = {
    Task.TAKE: msg("Start the interview"),
    Task.PREPARE: msg("Open the appointment"),
    Task.START: msg("Start the interview"),
    Task.FINISH: msg("Finish the interview"),
    Task.RECORD_INTERVIEW: msg("Record whether it took place"),
    Task.RECORD_ATTENDANCE: msg("Record the attendance"),
    Task.CANCEL_WORKSHOP: msg("Cancel the workshop"),
    Task.BOOK_FINAL_INTERVIEW: msg("Choose a time"),
    Task.HOLD_FINAL_INTERVIEW: msg("Open the appointment"),
    Task.REGISTER: msg("Register the person"),
    Task.BOOK_FIRST: msg("Book the first appointment"),
    Task.BOOK_NEXT: msg("Book the next appointment"),
    Task.DECIDE_ON_PATH: msg("Open the path"),
    Task.ANSWER_OFFER: msg("Enter the answer"),
}


@router.get("")
async def show(request: Request, read: Reading, running: Running, person: Counsellor, centre: Key = "") -> Response:
    """Everything that the counsellor has to do at a centre."""
    centre_copy, own = await desk_of(read, person, centre)
    code = required_staff_code(person)
    return page(
        request,
        "scheduling/todo.html",
        own=own,
        centre_name=centre_copy.name,
        live_url=f"/scheduling/to-do/stream?centre={centre_copy.code}",
        **await todo_board(read, centre_copy.code, code, running.clock),
    )


@router.get("/stream")
async def stream(request: Request, running: Running, person: Counsellor, centre: Key) -> Response:
    """The page, live."""
    name, code = board(person.at(centre)), required_staff_code(person)
    return live_board(request, Board(name, "scheduling/todo_board.html", todo_board, (centre, code, running.clock)))


@router.get("/{part}")
async def list_part(
    part: ToDoPart,
    request: Request,
    read: Reading,
    running: Running,
    person: Counsellor,
    centre: Key = "",
    after: UUID | None = None,
) -> Response:
    """One part of it. `after`: the last line of the page before."""
    centre_copy, own = await desk_of(read, person, centre)
    desk = Desk(centre_copy, required_staff_code(person), running.clock())
    found = await lines_of(read, part, desk, after, LISTED)
    return page(
        request,
        "scheduling/todo_part.html",
        own=own,
        centre_name=centre_copy.name,
        part=part,
        title=_(PART_LABELS[part]),
        found=found,
        more=found.rows[-1].id if found.total > len(found.rows) else None,
        **await _words(read, centre_copy),
    )


async def todo_board(session: AsyncSession, code: str, counsellor: str, clock: Clock) -> dict[str, Any]:
    """The first lines of each part for one counsellor."""
    centre = await known_centre(session, Centre, code)
    found = await to_do(session, Desk(centre, counsellor, clock()), SHOWN)
    return {"found": found, "titles": PART_LABELS, **await _words(session, centre)}


async def _words(session: AsyncSession, centre: Centre) -> dict[str, Any]:
    """What the lines need."""
    return {
        "centre": centre,
        "rooms": await room_names(session, centre.code),
        "length_word": length_word,
        "tasks": TASKS,
        "why": WHY_LABELS,
        "address_of": address_of,
        "list_of": list_of,
    }


def list_of(part: ToDoPart, centre: str) -> str:
    """The address of the whole list of a part."""
    path = "/scheduling/final-interviews" if part is ToDoPart.FINAL_INTERVIEWS else f"/scheduling/to-do/{part}"
    return f"{path}?{urlencode({'centre': centre})}"


def address_of(line: Line, centre: str) -> str:
    """The page on which it is done; of a person in the queue without an appointment: where they are listed."""
    queue = f"/scheduling/?{urlencode({'centre': centre})}"
    match line.task:
        case Task.REGISTER | Task.BOOK_FIRST:
            first = f"/scheduling/interviews/new?{urlencode({'centre': centre, 'person': str(line.subject_ref)})}"
            return first if line.subject_ref is not None else f"/intake/visits/{line.visit_id}"
        case Task.START | Task.FINISH:
            return f"{queue}#{'running' if line.kind == InterviewKind.INFORMATION else 'interview'}-{line.id}"
        case Task.BOOK_FINAL_INTERVIEW | Task.BOOK_NEXT | Task.DECIDE_ON_PATH:
            return f"/scheduling/paths/{line.path_id}"
        case Task.RECORD_ATTENDANCE | Task.CANCEL_WORKSHOP | Task.ANSWER_OFFER:
            anchor = f"waiting-{line.id}" if line.task is Task.ANSWER_OFFER else "sessions"
            return f"/scheduling/workshops/{line.workshop_id}#{anchor}"
        case Task.TAKE | Task.PREPARE | Task.RECORD_INTERVIEW | Task.HOLD_FINAL_INTERVIEW:
            if line.interview_id is not None:
                return f"/scheduling/interviews/{line.interview_id}"
            return f"/scheduling/workshops/{line.workshop_id}" if line.workshop_id else f"{queue}#visit-{line.id}"
