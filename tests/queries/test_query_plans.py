"""No page, stream or list reads every row of a table that grows: both stores are asked for the plan of each statement.

A page that is quick today is slow after ten seasons if it scans. The stores are filled: a planner scans what is small.
"""

from collections import defaultdict
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from services.chassis.storage.store import Store
from services.launcher.catalogue import NAMES
from tests.matrix.world import World
from tests.parts.stores import BOTH
from tests.queries.filled import fill
from tests.queries.plans import scanned
from tests.queries.reading import Statement, lived_in, noted_statements, read, reading_routes

ROWS = 10_000
"""Of each table: with a thousand, to read all of it costs about what it costs to look a month of one counsellor up."""
pytestmark = pytest.mark.asyncio(loop_scope="module")
_OPERATORS = "an operator looks at what went wrong; what is decided is removed after CEFO_DEAD_LETTER_DAYS"
ALLOWED = {
    f"GET /{service}{path} dead_letters": _OPERATORS
    for service in NAMES
    for path in ("/api/v1/dead-letters", "/dead-letters")
}
"""Routes that may scan a table, and why: `route table`."""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=BOTH)
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[World]:
    """Two sides with everything in it, and years behind them."""
    server = request.getfixturevalue("postgres") if request.param == "postgres" else None
    async with lived_in(tmp_path_factory.mktemp("queries"), server) as made:
        for name in NAMES:
            await fill(made.store(name), ROWS)
        yield made


async def test_no_statement_of_a_page_a_stream_or_a_list_scans_what_grows(world: World) -> None:
    stores: dict[str, Store] = {name: world.store(name) for name in NAMES}
    sent: dict[tuple[str, str], tuple[Statement, set[str]]] = {}
    for route in reading_routes():
        with noted_statements(stores) as statements:
            await read(world, route)
        for one in statements:
            sent.setdefault((one.service, one.text), (one, set()))[1].add(str(route))
    assert len(sent) > 100
    found: dict[str, set[str]] = defaultdict(set)
    for one, routes in sent.values():
        for table in await scanned(stores[one.service], one):
            asked = {f"{route} {table}" for route in routes} - ALLOWED.keys()
            if asked:
                found[f"{one.service}.{table}: {one.text}"] |= asked
    shown = "\n\n".join(f"{statement}\n  asked by {', '.join(sorted(routes))}" for statement, routes in found.items())
    assert found == {}, shown
