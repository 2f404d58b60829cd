"""What a counsellor has to do at a centre: all parts with their first lines, and each part page by page."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.copies.centres import known_centre
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.web import Reading, Router, Running
from services.contracts.appointments import AppointmentMode
from services.contracts.envelope import StaffCode
from services.contracts.scheduling import InterviewKind, Method
from services.contracts.values import Whole
from services.scheduling.actions.todo import Desk, Line, lines_of, to_do
from services.scheduling.api.roles import PREFIX, CentreCode, Counsellor
from services.scheduling.claims import staff_code
from services.scheduling.domain.todo import NothingToCome, Task, ToDoPart
from services.scheduling.store import Centre
from services.scheduling.store.todo import Counted

router = Router(f"{PREFIX}/counsellors/{{code}}/to-do", tags=["counsellors"])
FIRST = 5
"""Lines of a part in the whole to-do, as on the page."""


class LineOut(BaseModel):
    """One thing to do. What does not belong to its part is null."""

    id: UUID = Field(description="Of the visit, interview, session, path or waitlist entry: a page goes on behind it.")
    task: Task
    at: datetime = Field(description="When it begins or began, or since when it is to be done.")
    until: datetime | None = Field(description="Until when an offer can be answered.")
    minutes: int | None
    area: str | None
    other_areas: list[str]
    interpreter_language: str | None = Field(description="Of the interpreter whom the person needs.")
    priority: bool
    ticket: str | None
    title: str | None = Field(description="Of the workshop.")
    room: str | None
    kind: InterviewKind | None
    method: Method | None
    mode: AppointmentMode | None
    version: int | None = Field(description="Of the interview.")
    subject_ref: UUID | None
    visit_id: UUID | None
    interview_id: UUID | None
    path_id: UUID | None
    workshop_id: UUID | None
    why: NothingToCome | None = Field(description="Why an open path has nothing to come.")
    none_yet: bool = Field(description="Of a path: its appointments were all cancelled, the last of them is `at`.")


class PartOut(BaseModel):
    """A part of the to-do. `total`: how many lines it has; behind `after`, how many are left."""

    part: ToDoPart
    total: int
    lines: list[LineOut]

    @classmethod
    def of(cls, part: ToDoPart, found: Counted[Line]) -> Self:
        """The response for a part."""
        lines = [LineOut.model_validate(one, from_attributes=True) for one in found.rows]
        return cls(part=part, total=found.total, lines=lines)


class ToDoOut(BaseModel):
    """The to-do. `under_way`: the interview in which the counsellor is."""

    counsellor: str
    centre: str
    under_way: UUID | None
    parts: list[PartOut]


@router.get("")
async def get_to_do(
    code: StaffCode, read: Reading, running: Running, person: Counsellor, centre: CentreCode
) -> ToDoOut:
    """The first lines of each part, for the counsellor alone."""
    found = await to_do(read, await _desk(read, running.clock(), person, code, centre), FIRST)
    parts = [PartOut.of(part, counted) for part, counted in found.parts.items()]
    return ToDoOut(counsellor=code, centre=centre, under_way=found.under_way, parts=parts)


@router.get("/{part}")
async def get_part(
    code: StaffCode,
    part: ToDoPart,
    read: Reading,
    running: Running,
    person: Counsellor,
    centre: CentreCode,
    after: Annotated[UUID | None, Query(description="The last line of the previous page.")] = None,
    limit: Annotated[int, Whole(1, 200)] = 100,
) -> PartOut:
    """One part, page by page."""
    desk = await _desk(read, running.clock(), person, code, centre)
    return PartOut.of(part, await lines_of(read, part, desk, after, limit))


async def _desk(session: AsyncSession, now: datetime, person: Person, code: str, centre: str) -> Desk:
    """Nobody else's. Raises `NotFound`, `WrongCentre`."""
    if staff_code(person) != code:
        raise NotFound(what=msg("counsellor"))
    return Desk(await known_centre(session, Centre, person.at(centre)), code, now)
