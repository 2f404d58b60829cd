"""Streams of changes for programs: `live_changes`."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.applications import Starlette
from starlette.requests import Request

from services.chassis.testing import Client
from services.chassis.web import PAGE, Change, live_changes


async def test_changes_are_read_page_by_page_while_pages_are_full(client: Client) -> None:
    app = Starlette()
    app.state.runtime = client.runtime
    pages, asked = [PAGE, PAGE, 1], list[str | None]()

    async def since(_session: AsyncSession, last: str | None) -> list[Change]:
        asked.append(last)
        first = int(last or 0) + 1
        return [Change(str(number), "changed", {}) for number in range(first, first + pages.pop(0))]

    stream: Any = live_changes(
        Request({"type": "http", "headers": [], "query_string": b"", "app": app}), "board", since
    )
    seen = 0
    async for _ in stream.body_iterator:
        seen += 1
        if seen == 2 * PAGE + 1:
            client.process.live.close()
    assert (seen, asked) == (2 * PAGE + 1, [None, str(PAGE), str(2 * PAGE)])
