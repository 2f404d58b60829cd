"""Visits and registered visitors."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid5

from fastapi import Header, Query, Request
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from services.chassis.copies.centres import centre_copies, known_centre
from services.chassis.i18n import Language
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.storage.store import Cause, Work
from services.chassis.web import (
    Body,
    Reading,
    Router,
    Running,
    Working,
    allow,
    anyone,
    cause_of,
    import_lines,
    limited,
)
from services.contracts.envelope import StaffCode
from services.contracts.intake import Channel, VisitStatus
from services.contracts.roles import Role
from services.intake.actions import consent, links, people, visits
from services.intake.domain.links import LinkState, link_address
from services.intake.imports import VisitLine, record_visits
from services.intake.store import Centre, Visit, Visitor, current_link
from services.intake.store.queue import in_the_room

router = Router("/intake/api/v1", tags=["intake"])

Desk = Annotated[Person, allow(Role.FRONT_DESK, Role.KIOSK)]
Team = Annotated[Person, allow(Role.FRONT_DESK, Role.COUNSELLOR)]
TeamOrVisitor = Annotated[Person, allow(Role.FRONT_DESK, Role.COUNSELLOR, Role.VISITOR)]
Operator = Annotated[Person, allow(region_wide=[Role.OPERATOR])]

_RETRIES = UUID("5a1c7d80-6c3a-4a2a-9a55-0d8d2a3f9e11")
IMPORT_PATH = "/intake/api/v1/visits/import"


class CheckIn(Body):
    """A check-in. It needs no name, no reason and no registration."""

    centre: str = Field(max_length=40)
    area: str | None = Field(None, max_length=40)
    channel: Channel = Channel.DESK
    at: AwareDatetime | None = Field(None, description="Time of arrival; now, if missing. For desks that were offline.")
    queue: bool = Field(True, description="False: passing through, no ticket.")


class CallNext(Body):
    """The desk that calls, and the area if not all."""

    centre: str
    desk: StaffCode
    area: str | None = None


class Step(Body):
    """A change of a visit's status. `version`: the expected one; refused if it has changed."""

    version: int | None = None


class Call(Step):
    """The desk that calls."""

    desk: StaffCode


class CentreOut(BaseModel):
    """A centre where visitors can check in, and its areas."""

    code: str
    name: str
    areas: list[str]


class Registration(Body):
    """A visitor registers, with consent to these purposes."""

    given_name: str = Field(min_length=1, max_length=80)
    family_name: str = Field(min_length=1, max_length=80)
    contact: str | None = Field(None, max_length=120)
    language: Language = "fr"
    purposes: list[str] = Field(min_length=1, max_length=10)


class Purposes(Body):
    """The purposes to which consent is given, or is withdrawn."""

    purposes: list[str] = Field(min_length=1, max_length=10)


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
    subject_ref: UUID | None

    @classmethod
    def of(cls, visit: Visit) -> "VisitOut":
        """The response for a visit."""
        return cls.model_validate(visit, from_attributes=True)


class Registered(BaseModel):
    """The visitor's reference, and their personal link."""

    subject_ref: UUID
    link: str


class LinkOut(BaseModel):
    """The visitor's newest personal link. Its address was in one answer only."""

    state: LinkState
    expires_at: datetime | None


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
    key: Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=200)],
) -> VisitOut:
    """Check a visitor in. The same `Idempotency-Key` from the same caller returns the same visit."""
    id = uuid5(_RETRIES, f"{person.subject} {key}")
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
    read: Reading, person: Team, centre: str, limit: Annotated[int, Query(ge=1, le=200)] = 200
) -> list[VisitOut]:
    """The visits that are waiting, called or being served, in order of check-in."""
    person.at(centre)
    return [VisitOut.of(visit) for visit in await in_the_room(read, centre, limit)]


@router.get("/visits/{id}")
async def get_visit(id: UUID, read: Reading, person: Team) -> VisitOut:
    """One visit."""
    return VisitOut.of(own(await read.get(Visit, id), person, msg("visit")))


@router.post("/visits/call-next")
async def call_next(body: CallNext, work: Working, person: Team) -> VisitOut:
    """Call the visitor who has waited longest."""
    person.at(body.centre)
    return VisitOut.of(await visits.call_next(work, body.centre, body.desk, body.area))


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


@router.post("/visits/{id}/visitor", status_code=201)
async def register(id: UUID, body: Registration, work: Working, person: Team, request: Request) -> Registered:
    """Register the visitor of this visit."""
    own(await work.find(Visit, id), person, msg("visit"))
    visitor = await people.register_visitor(work, id, recorded_by=person.subject, **body.model_dump())
    return await _with_link(work, request, visitor.id, person)


@router.get("/visitors/{subject_ref}/link")
async def link_state(subject_ref: UUID, read: Reading, person: Team, running: Running) -> LinkOut:
    """Whether the visitor has a personal link that opens their plan."""
    own(await read.get(Visitor, subject_ref), person, msg("registered person"))
    link = await current_link(read, subject_ref)
    return LinkOut(state=links.state_of(link, running.clock()), expires_at=link.expires_at if link else None)


@router.post("/visitors/{subject_ref}/link", status_code=201)
async def renew_link(subject_ref: UUID, work: Working, person: Team, request: Request) -> Registered:
    """Create a new personal link, which ends the older ones."""
    own(await work.find(Visitor, subject_ref), person, msg("registered person"))
    return await _with_link(work, request, subject_ref, person)


async def _with_link(work: Work, request: Request, subject_ref: UUID, person: Person) -> Registered:
    secret = await links.create_link(work, subject_ref, person.subject)
    return Registered(subject_ref=subject_ref, link=link_address(request.app.state.settings.public_url, secret))


@router.post("/visitors/{subject_ref}/consents", status_code=204)
async def give(subject_ref: UUID, body: Purposes, work: Working, person: TeamOrVisitor) -> None:
    """Give consent: by the visitor, or recorded by the team of their centre. What is in force already stays."""
    _check_near(await work.find(Visitor, subject_ref), person)
    await consent.give_consent(work, subject_ref, body.purposes, person.subject)


@router.post("/visitors/{subject_ref}/withdrawals", status_code=204)
async def withdraw(subject_ref: UUID, body: Purposes, work: Working, person: TeamOrVisitor) -> None:
    """Withdraw consent: by the visitor, or recorded by the team of their centre."""
    _check_near(await work.find(Visitor, subject_ref), person)
    await consent.withdraw_consent(work, subject_ref, body.purposes, person.subject)


def _check_near(visitor: Visitor | None, person: Person) -> None:
    """The person is this visitor, or works at their centre. Raises `NotFound`."""
    if visitor is None or not (person.is_subject(visitor.id) or person.works_at(visitor.centre)):
        raise NotFound(what=msg("registered person"))


@router.post("/visits/import", dependencies=[limited("import")])
async def import_visits(request: Request, person: Operator) -> Response:
    """Import past visits: NDJSON, or CSV with `Content-Type: text/csv`."""
    return await import_lines(request, VisitLine, record_visits)


@router.get("/visits/import/schema")
async def import_schema(person: Operator) -> dict[str, Any]:
    """The JSON Schema of one line."""
    return VisitLine.model_json_schema()
