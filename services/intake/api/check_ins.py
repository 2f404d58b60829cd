"""Check-ins: of one visitor, and of a group."""

from functools import partial
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field

from services.chassis.copies.centres import known_centre
from services.chassis.copies.visits import Day
from services.chassis.identity.people import Person
from services.chassis.storage.store import Cause, Work
from services.chassis.web import Body, ByKey, Router, Running, allow, cause_of, limited
from services.contracts.arrivals import Activity, Language
from services.contracts.cloudevents import Record, read_event
from services.contracts.intake import Channel, DeskCheckIn
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.topics import DESK_CHECK_INS
from services.contracts.values import Moment, Whole, YesNo
from services.intake.actions import visits
from services.intake.actions.estimates import outlook_for
from services.intake.actions.tickets import qr_image, ticket_address
from services.intake.api.visits import VisitOut
from services.intake.api.waits import WaitOut
from services.intake.domain import AREAS_MAX, GROUP_MAX, GROUP_MIN, Need
from services.intake.store import Centre, Visit
from services.intake.store.queue import number_before

router = Router("/intake/api/v1", tags=["intake"])

Desk = Annotated[Person, allow(Role.FRONT_DESK, Role.KIOSK)]


class CheckIn(Body):
    """A check-in. It needs no name, no reason and no registration."""

    centre: Key
    area: Key | None = Field(None, description="What the visit is mainly about; the ticket and the queue go by it.")
    other_areas: list[Key] = Field([], max_length=AREAS_MAX, description="What else it is about.")
    channel: Channel = Channel.DESK
    at: Moment | None = Field(None, description="Time of arrival; now, if missing. For desks that were offline.")
    queue: YesNo = Field(True, description="False: passing through, no ticket.")
    activity: Activity | None = Field(None, description="What a visitor without a ticket came for.")
    interpreter_language: Language | None = Field(
        None, description="The language of an interpreter, by its code of ISO 639. Kept until the visit ends."
    )
    needs: list[Need] = Field(
        [], max_length=len(Need), description="What the team prepares. Shown to the team only, until the visit ends."
    )
    recorded_later: YesNo = Field(
        False, description="True: `at` was entered by hand, afterwards. Of an earlier day, the visit gets no ticket."
    )


Test = Annotated[YesNo, Query(description="True: nothing is kept. The answer is the one that it would have been.")]


class GroupCheckIn(CheckIn):
    """The check-in of people who came together. `people`: how many; each gets a visit, and a ticket with `queue`."""

    people: Annotated[int, Whole(GROUP_MIN, GROUP_MAX)]


class CheckedInOut(VisitOut):
    """The visit after its check-in."""

    estimate: tuple[int, int, int] | None = Field(
        description="Minutes of waiting: in 8 of 10 cases between the first and the last, in half below the second."
    )
    ticket_page: str | None = Field(
        description="Address of the page that shows the ticket's place, until midnight: for the visitor, as a QR code. "
        "None after a test."
    )
    ticket_qr: str | None = Field(None, description="The QR code of this address, an SVG image as a `data:` URI.")
    wait: WaitOut | None = Field(None, description="What the visitor may expect, beside the QR code.")

    @classmethod
    def of_check_in(cls, visit: Visit, address: str | None, code: str | None, wait: WaitOut | None = None) -> Self:
        """The response for a check-in. `address`: of the ticket's page, `code`: its QR code."""
        more = {"estimate": visit.estimate, "ticket_page": address, "ticket_qr": code, "wait": wait}
        return cls.model_validate(VisitOut.of(visit).model_dump() | more)


class TriedOut(BaseModel):
    """What would happen to an event."""

    outcome: Literal["checked-in", "repeated", "refused"] = Field(
        description="`refused`: it would become a dead letter. `repeated`: its `id` was processed before."
    )
    reason: str | None = Field(description="The reason of the dead letter, as docs/desks.md lists them.")
    detail: str | None = Field(description="What is wrong, for the maker of the program.")
    visit: VisitOut | None = Field(description="The visit as it would be, with its ticket.")


_CLOUDEVENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/cloudevents+json": {"schema": {}}},  # what is refused is the answer
    }
}


