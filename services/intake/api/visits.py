"""Visits: who is here, and each step. `check_ins` has how they begin."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.chassis.copies.accounts import STAFF_CODE
from services.chassis.copies.centres import centre_copies, known_centre
from services.chassis.copies.visits import Day, counts_of, in_turn, is_here, is_left_over
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import msg, with_words
from services.chassis.web import (
    Body,
    Reading,
    Router,
    Running,
    Working,
    allow,
    anyone,
    import_lines,
    imports,
)
from services.contracts.arrivals import Activity
from services.contracts.envelope import StaffCode
from services.contracts.intake import Channel, VisitStatus
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import Version, Whole
from services.intake.actions import corrections, visits
from services.intake.actions.end_of_day import close_left_over
from services.intake.domain import AREAS_MAX, Need
from services.intake.domain.queue import Priority
from services.intake.imports import VisitLine, record_visits, visit_checks
from services.intake.store import Centre, Visit
from services.intake.store.queue import Caller

router = Router("/intake/api/v1", tags=["intake"])

Team = Annotated[Person, allow(Role.FRONT_DESK, Role.COUNSELLOR)]
Operator = Annotated[Person, allow(region_wide=[Role.OPERATOR])]

Which = Literal["today", "earlier"]
with_words({"today": msg("here today"), "earlier": msg("left open on earlier days")})
IMPORT_PATH = "/intake/api/v1/visits/import"


class CallNext(Body):
    """The desk that calls, and the area if not all: then also who did not state one."""

    centre: Key
    desk: StaffCode = Field(description="One of the centre's desks, if it has any: `desk-2`.")
    area: Key | None = None
    called: UUID | None = Field(
        None, description="The visit that this desk called before and that has not come: call the next one anyway."
    )


class CloseEarlier(Body):
    """The centre whose visits of earlier days are closed."""

    centre: Key


class ClosedOut(BaseModel):
    """How many visits were closed."""

    closed: int


class CountsOut(BaseModel):
    """Numbers of visits."""

    waiting: int
    called: int
    being_served: int
    earlier: int


class Step(Body):
    """A change of a visit's status. `version`: the expected one; refused if it has changed."""

    version: Version | None = None


class Call(Step):
    """The desk that calls."""

    desk: StaffCode = Field(description="One of the centre's desks, if it has any: `desk-2`.")


class Correction(Step):
    """What the visit is about. `area`: the main one; without it, the first of the others."""

    area: Key | None = None
    other_areas: list[Key] = Field([], max_length=AREAS_MAX)


class CentreOut(BaseModel):
    """A centre where visitors can check in, and its areas."""

    code: str
    name: str
    areas: list[str]


class VisitOut(BaseModel):
    """A visit."""

    id: UUID
    version: int
    centre: str
    area: str | None
    other_areas: list[str]
    channel: Channel
    activity: Activity | None
    recorded_later: bool
    status: VisitStatus
    ticket: str | None
    desk: str | None
    checked_in_at: datetime
    called_at: datetime | None
    served_at: datetime | None
    ended_at: datetime | None
    closed_by: str | None
    subject_ref: UUID | None
    held_at: datetime | None = Field(description="On hold since then: waiting, not called, the place kept.")
    for_area: str | None = Field(description="The only area in whose queue the visitor waits.")
    for_desk: str | None = Field(description="The only desk that calls the visitor.")
    for_counsellor: str | None = Field(description="The only counsellor who calls the visitor.")

    @classmethod
    def of(cls, visit: Visit) -> Self:
        """The response for a visit."""
        return cls.model_validate(visit, from_attributes=True)


class TeamVisitOut(VisitOut):
    """A visit as the centre's team sees it, with what it prepares. Empty once the visit has ended."""

    interpreter_language: str | None
    needs: list[Need]
    priority: Priority | None = Field(description="Why the visitor is called before the others.")


@router.get("/centres")
async def list_centres(read: Reading, person: Annotated[Person | None, anyone]) -> list[CentreOut]:
    """The centres in order of name, as the directory published them."""
    copies = await centre_copies(read, Centre)
    return [CentreOut.model_validate(centre, from_attributes=True) for centre in copies.values()]


