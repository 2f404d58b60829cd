"""Lines that lose everything, or only the answers: between people and the platform, to the database, to the broker."""

import asyncio
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.launcher.kafka import ApacheKafka
from services.launcher.ports import free_ports
from tests.faults.conftest import separate_on
from tests.faults.history import Answer
from tests.faults.platforms import Separate, load_on, verdict
from tests.faults.proxy import Line
from tests.faults.topics import Publisher
from tests.parts.fixtures import folder, postgres_in
from tests.parts.presence import KAFKA
from tests.parts.redis import RedisServer

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(600)]

BROKEN_FOR = 4.0
"""Seconds that a line is broken: longer than any pause, shorter than a consumer's session."""


class KafkaBehindLine(ApacheKafka):
    """A broker that tells its clients to come by this port."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._advertised = port

    def _write_settings(self, number: int) -> None:
        super()._write_settings(number)
        file = self._home(number) / "server.properties"
        told = f"advertised.listeners=CLIENT://127.0.0.1:{self._advertised}"
        lines = [told if line.startswith("advertised.") else line for line in file.read_text().splitlines()]
        file.write_text("\n".join(lines) + "\n")


@dataclass(frozen=True, slots=True)
class Lined:
    """A platform, and the lines to its parts."""

    platform: Separate
    lines: dict[str, Line]


@pytest.fixture(scope="module")
def lined(own_redis: RedisServer) -> Generator[Lined]:
    """A platform of its own, every part of it behind a line."""
    broker_port = free_ports(1)[0]
    with folder("faults-lined") as place, Line(broker_port) as to_broker, KafkaBehindLine(to_broker.port) as cluster:
        (place / "postgres").mkdir(mode=0o755)
        with KAFKA.starting():
            cluster.start(1, place / "kafka", broker_port)
        with postgres_in(place / "postgres") as server, Line(server.port) as to_store:
            yield from _platform(place / "platform", to_broker, to_store, own_redis)


def _platform(place: Path, to_broker: Line, to_store: Line, redis: RedisServer) -> Generator[Lined]:
    place.mkdir()
    kafka, store = f"127.0.0.1:{to_broker.port}", f"postgresql://postgres@127.0.0.1:{to_store.port}"
    with separate_on(place, kafka, store, redis.url) as platform, Line(platform.stack.port) as to_people:
        yield Lined(platform, {"people": to_people, "store": to_store, "broker": to_broker})


@pytest.mark.parametrize("to", ["people", "store", "broker"])
async def test_what_a_line_loses_is_asked_or_sent_again(lined: Lined, to: str, seed: int) -> None:
    """First everything is lost, then only the answers: what was asked has happened, and nobody was told."""
    line = lined.lines[to]
    platform = lined.platform
    url = f"http://127.0.0.1:{lined.lines['people'].port}"
    load = load_on(platform, seed, Publisher(platform.stack.kafka, platform.history), url=url)
    lost = line.lost
    async with load.running():
        for there in (True, False):
            await load.until(4, seconds=120)
            line.lose(there=there)
            await asyncio.sleep(BROKEN_FOR)
            async with asyncio.timeout(60):  # or nothing was lost: then the fault did not happen
                while line.lost <= lost:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            lost = line.lost
            line.mend()
        await load.until(6, seconds=120)
    await verdict(platform)
    if to == "people":
        assert platform.history.totals()[Answer.UNKNOWN] > 0
