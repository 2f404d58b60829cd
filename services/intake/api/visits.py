"""Visits: check-in, who is here, and each step."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.chassis.copies.centres import centre_copies, known_centre
from services.chassis.copies.visits import Day, counts_of, first_come, is_here, is_left_over
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.storage.store import Cause
from services.chassis.web import (
    Body,
    ByKey,
    Reading,
    Router,
    Running,
    Working,
    allow,
    anyone,
    cause_of,
    import_lines,
    imports,
    limited,
)
from services.contracts.envelope import StaffCode
from services.contracts.intake import Channel, VisitStatus
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import Moment, Version, Whole, YesNo
from services.intake.actions import visits
from services.intake.actions.end_of_day import close_left_over
from services.intake.imports import VisitLine, record_visits
from services.intake.store import Centre, Visit

router = Router("/intake/api/v1", tags=["intake"])

Desk = Annotated[Person, allow(Role.FRONT_DESK, Role.KIOSK)]
Team = Annotated[Person, allow(Role.FRONT_DESK, Role.COUNSELLOR)]
Operator = Annotated[Person, allow(region_wide=[Role.OPERATOR])]

Which = Literal["today", "earlier"]
IMPORT_PATH = "/intake/api/v1/visits/import"


class CheckIn(Body):
    """A check-in. It needs no name, no reason and no registration."""

    centre: Key
    area: Key | None = None
    channel: Channel = Channel.DESK
    at: Moment | None = Field(None, description="Time of arrival; now, if missing. For desks that were offline.")
    queue: YesNo = Field(True, description="False: passing through, no ticket.")


class CallNext(Body):
    """The desk that calls, and the area if not all."""

    centre: Key
    desk: StaffCode
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

    desk: StaffCode


class CentreOut(BaseModel):
    """A centre where visitors can check in, and its areas."""

    code: str
    name: str
    areas: list[str]


class VisitOut(BaseModel):
    """A visit as the desk sees it."""

    id: UUID
    version: int
    centre: str
    area: str | None
    channel: Channel
    status: VisitStatus
    ticket: str | None
    desk: str | None
    checked_in_at: datetime
    called_at: datetime | None
    served_at: datetime | None
    ended_at: datetime | None
    closed_by: str | None
    subject_ref: UUID | None

    @classmethod
    def of(cls, visit: Visit) -> "VisitOut":
        """The response for a visit."""
        return cls.model_validate(visit, from_attributes=True)


@router.get("/centres")
async def list_centres(read: Reading, person: Annotated[Person | None, anyone]) -> list[CentreOut]:
    """The centres in order of name, as the directory published them."""
    copies = await centre_copies(read, Centre)
    return [CentreOut.model_validate(centre, from_attributes=True) for centre in copies.values()]


@router.put("/visits/{id}", dependencies=[limited("check-in")])
async def put_visit(id: UUID, body: CheckIn, request: Request, running: Running, person: Desk) -> VisitOut:
    """Check a visitor in under an id chosen by the caller. Repeating it changes nothing."""
    return await _check_in(running, id, body, person, cause_of(request))


@router.post("/visits", status_code=201, dependencies=[limited("check-in")])
async def post_visit(
    body: CheckIn,
    request: Request,
    running: Running,
    person: Desk,
    id: ByKey,
) -> VisitOut:
    """Check a visitor in. The same `Idempotency-Key` from the same caller returns the same visit."""
    return await _check_in(running, id, body, person, cause_of(request))


async def _check_in(running: Running, id: UUID, body: CheckIn, person: Person, cause: Cause) -> VisitOut:
    """Concurrent check-ins share one unit of work."""
    if not person.works_at(body.centre):
        async with running.store.read() as session:
            await known_centre(session, Centre, body.centre)
        person.at(body.centre)
    arrival = visits.Arrival(id, body.centre, body.area, body.channel, body.at, body.queue, cause)
    return VisitOut.of(await running.group_commit(visits.check_in_all).request(arrival))


@router.get("/visits")
async def list_visits(
    read: Reading,
    running: Running,
    person: Team,
    centre: Key,
    which: Annotated[Which, Query(description="`today`: who is here. `earlier`: visits that nobody ended.")] = "today",
    after: Annotated[UUID | None, Query(description="The last visit of the previous page.")] = None,
    limit: Annotated[int, Whole(1, 200)] = 200,
) -> list[VisitOut]:
    """A centre's visits that are waiting, called or being served, in order of check-in: today's, or those before."""
    day = Day.of(await known_centre(read, Centre, person.at(centre)), running.clock())
    wanted = is_here(Visit, day) if which == "today" else is_left_over(Visit, day)
    return [VisitOut.of(visit) for visit in await first_come(read, Visit, wanted, limit, after=after)]


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
async def get_visit(id: UUID, read: Reading, person: Team) -> VisitOut:
    """One visit."""
    return VisitOut.of(own(await read.get(Visit, id), person, msg("visit")))


@router.post("/visits/call-next")
async def call_next(body: CallNext, work: Working, person: Team) -> VisitOut:
    """Call the visitor who has waited longest.

    Refused (`desk-has-called`, with `visit_id`) while the visitor whom this desk called has not come, so that a request
    that is sent twice calls one.
    """
    person.at(body.centre)
    return VisitOut.of(await visits.call_next(work, body.centre, body.desk, body.area, called=body.called))


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


@router.post("/visits/import", **imports(VisitLine))
async def import_visits(request: Request, person: Operator) -> Response:
    """Import past visits: NDJSON, or CSV with `Content-Type: text/csv`."""
    return await import_lines(request, VisitLine, record_visits)


@router.get("/visits/import/schema")
async def import_schema(person: Operator) -> dict[str, Any]:
    """The JSON Schema of one line."""
    return VisitLine.model_json_schema()
