"""Server-sent events: a board as HTML after each change, or single changes with ids to resume from.

A board is read once for all who watch it, and rendered once for all who see the same of it (`service.boards`).

Events have no name of their own, so that each reaches `onmessage` of a browser's `EventSource`.

A stream ends when the token of its request expires, its sign-in is ended, or the rights of its account change.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Hashable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncSession
from sse_starlette import ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from services.chassis import i18n
from services.chassis.service.boards import Board
from services.chassis.service.definition import runtime_of
from services.chassis.web.media import EventStream
from services.chassis.web.pages import Site

PAGE = 500
"""Changes per query; fewer mean that there are no more."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a stream: its id to resume from, and its data (JSON), of which one field says what it is."""

    id: str
    data: object


def live_board(
    request: Request, board: Board, own: Callable[[dict[str, Any]], Mapping[str, Hashable]] = lambda found: {}
) -> Response:
    """A stream of a board as HTML: at once, and after each commit that changed it.

    `own` chooses, from what was read, the values that the template needs for this reader alone. The template gets
    nothing else of the request but its language: so equal values are equal HTML, which is rendered once.
    """
    runtime, site, lang = runtime_of(request), request.app.state.site, request.state.lang

    async def events() -> AsyncGenerator[bytes]:
        shown = b""
        async with aclosing(runtime.boards.editions(board, request.state.identity.holds)) as editions:
            async for edition in editions:
                i18n.language.set(lang)
                values = own(edition.found)
                render = partial(_rendered, site, board.template, lang, edition.found, values)
                event = edition.make((lang, frozenset(values.items())), render)
                if event != shown:
                    shown = event
                    yield event

    return _stream(events())


def _rendered(site: Site, template: str, lang: str, found: Mapping[str, Any], own: Mapping[str, Any]) -> bytes:
    """The event with a board's HTML, as it is sent."""
    html = site.templates.get_template(template).render(lang=lang, **found, **own)
    return ServerSentEvent(html, retry=1000).encode()


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


def _stream(events: AsyncIterator[ServerSentEvent | bytes]) -> Response:
    return EventStream(events, ping=15, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
