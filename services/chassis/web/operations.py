"""What operators and machines ask of every service: its dead letters and its documents."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from services.chassis.asyncapi import asyncapi_document
from services.chassis.broker import AWAY
from services.chassis.dead_letters import letter, letters
from services.chassis.errors import Unavailable, msg
from services.chassis.i18n import translate
from services.chassis.identity import Person, Role
from services.chassis.outbox import say_again, unpack_headers
from services.chassis.rebuild import NotAReadModel, Progress, Rebuilding
from services.chassis.service import Runtime
from services.chassis.web.pages import page, see_other
from services.chassis.web.rules import Body, Reading, Routes, Running, Working, allow, anyone


class BrokerAway(Unavailable):
    """The broker cannot be asked."""

    slug = "broker-away"
    message = msg("The broker does not answer right now. Nothing was changed; please try again.")


class Letter(BaseModel):
    """A dead letter, as an operator sees it."""

    id: UUID
    service: str
    state: str
    topic: str
    partition: int
    offset: int
    type: str | None
    source: str | None
    subject: str | None
    sequence: int | None
    reason: str
    detail: str
    attempts: int
    at: datetime
    decision: str | None


class LetterInFull(Letter):
    """A dead letter with its original bytes; what is no UTF-8 is shown with escapes."""

    key: str | None
    headers: list[tuple[str, str]]
    value: str


class Discard(Body):
    """Why a dead letter is not to be handled."""

    reason: str


class Again(Body):
    """`again`: begin anew even while a rebuild goes on."""

    again: bool = False


def routes(service: str) -> Routes:
    """The same routes under every service's path."""
    router = Routes(f"/{service}", tags=["operations"])
    operator = allow(Role.OPERATOR)

    @router.get("/api/v1/dead-letters")
    async def list_letters(
        read: Reading,
        running: Running,
        person: Annotated[Person, operator],
        state: str | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 100,
    ) -> list[Letter]:
        rows = await letters(read, running.store.table("dead_letters"), state=state, limit=limit)
        return [_letter(service, row) for row in rows]

    @router.get("/api/v1/dead-letters/{id}")
    async def show_letter(
        id: UUID, read: Reading, running: Running, person: Annotated[Person, operator]
    ) -> LetterInFull:
        row = await letter(read, running.store.table("dead_letters"), id)
        return LetterInFull(
            **_letter(service, row).model_dump(),
            key=_text(row.key) if row.key is not None else None,
            headers=[(name, _text(value)) for name, value in unpack_headers(row.headers)],
            value=_text(row.value),
        )

    @router.post("/api/v1/dead-letters/{id}/retry")
    async def retry_letter(id: UUID, running: Running, person: Annotated[Person, operator]) -> dict[str, str]:
        return {"state": await running.consumer.retry(id)}

    @router.post("/api/v1/dead-letters/{id}/discard")
    async def discard_letter(
        id: UUID, body: Discard, running: Running, person: Annotated[Person, operator]
    ) -> dict[str, str]:
        return {"state": await running.consumer.discard(id, f"{person.subject}: {body.reason}")}

    @router.get("/api/v1/backlog")
    async def backlog(read: Reading, running: Running, person: Annotated[Person, operator]) -> dict[str, int]:
        """How many events are on their way: not yet sent, and not yet read."""
        outbox = running.store.table("outbox")
        unsent = await read.scalar(sa.select(sa.func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None)))
        return {"unsent": unsent or 0, "unread": await running.consumer.unread()}

    @router.post("/api/v1/republish")
    async def republish(work: Working, running: Running, person: Annotated[Person, operator]) -> dict[str, int]:
        """Send everything that was ever said again, in order."""
        return {"events": await say_again(work.session, running.store.table("outbox"))}

    @router.post("/api/v1/rebuild", status_code=202)
    async def rebuild(body: Again, running: Running, person: Annotated[Person, operator]) -> Progress:
        """Empty this read model and have it made again from the topics; follow it with GET."""
        return await _awaited(_rebuilding(running).start(person.subject, again=body.again))

    @router.get("/api/v1/rebuild")
    async def rebuild_progress(running: Running, person: Annotated[Person, operator]) -> Progress:
        """How far the latest rebuild has come; generation 0: there never was one."""
        return await _awaited(_rebuilding(running).progress())

    @router.get("/api/v1/asyncapi.json")
    async def asyncapi(running: Running, person: Annotated[Person | None, anyone]) -> dict[str, Any]:
        return asyncapi_document([running.service])

    @router.get("/dead-letters", include_in_schema=False)
    async def letters_page(
        request: Request, read: Reading, running: Running, person: Annotated[Person, operator]
    ) -> Response:
        rows = await letters(read, running.store.table("dead_letters"), limit=200)
        services = sorted({link.href.split("/")[1] for link in request.app.state.site.links} | {service})
        shown = [_letter(service, row) for row in rows]
        return page(request, "dead_letters.html", service=service, services=services, letters=shown)

    @router.post("/dead-letters/{id}/retry", include_in_schema=False)
    async def retry_on_page(
        id: UUID, request: Request, running: Running, person: Annotated[Person, operator]
    ) -> Response:
        await running.consumer.retry(id)
        return see_other(request, f"/{service}/dead-letters", done=translate("It was handled now."))

    return router


def _rebuilding(running: Runtime) -> Rebuilding:
    if running.rebuilding is None:
        raise NotAReadModel(service=running.service.name)
    return running.rebuilding


async def _awaited(asked: Awaitable[Progress]) -> Progress:
    try:
        return await asked
    except AWAY as error:
        raise BrokerAway() from error


def _letter(service: str, row: Any) -> Letter:
    shown = {name: getattr(row, name) for name in Letter.model_fields if name != "service"}
    return Letter(service=service, **shown)


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "backslashreplace")
