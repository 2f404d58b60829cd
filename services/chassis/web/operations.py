"""Routes of every service for operators and machines: dead letters, backlog, republish, rebuild, AsyncAPI."""

from collections.abc import Awaitable
from functools import cache
from typing import Annotated, Any, TypeVar

import sqlalchemy as sa
from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from services.chassis.brokers.clients import BROKER_ERRORS
from services.chassis.events.rebuild import NotAReadModel, Progress, Rebuilding
from services.chassis.identity.people import Person
from services.chassis.refusals import Unavailable, msg
from services.chassis.service.definition import Runtime, Service
from services.chassis.storage.outbox import republish
from services.chassis.web import dead_letters, help_pages, personal_data
from services.chassis.web.event_pages import shown
from services.chassis.web.health import Readiness, readiness
from services.chassis.web.pages import page
from services.chassis.web.routing import Body, Reading, Router, Running, Working, allow, anyone
from services.contracts.roles import Role
from services.contracts.values import YesNo

_T = TypeVar("_T")


class BrokerAway(Unavailable):
    """The broker is unavailable."""

    slug = "broker-away"
    message = msg("Kafka does not answer right now. Nothing was changed. Please try again.")


class RebuildRequest(Body):
    """`again`: start over even while a rebuild is running."""

    again: YesNo = False


class Backlog(BaseModel):
    """The number of events that are unsent (or not yet marked as sent), and unread."""

    unsent: int
    unread: int


class Republished(BaseModel):
    """The number of events that will be published again."""

    events: int


@cache
def router_of(definition: Service) -> Router:
    """The same routes under every service's path. Built once per process, as the services' own routers are."""
    service = definition.name
    router = Router(f"/{service}", tags=["operations"])
    operator = allow(region_wide=[Role.OPERATOR])

    dead_letters.add_to(router, service, operator)
    help_pages.add_to(router, service)
    if definition.personal_data is not None:
        personal_data.add_to(router, service, definition.personal_data)

    @router.get("/health/ready", response_model=Readiness, responses={503: {"model": Readiness}})
    async def ready(running: Running, person: Annotated[Person | None, anyone]) -> Response:
        """Whether every part of this service answers: behind a proxy, `/health/ready` is one process's."""
        return await readiness([running])

    @router.get("/api/v1/backlog")
    async def backlog(read: Reading, running: Running, person: Annotated[Person, operator]) -> Backlog:
        """The number of events that are unsent (or not yet marked as sent), and unread."""
        outbox = running.store.table("outbox")
        unsent = await read.scalar(sa.select(sa.func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None)))
        return Backlog(unsent=unsent or 0, unread=await _or_broker_unavailable(running.consumer.unread()))

    @router.post("/api/v1/republish")
    async def republish_events(work: Working, running: Running, person: Annotated[Person, operator]) -> Republished:
        """Publish all emitted events again, in order."""
        return Republished(events=await republish(work.session, running.store.table("outbox")))

    @router.post("/api/v1/rebuild", status_code=202)
    async def rebuild(body: RebuildRequest, running: Running, person: Annotated[Person, operator]) -> Progress:
        """Empty this read model and rebuild it from the topics; follow it with GET."""
        return await _or_broker_unavailable(_rebuilding(running).start(person.subject, again=body.again))

    @router.get("/api/v1/rebuild")
    async def rebuild_progress(running: Running, person: Annotated[Person, operator]) -> Progress:
        """The latest rebuild's progress; generation 0: there was none."""
        return await _or_broker_unavailable(_rebuilding(running).progress())

    @router.get("/api/v1/asyncapi.json")
    async def asyncapi(running: Running, person: Annotated[Person | None, anyone]) -> dict[str, Any]:
        """What this service emits and consumes: the AsyncAPI 3 document."""
        return running.specification.to_specification().to_jsonable()

    @router.get("/asyncapi", include_in_schema=False)
    async def asyncapi_page(request: Request, running: Running, person: Annotated[Person | None, anyone]) -> Response:
        document = running.specification.to_specification().to_jsonable()
        titles = request.app.state.site.titles
        return page(request, "asyncapi.html", service=service, titles=titles, **shown(document))

    return router


def _rebuilding(running: Runtime) -> Rebuilding:
    if running.rebuilding is None:
        raise NotAReadModel(service=running.service.name)
    return running.rebuilding


async def _or_broker_unavailable(answer: Awaitable[_T]) -> _T:
    try:
        return await answer
    except BROKER_ERRORS as error:
        raise BrokerAway() from error
