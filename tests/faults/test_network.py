"""Connections that lose everything, or only the answers: to the platform, the database and the broker."""

import asyncio
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.launcher.kafka import ApacheKafka
from services.launcher.ports import free_ports
from tests.faults.conftest import separate_on
from tests.faults.history import Answer
from tests.faults.platforms import Separate, assert_consistent, load_on
from tests.faults.proxy import Proxy
from tests.faults.topics import Publisher
from tests.parts.fixtures import folder, postgres_in
from tests.parts.presence import KAFKA
from tests.parts.redis import RedisServer

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(600)]

BROKEN_FOR = 4.0
"""Seconds for which a connection is broken: longer than any retry delay, shorter than a consumer's session."""


class KafkaBehindProxy(ApacheKafka):
    """A broker that advertises this port to its clients."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._advertised = port

    def _write_settings(self, number: int) -> None:
        super()._write_settings(number)
        file = self._home(number) / "server.properties"
        listeners = f"advertised.listeners=CLIENT://127.0.0.1:{self._advertised}"
        lines = [listeners if line.startswith("advertised.") else line for line in file.read_text().splitlines()]
        file.write_text("\n".join(lines) + "\n")


@dataclass(frozen=True, slots=True)
class ProxiedPlatform:
    """A platform, and the proxies in front of it and its servers."""

    platform: Separate
    proxies: dict[str, Proxy]


@pytest.fixture(scope="module")
def proxied(own_redis: RedisServer) -> Generator[ProxiedPlatform]:
    """A separate platform, with a proxy in front of it, its broker and its store."""
    broker_port = free_ports(1)[0]
    with (
        folder("faults-proxied") as place,
        Proxy(broker_port) as to_broker,
        KafkaBehindProxy(to_broker.port) as cluster,
    ):
        (place / "postgres").mkdir(mode=0o755)
        with KAFKA.starting():
            cluster.start(1, place / "kafka", broker_port)
        with postgres_in(place / "postgres") as server, Proxy(server.port) as to_store:
            yield from _platform(place / "platform", to_broker, to_store, own_redis)


def _platform(place: Path, to_broker: Proxy, to_store: Proxy, redis: RedisServer) -> Generator[ProxiedPlatform]:
    place.mkdir()
    kafka, store = f"127.0.0.1:{to_broker.port}", f"postgresql://postgres@127.0.0.1:{to_store.port}"
    with separate_on(place, kafka, store, redis.url) as platform, Proxy(platform.stack.port) as to_platform:
        yield ProxiedPlatform(platform, {"platform": to_platform, "store": to_store, "broker": to_broker})


@pytest.mark.parametrize("to", ["platform", "store", "broker"])
async def test_what_a_connection_loses_is_requested_or_sent_again(proxied: ProxiedPlatform, to: str, seed: int) -> None:
    """First everything is lost, then only the answers: requests take effect, but their answers are lost."""
    proxy = proxied.proxies[to]
    platform = proxied.platform
    url = f"http://127.0.0.1:{proxied.proxies['platform'].port}"
    load = load_on(platform, seed, Publisher(platform.stack.kafka, platform.history), url=url)
    dropped = proxy.dropped
    async with load.running():
        for there in (True, False):
            await load.until(4, seconds=120)
            proxy.drop(there=there)
            await asyncio.sleep(BROKEN_FOR)
            async with asyncio.timeout(60):  # if nothing was dropped, the fault did not happen
                while proxy.dropped <= dropped:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            dropped = proxy.dropped
            proxy.restore()
        await load.until(6, seconds=120)
    await assert_consistent(platform)
    if to == "platform":
        assert platform.history.totals()[Answer.UNKNOWN] > 0
