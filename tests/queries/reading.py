"""Every page, stream and list, asked as the matrix asks it, and the statements that each sends."""

from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import event

from services.chassis.storage.store import Store
from services.launcher.catalogue import NAMES
from tests.matrix.asking import Answer, ask
from tests.matrix.asks import request_of
from tests.matrix.callers import CALLERS
from tests.matrix.guided import guide_both
from tests.matrix.staff import open_accounts
from tests.matrix.table import lines_of
from tests.matrix.world import World, opened
from tests.parts.postgres import PostgresServer

SEARCHES = {"POST /intake/visits/{id}/search", "POST /intake/people", "POST /intake/desk/{centre}/appointments"}
"""Pages that show a list, and are no GET: names do not belong in addresses."""
NOT_FROM_A_STORE = ("/health", "/metrics", "/openapi", "/asyncapi", "/help", "/schema")


class Route(NamedTuple):
    """A line of the matrix that reads, and a caller who may."""

    service: str
    line: str
    caller: str

    def __str__(self) -> str:
        return self.line.replace("{service}", self.service)


class Statement(NamedTuple):
    """A query, as it was sent with its values."""

    service: str
    text: str
    values: Any


@asynccontextmanager
async def lived_in(folder: Path, server: PostgresServer | None) -> AsyncGenerator[World]:
    """A world in which a day has passed, on SQLite, or on databases of its own on this server."""
    address = "sqlite"
    if server is not None:
        address = server.url("").rstrip("/")
        for name in NAMES:
            await server.create_database(f"cefo_{name}")
    async with opened(folder, address) as world:
        await open_accounts(world)
        await world.spread()
        await guide_both(world)
        await world.finish()
        yield world


def reading_routes() -> Iterator[Route]:
    """Every line that reads."""
    for service in NAMES:
        for line, rule in lines_of(service).items():
            if (line.startswith("GET ") or line in SEARCHES) and not any(part in line for part in NOT_FROM_A_STORE):
                caller = next(one for one in reversed(CALLERS) if one in rule.who)
                yield Route(service, line, caller)


async def read(world: World, route: Route) -> Answer:
    """Send the request. It must be a success."""
    request = request_of(route.line, world, route.caller, route.service)
    headers = request.headers | {"accept": "text/html"}
    answer = await ask(world.process, request.method, request.target, headers, request.body)
    assert answer.status in (request.done or range(200, 400)), f"{route}: {answer.status} {answer.text[:300]}"
    return answer


@contextmanager
def noted_statements(stores: dict[str, Store], *, writing: bool = False) -> Generator[list[Statement]]:
    """The queries that are sent to these stores in the block; `writing`: also what changes and deletes rows."""
    verbs = ("SELECT", "WITH", "UPDATE", "DELETE") if writing else ("SELECT", "WITH")
    found: list[Statement] = []
    opened: list[tuple[sa.Engine, Any]] = []

    def noting(service: str) -> Any:
        def note(_connection: object, _cursor: object, statement: str, values: Any, _of: object, many: bool) -> None:
            if statement.lstrip().upper().startswith(verbs):
                found.append(Statement(service, statement, values[0] if many else values))

        return note

    for service, store in stores.items():
        for engine in (store.reader.sync_engine, store.writer.sync_engine):
            opened.append((engine, noting(service)))
            event.listen(engine, "before_cursor_execute", opened[-1][1])
    try:
        yield found
    finally:
        for engine, note in opened:
            event.remove(engine, "before_cursor_execute", note)
