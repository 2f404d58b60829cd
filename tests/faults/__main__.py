"""`make faults`: hundreds of kills under load, and what the checker says of them in the last line.

    KILLS=300 SEED=42 make faults

Nine of ten kills hit a process per service on Apache Kafka, PostgreSQL and Redis, the tenth the one process on SQLite.
After every fifty the load ends, all becomes quiet, and everything that ever happened is judged.
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
from tests.faults.nemesis import Plan, carry_out
from tests.faults.platforms import Platform, Separate, Together, judged, load_on, restart
from tests.faults.topics import Publisher
from tests.parts.fixtures import folder
from tests.parts.postgres import PostgresServer, binaries
from tests.parts.redis import RedisServer

LEG = 50
"""Kills between two judgements."""

console = Console(highlight=False)


@dataclass
class Account:
    """What came of it."""

    kills: int = 0
    requests: Counter[Answer] = field(default_factory=Counter[Answer])
    events: int = 0
    letters: int = 0
    findings: list[Finding] = field(default_factory=list[Finding])

    def line(self, seed: int) -> str:
        """The last line."""
        found = Counter(finding.kind for finding in self.findings)
        answers = ", ".join(f"{self.requests[answer]:,} {answer}" for answer in Answer)
        wrong = ", ".join(f"{kind} {found[kind]}" for kind in Kind)
        return (
            f"SEED={seed}: {self.kills} kills, {self.requests.total():,} requests ({answers}), {self.events:,} events, "
            f"{self.letters} dead letters: {wrong}"
        )


async def try_everything(platform: Platform, seed: int, kills: int, account: Account) -> None:
    """So many kills, in legs; adds to the account what the whole history of the platform comes to."""
    publisher = Publisher(platform.kafka, platform.history) if platform.kafka else None
    done, last = 0, None
    while done < kills and not account.findings:
        plan = Plan.of(seed + done, platform.names, min(LEG, kills - done))
        load = load_on(platform, seed + done, publisher)
        async with load.running():
            done += await carry_out(plan, platform)
        last, account.findings = await judged(platform)
        console.print(f"  {done:>4} of {kills} kills, {platform.history.totals().total():,} requests so far")
    account.kills += done
    account.requests += platform.history.totals()
    for store in (last.stores if last else {}).values():
        account.events += sum(not row["topic"].endswith(".dead-letters") for row in store["outbox"])
        account.letters += len(store["dead_letters"])


@contextmanager
def separate() -> Generator[Separate]:
    """A process per service on parts of their own."""
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
    """Everything, on both platforms. Returns the exit code."""
    account = Account()
    few = kills // 10
    with separate() as platform:
        console.print(f"A process per service: {kills - few} kills (SEED={seed})")
        await try_everything(platform, seed, kills - few, account)
        _keep(platform, account)
    if few and not account.findings:
        with together() as platform:
            console.print(f"Everything in one process: {few} kills")
            await restart(platform, *platform.names)
            await try_everything(platform, seed, few, account)
            _keep(platform, account)
    for finding in account.findings[:100]:
        console.print(f"  ✗ {finding}")
    console.print(account.line(seed), soft_wrap=True)
    return 1 if account.findings else 0


def _keep(platform: Platform, account: Account) -> None:
    """Where something is wrong, the history is wanted afterwards."""
    if account.findings:
        kept = Path("history.ndjson").absolute()
        kept.write_bytes(platform.history.path.read_bytes())
        console.print(f"The history is in {kept}.")


if __name__ == "__main__":
    chosen = int(os.environ.get("SEED", "") or random.randrange(1_000_000))
    sys.exit(asyncio.run(main(chosen, int(os.environ.get("KILLS", "") or 300))))
