"""Rows a and b: events through the whole pipeline per second, on Apache Kafka and PostgreSQL, a process per service.

Ours: the season's lines are imported through the public APIs, the services publish their events through outbox and
relay, and every consumer processes them; timed until nothing is unsent and nothing unread, and the figures are exact.

- Row a against `comparators/idiom.py`: the same lines, one event per handler call and transaction.
- Row b against `comparators/bare.py`: the same rows and events, moved by COPY and aiokafka alone.

Events: those that the services emit for the lines. The idiom processes a sample; its speed does not depend on its size.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from functools import partial
from time import perf_counter
from typing import Any

from services.launcher.catalogue import SERVICES
from tests.bench.comparators import idiom
from tests.bench.comparators.bare import Snapshot, copy_again, snapshot_of
from tests.bench.kafka import make_topics
from tests.bench.measuring import Row, Size, row
from tests.bench.parts import Parts, Services, connected, fresh_parts
from tests.bench.pipeline import ImportRun, figures, import_all, until_none
from tests.bench.season import lines, season_folder

IDIOM_SERVICES = ("intake", "scheduling", "plans", "impact")


async def ours(parts: Parts, files: dict[str, list[bytes]], expected: dict[str, int]) -> tuple[ImportRun, Snapshot]:
    """Import these lines, and read the resulting rows and events. Raises `RuntimeError` for wrong figures."""
    with Services(parts) as services:
        services.start(*SERVICES)
        run = await import_all(services, files)
        counted = await figures(services)
    for key, number in expected.items():
        if counted[key] != number:
            raise RuntimeError(f"{number} {key} were imported, {counted[key]} were counted")
    return run, await snapshot_of(parts)


async def bare(parts: Parts, run: ImportRun, snapshot: Snapshot) -> float:
    """Events per second of the bare parts, for the same rows and events."""
    return run.events / await copy_again(parts, snapshot)


async def comparator(parts: Parts, visits: int, interviews: int) -> float:
    """Events per second of the idiom: one event for each line."""
    await make_topics(parts.kafka, [idiom.VISITS, idiom.INTERVIEWS])
    processes = {name: await _start(parts, name) for name in IDIOM_SERVICES}
    try:
        # One line first, so that every consumer has its partitions before the measurement.
        await asyncio.gather(_import(processes["intake"], 0, 1), _import(processes["scheduling"], 0, 1))
        await _wait_until_processed(parts, 1, 1)
        started = perf_counter()
        await asyncio.gather(
            _import(processes["intake"], 1, visits + 1), _import(processes["scheduling"], 1, interviews + 1)
        )
        await _wait_until_processed(parts, visits + 1, interviews + 1)
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
    await _expect(process, "ready")
    return process


async def _import(process: Process, first: int, last: int) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{first} {last}\n".encode())
    await process.stdin.drain()
    await _expect(process, "imported")


async def _expect(process: Process, word: str) -> None:
    assert process.stdout is not None
    if (line := await process.stdout.readline()).decode().strip() != word:
        raise RuntimeError(f"the idiom's process wrote {line!r} instead of {word!r}")


async def _wait_until_processed(parts: Parts, visits: int, interviews: int) -> None:
    """Wait until every inbox has all of its events, each once."""
    wanted = {"scheduling": visits, "plans": interviews, "impact": visits + interviews}
    for name, number in wanted.items():
        async with connected(parts.postgres.url(f"idiom_{name}")) as store:
            await until_none(partial(_unprocessed, store, number))
            if await _unprocessed(store, number):
                raise RuntimeError(f"{name} processed more than the {number} emitted events")


async def _unprocessed(store: Any, number: int) -> int:
    return number - await store.fetchval("select count(*) from inbox")


async def measure(size: Size) -> list[Row]:
    """Measure both rows."""
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
            run, snapshot = await ours(parts, files, expected)
            events = run.events
            own.append(run.events / run.seconds)
            parts_alone.append(await bare(parts, run, snapshot))
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
