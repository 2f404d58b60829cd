"""Server-sent events: a board as HTML after each change, or single changes with ids to resume from.

Events have no name of their own, so that each reaches `onmessage` of a browser's `EventSource`.

A stream ends when the token of its request expires, its sign-in is ended, or the rights of its account change.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import orjson
from sqlalchemy.ext.asyncio import AsyncSession
from sse_starlette import ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from services.chassis.runtime.telemetry import log
from services.chassis.service.definition import runtime_of
from services.chassis.web.media import EventStream

PAGE = 500
"""Changes per query; fewer mean that there are no more."""

_log = log(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a stream: its id to resume from, and its data (JSON), of which one field says what it is."""

    id: str
    data: object


def live_board(request: Request, board: str, render: Callable[[AsyncSession], Awaitable[str]]) -> Response:
    """A stream of a board as HTML: at once, and after each commit that changed it."""
    runtime = runtime_of(request)

    async def events() -> AsyncGenerator[ServerSentEvent]:
        shown = ""
        async for _ in runtime.live.changes(board, request.state.identity.holds):
            async with runtime.store.read() as session:
                html = await render(session)
            if html != shown:
                shown = html
                yield ServerSentEvent(html, retry=1000)

    return _stream(events())


LONGEST_ID = 60
"""Most characters of an event's id; a longer one is none of ours."""


def live_changes(
    request: Request, board: str, since: Callable[[AsyncSession, str | None], Awaitable[list[Change]]]
) -> Response:
    """A stream of changes after the client's `Last-Event-ID`.

    `since(session, last_id)` returns them in order, at least `PAGE` if there are as many.
    """
    runtime = runtime_of(request)
    last: str | None = request.headers.get("last-event-id") or request.query_params.get("after")
    if last is not None and not (last.isascii() and len(last) <= LONGEST_ID):
        last = None

    async def events() -> AsyncGenerator[ServerSentEvent]:
        nonlocal last
        async for _ in runtime.live.changes(board, request.state.identity.holds):
            more = True
            while more:
                async with runtime.store.read() as session:
                    changes = await since(session, last)
                more = len(changes) >= PAGE
                for change in changes:
                    last = change.id
                    yield ServerSentEvent(orjson.dumps(change.data).decode(), id=change.id)

    return _stream(events())


def _stream(events: AsyncIterator[ServerSentEvent]) -> Response:
    return EventStream(events, ping=15, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
