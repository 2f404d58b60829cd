"""The referral feed for a Cité: events after a cursor, or as a stream."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Header, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import JSONResponse, Response

from services.chassis.identity.people import Person
from services.chassis.web import PAGE, Change, EventStream, Reading, Router, allow, live_changes
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import Whole
from services.directory.actions import FEED_BOARD
from services.directory.actions.partners import FEED_SCHEMA, FeedData, partner_of, position_of, read_feed, reference_of

router = Router("/directory/api/v1/referral-events", tags=["referral events"])
Reader = Annotated[Person, allow(Role.CITE, region_wide=[Role.MANAGER])]


class ReferralEvent(BaseModel):
    """A change of a referral: a CloudEvent in structured mode, which may have further attributes."""

    model_config = ConfigDict(extra="allow")

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str = Field(description="The referral.")
    time: AwareDatetime
    datacontenttype: Literal["application/json"]
    data: FeedData


class EventsPage(BaseModel):
    """Events in the order of the feed. `next`: the cursor after the last one; keep it and pass it as `after`."""

    events: list[ReferralEvent]
    next: str | None
    more: bool


class PartnerReference(BaseModel):
    """Your own reference of the referral's person; null once they were erased."""

    referral_id: UUID
    partner_ref: UUID | None


@router.get("", response_model=EventsPage)
async def list_events(
    read: Reading,
    person: Reader,
    after: Key | None = None,
    limit: Annotated[int, Whole(1, 200)] = 100,
) -> Response:
    """Every referral event after a cursor, each once, in an order that never changes; CloudEvents 1.0, structured."""
    found = await read_feed(read, partner_of(person), after, limit + 1)
    page = found[:limit]
    following = page[-1].cursor if page else after
    return JSONResponse({"events": [one.event for one in page], "next": following, "more": len(found) > limit})


@router.get("/stream", response_class=EventStream, responses={200: {"model": ReferralEvent}})
async def stream_events(
    request: Request,
    person: Reader,
    after: Key | None = None,
    last: Annotated[Key | None, Header(alias="Last-Event-ID")] = None,
) -> Response:
    """The same as server-sent events: resumes after `Last-Event-ID` (or `after`) without a gap."""
    position_of(last or after)

    async def since(session: AsyncSession, cursor: str | None) -> list[Change]:
        found = await read_feed(session, partner_of(person), cursor, PAGE)
        return [Change(one.cursor, one.event) for one in found]

    return live_changes(request, FEED_BOARD, since)


@router.get("/references/{referral_id}")
async def get_reference(referral_id: UUID, read: Reading, person: Reader) -> PartnerReference:
    """Your own reference of a referral's person, for readers of the Kafka topic. The request is logged."""
    return PartnerReference(
        referral_id=referral_id, partner_ref=await reference_of(read, partner_of(person), referral_id)
    )


@router.get("/schema")
async def event_schema(
    person: Annotated[Person, allow(Role.CITE, Role.MANAGER, region_wide=[Role.OPERATOR])],
) -> dict[str, Any]:
    """The JSON Schema of an event's `data`."""
    return {"$id": FEED_SCHEMA} | FeedData.model_json_schema()