@router.get("/visits")
async def list_visits(
    read: Reading,
    running: Running,
    person: Team,
    centre: Key,
    which: Annotated[Which, Query(description="`today`: who is here. `earlier`: visits that nobody ended.")] = "today",
    after: Annotated[UUID | None, Query(description="The last visit of the previous page.")] = None,
    limit: Annotated[int, Whole(1, 200)] = 200,
) -> list[TeamVisitOut]:
    """A centre's unfinished visits in the order of the queue: today's, or those before."""
    day = Day.of(await known_centre(read, Centre, person.at(centre)), running.clock())
    wanted = is_here(Visit, day) if which == "today" else is_left_over(Visit, day)
    return [TeamVisitOut.of(visit) for visit in await in_turn(read, Visit, wanted, limit, after=after)]


@router.get("/visits/counts")
async def count_visits(read: Reading, running: Running, person: Team, centre: Key) -> CountsOut:
    """How many visitors are here today, by the status of their visits; and how many earlier visits nobody ended."""
    day = Day.of(await known_centre(read, Centre, person.at(centre)), running.clock())
    here = await counts_of(read, Visit, is_here(Visit, day))
    earlier = await counts_of(read, Visit, is_left_over(Visit, day))
    return CountsOut(
        waiting=here[VisitStatus.WAITING],
        called=here[VisitStatus.CALLED],
        being_served=here[VisitStatus.BEING_SERVED],
        earlier=sum(earlier.values()),
    )


@router.post("/visits/close-earlier")
async def close_earlier(body: CloseEarlier, work: Working, person: Team) -> ClosedOut:
    """Close the visits of earlier days that nobody ended; `end-of-day` is then their `closed_by`."""
    centre = await known_centre(work.session, Centre, person.at(body.centre))
    return ClosedOut(closed=await close_left_over(work, centre))


@router.get("/visits/{id}")
async def get_visit(id: UUID, read: Reading, person: Team) -> TeamVisitOut:
    """One visit."""
    return TeamVisitOut.of(own(await read.get(Visit, id), person, msg("visit")))


@router.post("/visits/call-next")
async def call_next(body: CallNext, work: Working, person: Team) -> VisitOut:
    """Call the visitor whose turn it is: who has priority first, then who has waited longest. Nobody on hold.

    Refused (`desk-has-called`, with `visit_id`) while the visitor whom this desk called has not come, so that a request
    that is sent twice calls one.
    """
    caller = Caller(body.desk, (body.area,) if body.area else (), person.claim(STAFF_CODE))
    return VisitOut.of(await visits.call_next(work, person.at(body.centre), caller, called=body.called))


@router.post("/visits/{id}/call")
async def call(id: UUID, body: Call, work: Working, person: Team) -> VisitOut:
    """Call this visitor."""
    own(await work.find(Visit, id), person, msg("visit"))
    return VisitOut.of(await visits.call(work, id, body.desk, body.version))


@router.post("/visits/{id}/serve")
async def serve(id: UUID, body: Step, work: Working, person: Team) -> VisitOut:
    """Begin the service."""
    own(await work.find(Visit, id), person, msg("visit"))
    return VisitOut.of(await visits.serve(work, id, body.version))


@router.post("/visits/{id}/finish")
async def finish(id: UUID, body: Step, work: Working, person: Team) -> VisitOut:
    """End the service."""
    own(await work.find(Visit, id), person, msg("visit"))
    return VisitOut.of(await visits.finish(work, id, body.version))


@router.post("/visits/{id}/leave")
async def leave(id: UUID, body: Step, work: Working, person: Team) -> VisitOut:
    """The visitor left without being served."""
    own(await work.find(Visit, id), person, msg("visit"))
    return VisitOut.of(await visits.leave(work, id, body.version))


@router.post("/visits/{id}/area")
async def correct_area(id: UUID, body: Correction, work: Working, person: Team) -> VisitOut:
    """Correct what the visit is about. The ticket keeps its number."""
    own(await work.find(Visit, id), person, msg("visit"))
    return VisitOut.of(await corrections.correct_area(work, id, body.area, body.other_areas, body.version))


@router.post("/visits/import", **imports(VisitLine))
async def import_visits(request: Request, person: Operator) -> Response:
    """Import past visits: NDJSON, or CSV with `Content-Type: text/csv`."""
    return await import_lines(request, VisitLine, record_visits, visit_checks)


@router.get("/visits/import/schema")
async def import_schema(person: Operator) -> dict[str, Any]:
    """The JSON Schema of one line."""
    return VisitLine.model_json_schema()