@router.put("/visits/{id}", dependencies=[limited("check-in")])
async def put_visit(
    id: UUID,
    body: CheckIn,
    request: Request,
    running: Running,
    person: Desk,
    qr: Annotated[YesNo, Query(description="Whether the answer has `ticket_qr` and `wait`.")] = False,
    test: Test = False,
) -> CheckedInOut:
    """Check a visitor in under an id chosen by the caller. Repeating it changes nothing."""
    arrival = await _arrival(running, id, body, person, cause_of(request))
    if test:
        async with running.store.trial() as work:
            return CheckedInOut.of_check_in(await visits.check_in(work, arrival), None, None)
    visit, state = await running.group_commit(visits.check_in_all).request(arrival), request.app.state
    address = ticket_address(state.signer, state.settings.public_url, visit.id) if visit.ticket else None
    if address is None or not qr:
        return CheckedInOut.of_check_in(visit, address, None)
    return CheckedInOut.of_check_in(visit, address, qr_image(address), await _wait(running, visit))


@router.post("/visits", status_code=201, dependencies=[limited("check-in")])
async def post_visit(
    body: CheckIn, request: Request, running: Running, person: Desk, id: ByKey, test: Test = False
) -> CheckedInOut:
    """Check a visitor in. The same `Idempotency-Key` from the same caller returns the same visit."""
    return await put_visit(id, body, request, running, person, test=test)


@router.post("/visits/groups", status_code=201, dependencies=[limited("check-in")])
async def post_group(
    body: GroupCheckIn, request: Request, running: Running, person: Desk, id: ByKey, test: Test = False
) -> list[VisitOut]:
    """Check a group in, all or nobody. The same `Idempotency-Key` from the same caller returns the same visits."""
    arrival = await _arrival(running, id, body, person, cause_of(request), body.people)
    if test:
        async with running.store.trial() as work:
            return [VisitOut.of(one) for one in (await visits.check_in_groups(work, [arrival]))[0]]
    return [VisitOut.of(one) for one in await running.group_commit(visits.check_in_groups).request(arrival)]


@router.post("/check-ins/test-event", dependencies=[limited("check-in")], openapi_extra=_CLOUDEVENT)
async def test_event(request: Request, running: Running, person: Desk, centre: Key) -> TriedOut:
    """What would happen to this event on the topic of the centre. Nothing is kept.

    The body is what a record on the topic has as its value: a CloudEvent in structured mode.
    """
    topic = DESK_CHECK_INS.names([person.at(centre)])[-1]
    content_type = request.headers.get("content-type", "").encode()
    record = Record(topic, None, [("content-type", content_type)], await request.body())
    trial = await running.consumer.try_out(record, partial(_checked_in, record, centre))
    return TriedOut(
        outcome="refused" if trial.reason else "repeated" if trial.repeated else "checked-in",
        reason=trial.reason,
        detail=trial.detail,
        visit=trial.found,
    )


async def _checked_in(record: Record, centre: str, work: Work) -> VisitOut | None:
    event = read_event(record).event
    found = await work.find(Visit, event.visit_id) if isinstance(event, DeskCheckIn) else None
    # An event that is repeated may name any visit: nothing has compared them.
    return VisitOut.of(found) if found is not None and found.centre == centre else None


async def _wait(running: Running, visit: Visit) -> WaitOut:
    """What the visitor may expect who has just got a ticket."""
    now = running.clock()
    async with running.store.read() as session:
        centre = await known_centre(session, Centre, visit.centre)
        before = await number_before(session, Day.of(centre, now), visit.id)
    return WaitOut.of(outlook_for(centre, visit.area, before, now))


async def _arrival(
    running: Running, id: UUID, body: CheckIn, person: Person, cause: Cause, people: int = 1
) -> visits.Arrival:
    if not person.works_at(body.centre):
        async with running.store.read() as session:
            await known_centre(session, Centre, body.centre)
        person.at(body.centre)
    return visits.Arrival(
        id,
        body.centre,
        body.area,
        body.channel,
        body.at,
        body.queue,
        cause,
        other_areas=tuple(body.other_areas),
        activity=body.activity,
        recorded_later=body.recorded_later,
        interpreter_language=body.interpreter_language,
        needs=tuple(body.needs),
        group=people,
    )
