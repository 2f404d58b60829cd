"""Every page, stream and list with ten seasons in the stores: at most twice its time with a week in them.

Each is asked in one process with the five services and their SQLite stores, as `cefo up` runs them, without a network.
The past is copies of one day's rows, up to ten years back, at twelve centres: each has 150,000 visits then, or 50. (On
empty stores lists would be empty pages, quicker for that reason alone.) Row n has the slowest page in milliseconds of a
core, row j the one that grew most. `tests/queries` asks PostgreSQL too whether a statement scans what grows.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import process_time

from services.launcher.catalogue import NAMES
from tests.bench.measuring import Row, Size, row
from tests.matrix.world import World
from tests.queries.filled import fill
from tests.queries.reading import Route, lived_in, read, reading_routes

ROWS = 40_000
SEASONS = {
    "visits": 1_816_890,
    "interviews": 875_320,
    "outbox": 100_000,
    "inbox": 100_000,
    "visitors": 20_000,
    "known_people": 20_000,
    "waiting": 10_000,
    "dead_letters": 1_000,
}
"""Rows of ten seasons; of every other table that grows, `ROWS`. No page reads the outbox or the inbox."""
WEEK = 600
"""Rows of each table that grows, before."""
TARGET = 2.0
SERVER_MS = 50.0
"""What a page may take."""
MOST_ANSWERS, LONG_SECONDS = 40, 0.3
"""A quick page is asked so often, or for so long."""


async def times(world: World, rounds: int) -> dict[Route, float]:
    """Milliseconds of a core for each page, stream and list, SQLite included: the best of several answers.

    Of a core and not of a clock, so that what else runs on the machine does not count.
    """
    found: dict[Route, float] = {}
    for route in reading_routes():
        spans: list[float] = []
        while len(spans) <= rounds or (len(spans) < MOST_ANSWERS and sum(spans) < LONG_SECONDS):
            started = process_time()
            await read(world, route)
            spans.append(process_time() - started)
        found[route] = min(spans) * 1000
    return found


async def times_with(rows: int, larger: Mapping[str, int], rounds: int) -> dict[Route, float]:
    """The times in a new world with this past."""
    with tempfile.TemporaryDirectory(prefix="cefo-bench-pages-") as folder:
        async with lived_in(Path(folder), None) as world:
            for name in NAMES:
                await fill(world.store(name), rows, larger)
            return await times(world, rounds)


def slowest(before: Mapping[Route, float], after: Mapping[Route, float]) -> Route:
    """The page whose time grew most."""
    return max(after, key=lambda route: after[route] / before[route])


async def measure(size: Size) -> list[Row]:
    """Measure both rows."""
    before = await times_with(size.of(WEEK, 20), {}, size.rounds)
    after = await times_with(size.of(ROWS, 50), {} if size.small else SEASONS, size.rounds)
    return rows_of(before, after, size.of(SEASONS["visits"], 50))


def rows_of(before: Mapping[Route, float], after: Mapping[Route, float], visits: int) -> list[Row]:
    """Row j and row n."""
    grown, longest = slowest(before, after), max(after, key=lambda route: after[route])
    many, each = f"{visits:,} visits", f"{visits // 12:,} visits in a centre’s history"
    chosen = (
        (
            "j",
            f"the page, stream or list (of {len(after)}) that {many} slow down most: `{grown}`",
            grown,
            TARGET,
            False,
        ),
        ("n", f"the slowest page, stream or list with {each}: `{longest}`", longest, SERVER_MS, True),
    )
    return [
        row(
            key,
            what,
            "ms",
            ours=[after[route]],
            comparator=[before[route]],
            against="the same one with a week’s rows",
            target=target,
            better="at most",
            absolute=absolute,
        )
        for key, what, route, target, absolute in chosen
    ]
