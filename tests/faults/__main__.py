"""`make faults`: hundreds of kills under load; the last line sums up what the checker found.

    KILLS=300 SEED=42 make faults

Nine of ten kills hit a process per service on Apache Kafka, PostgreSQL and Redis, the tenth the one process on SQLite.
After every fifty the load ends, the platform becomes idle, and its whole history is checked.
"""

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from services.launcher.kafka import ApacheKafka
from tests.faults.checker import Finding, Kind
from tests.faults.conftest import separate_on, together_on
from tests.faults.history import Answer, History
from tests.faults.nemesis import Plan, execute
from tests.faults.platforms import Platform, Separate, Together, check_when_idle, load_on, restart
from tests.faults.topics import Publisher
from tests.parts.fixtures import folder
from tests.parts.postgres import PostgresServer, binaries
from tests.parts.redis import RedisServer

KILLS_PER_CHECK = 50
"""Kills between two checks."""

console = Console(highlight=False)


@dataclass
class Summary:
    """Totals of a run."""

    kills: int = 0
    requests: Counter[Answer] = field(default_factory=Counter[Answer])
    events: int = 0
    dead_letters: int = 0
    findings: list[Finding] = field(default_factory=list[Finding])

    def line(self, seed: int) -> str:
        """The last line of the output."""
        found = Counter(finding.kind for finding in self.findings)
        answers = ", ".join(f"{self.requests[answer]:,} {answer}" for answer in Answer)
        wrong = ", ".join(f"{kind} {found[kind]}" for kind in Kind)
        return (
            f"SEED={seed}: {self.kills} kills, {self.requests.total():,} requests ({answers}), {self.events:,} events, "
            f"{self.dead_letters} dead letters: {wrong}"
        )


async def run_kills(platform: Platform, seed: int, kills: int, summary: Summary) -> None:
    """Kill so many times, checking in between; adds the platform's totals to the summary."""
    publisher = Publisher(platform.kafka, platform.history) if platform.kafka else None
    done, last = 0, None
    while done < kills and not summary.findings:
        plan = Plan.of(seed + done, platform.names, min(KILLS_PER_CHECK, kills - done))
        load = load_on(platform, seed + done, publisher)
        async with load.running():
            done += await execute(plan, platform)
        last, summary.findings = await check_when_idle(platform)
        console.print(f"  {done:>4} of {kills} kills, {platform.history.totals().total():,} requests so far")
    summary.kills += done
    summary.requests += platform.history.totals()
    for store in (last.stores if last else {}).values():
        summary.events += sum(not row["topic"].endswith(".dead-letters") for row in store["outbox"])
        summary.dead_letters += len(store["dead_letters"])


@contextmanager
def separate() -> Generator[Separate]:
    """A process per service on servers of their own."""
    tools = binaries()
    if tools is None:
        sys.exit("make faults needs PostgreSQL (apt-get install postgresql)")
    with (
        folder("faults-kafka") as kafka,
        folder("faults-postgres") as postgres,
        folder("faults-redis") as redis,
        folder("faults-separate") as place,
        ApacheKafka() as cluster,
    ):
        cluster.start(1, kafka)
        server, hints = PostgresServer(postgres, tools), RedisServer(redis)
        try:
            store = server.url().rsplit("/", 1)[0]
            with separate_on(place, cluster.bootstrap, store, hints.url) as platform:
                yield platform
        finally:
            hints.stop()
            server.stop()


@contextmanager
def together() -> Generator[Together]:
    """Everything in one process."""
    with (
        folder("faults-together") as place,
        together_on(place, History(place / "history.ndjson"), CEFO_LOG_LEVEL="warning") as platform,
    ):
        yield platform


async def main(seed: int, kills: int) -> int:
    """Run all kills on both platforms. Returns the exit code."""
    summary = Summary()
    few = kills // 10
    with separate() as platform:
        console.print(f"A process per service: {kills - few} kills (SEED={seed})")
        await run_kills(platform, seed, kills - few, summary)
        _keep(platform, summary)
    if few and not summary.findings:
        with together() as platform:
            console.print(f"Everything in one process: {few} kills")
            await restart(platform, *platform.names)
            await run_kills(platform, seed, few, summary)
            _keep(platform, summary)
    for finding in summary.findings[:100]:
        console.print(f"  ✗ {finding}")
    console.print(summary.line(seed), soft_wrap=True)
    return 1 if summary.findings else 0


def _keep(platform: Platform, summary: Summary) -> None:
    """Copy the history to the working directory if there are findings."""
    if summary.findings:
        kept = Path("history.ndjson").absolute()
        kept.write_bytes(platform.history.path.read_bytes())
        console.print(f"The history is in {kept}.")


if __name__ == "__main__":
    chosen = int(os.environ.get("SEED", "") or random.randrange(1_000_000))
    sys.exit(asyncio.run(main(chosen, int(os.environ.get("KILLS", "") or 300))))
