"""The parts that need no installation: a Kafka broker and a Redis inside this process, on loopback."""

import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from confluent_kafka import Producer

from services.chassis.brokers.backpressure import EmbeddedBackpressure
from services.chassis.storage.store import Store
from services.launcher.child import guard, serve
from services.launcher.ports import free_ports


class EmbeddedKafka:
    """librdkafka's mock cluster: the Kafka protocol in memory, with a bounded window per partition."""

    def __init__(self) -> None:
        self._cluster = cast(Any, Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1, "log_level": 0}))
        broker = next(iter(self._cluster.list_topics(timeout=10).brokers.values()))
        self.bootstrap = f"{broker.host}:{broker.port}"

    def close(self) -> None:
        """End the cluster; what it held is gone, the outboxes have it."""
        self._cluster = None


async def refill(store: Store) -> None:
    """Send again what the last broker may have taken with it before every consumer had it.

    The window keeps consumers at most `Window.LIMIT` records behind, and a relay sends one batch beyond it at most;
    the inboxes absorb what was handled already.
    """
    outbox = store.table("outbox")
    async with store.work() as work:
        newest = await work.session.scalar(sa.select(sa.func.max(outbox.c.seq)).where(outbox.c.sent_at.is_not(None)))
        if newest is not None:
            lost = outbox.c.seq > newest - 2 * EmbeddedBackpressure.LIMIT
            await work.session.execute(sa.update(outbox).where(lost).values(sent_at=None))


class EmbeddedRedis:
    """A `redis-server` from the PATH, else fakeredis' own server; nothing that it holds is missed. It ends with us."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._server: Any = None
        port = free_ports(1)[0]
        self.url = f"redis://127.0.0.1:{port}/0"
        if program := shutil.which("redis-server"):
            options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "/tmp"]  # noqa: S108
            self._process = serve([*guard("TERM"), program, *options], Path(os.devnull))
        else:
            # Brings a Lua interpreter with it: nobody waits for that where a real server is installed.
            from fakeredis import TcpFakeServer  # noqa: PLC0415

            self._server = TcpFakeServer(("127.0.0.1", port))
            threading.Thread(target=self._server.serve_forever, daemon=True, name="fakeredis").start()

    def close(self) -> None:
        """Stop the server that was started here."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(5)
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
