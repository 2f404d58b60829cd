"""Rows a and b: events through the whole pipeline per second, on Apache Kafka and PostgreSQL, a process per service.

Ours: the season's lines go in through the public import APIs, each service says what happened through its outbox and
relay, and every service that listens has brought it to its effect; timed until nothing is unsent and nothing unread,
and the figures are exact.

- Row a against `comparators/idiom.py`: the same lines, one event per handler call and transaction.
- Row b against `comparators/bare.py`: the very rows and events that ours left, moved by COPY and aiokafka alone.

Events: what the services said of the lines. The idiom takes a sample; its speed does not depend on how many there are.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from functools import partial
from time import perf_counter
from typing import Any

from services.launcher.catalogue import SERVICES
from tests.bench.comparators import idiom
from tests.bench.comparators.bare import Left, left_behind, moved_again
from tests.bench.kafka import make_topics
from tests.bench.measuring import Row, Size, row
from tests.bench.parts import Parts, Services, connected, fresh_parts
from tests.bench.pipeline import Way, figures, import_all, until_none
from tests.bench.season import lines, season_folder

IDIOM_SERVICES = ("intake", "scheduling", "plans", "impact")


async def ours(parts: Parts, files: dict[str, list[bytes]], expected: dict[str, int]) -> tuple[Way, Left]:
    """The way of these lines through all services, and what they left. Raises `RuntimeError` for other figures."""
    with Services(parts) as services:
        services.start(*SERVICES)
        way = await import_all(services, files)
        counted = await figures(services)
    for key, number in expected.items():
        if counted[key] != number:
            raise RuntimeError(f"{number} {key} went in, {counted[key]} were counted")
    return way, await left_behind(parts)


async def bare(parts: Parts, way: Way, left: Left) -> float:
    """Events per second of the bare parts, for what ours left."""
    return way.events / await moved_again(parts, left)


async def comparator(parts: Parts, visits: int, interviews: int) -> float:
    """Events per second of the idiom: one event for each line."""
    await make_topics(parts.kafka, [idiom.VISITS, idiom.INTERVIEWS])
    processes = {name: await _start(parts, name) for name in IDIOM_SERVICES}
    try:
        # One line first, so that every consumer has its partitions before the clock runs.
        await asyncio.gather(_take_in(processes["intake"], 0, 1), _take_in(processes["scheduling"], 0, 1))
        await _heard(parts, 1, 1)
        started = perf_counter()
        await asyncio.gather(
            _take_in(processes["intake"], 1, visits + 1), _take_in(processes["scheduling"], 1, interviews + 1)
        )
        await _heard(parts, visits + 1, interviews + 1)
        return (visits + interviews) / (perf_counter() - started)
    finally:
        for process in processes.values():
            assert process.stdin is not None
            process.stdin.close()
        await asyncio.gather(*(process.wait() for process in processes.values()))


async def _start(parts: Parts, name: str) -> Process:
    await parts.postgres.create_database(f"idiom_{name}")
    options = ["--service", name, "--database", parts.database(f"idiom_{name}"), "--kafka", parts.kafka]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.comparators.idiom", *options, "--season", str(season_folder())),
        stdin=PIPE,
        stdout=PIPE,
    )
    await _told(process, "ready")
    return process


async def _take_in(process: Process, first: int, last: int) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{first} {last}\n".encode())
    await process.stdin.drain()
    await _told(process, "taken")


async def _told(process: Process, word: str) -> None:
    assert process.stdout is not None
    if (line := await process.stdout.readline()).decode().strip() != word:
        raise RuntimeError(f"the idiom's process said {line!r} and not {word!r}")


async def _heard(parts: Parts, visits: int, interviews: int) -> None:
    """Until every inbox has all of its events, each once."""
    wanted = {"scheduling": visits, "plans": interviews, "impact": visits + interviews}
    for name, number in wanted.items():
        async with connected(parts.postgres.url(f"idiom_{name}")) as store:
            await until_none(partial(_unheard, store, number))
            if await _unheard(store, number):
                raise RuntimeError(f"{name} heard more than the {number} events that were said")


async def _unheard(store: Any, number: int) -> int:
    return number - await store.fetchval("select count(*) from inbox")


async def measure(size: Size) -> list[Row]:
    """Both rows."""
    files = {"visits": lines("visits"), "workshops": lines("workshops"), "interviews": lines("interviews")}
    expected = {"visitors": 181_689, "individual_interviews": 87_532, "guidance_interviews": 5_296}
    if size.small:
        files |= {"visits": files["visits"][:500], "interviews": files["interviews"][:250]}
        expected = {"visitors": 500}
    few_visits, few_interviews = size.of(4000, 40), size.of(2000, 20)
    own, other, parts_alone = list[float](), list[float](), list[float]()
    events = 0
    for _ in range(size.rounds):
        with fresh_parts() as parts:
            way, left = await ours(parts, files, expected)
            events = way.events
            own.append(way.events / way.seconds)
            parts_alone.append(await bare(parts, way, left))
            other.append(await comparator(parts, few_visits, few_interviews))
    what = f"the season's import through all services ({events:,} events a round"
    return [
        row(
            "a",
            f"{what}; {few_visits + few_interviews:,} for the idiom)",
            "events/s",
            ours=own,
            comparator=other,
            against="the same pipeline, one event per handler call and transaction",
            target=20,
        ),
        row(
            "b",
            f"{what})",
            "events/s",
            ours=own,
            comparator=parts_alone,
            against="the same rows by COPY, the same events by aiokafka, nothing else",
            target=1 / 3,
        ),
    ]
