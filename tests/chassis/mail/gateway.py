"""A real SMS gateway on loopback: an HTTP server with the answers that a test wants."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.chassis.runtime.settings import Settings
from services.chassis.testing import quiet_settings


@dataclass(frozen=True)
class Answer:
    """How the gateway answers one request. `status` 0: it closes the connection; `slow`: it never answers."""

    status: int
    headers: Sequence[str] = ()
    slow: bool = False
    body: str = "{}"


@dataclass
class Gateway:
    """What the gateway received, and how it answers the next requests; then with 202."""

    port: int = 0
    answers: list[Answer] = field(default_factory=list[Answer])
    heads: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    """The headers of each request, by their names in lower case, and the first line as `request`."""
    bodies: list[str] = field(default_factory=list[str])

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The requests' fields."""
        return [json.loads(body) for body in self.bodies]

    def settings(self, folder: Path, **more: Any) -> Settings:
        """The settings of a process that sends through this gateway."""
        return quiet_settings(folder, sms_url=f"http://127.0.0.1:{self.port}/messages", sms_from="Cefo", **more)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while await self._answered(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        head = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        self.heads.append(head | {"request": first})
        self.bodies.append((await reader.readexactly(int(head["content-length"]))).decode())
        answer = self.answers.pop(0) if self.answers else Answer(202)
        if answer.slow:
            await asyncio.sleep(60)
        if not answer.status:
            return False
        length = f"Content-Length: {len(answer.body.encode())}"
        lines = [f"HTTP/1.1 {answer.status} Said", length, *answer.headers, "", answer.body]
        writer.write("\r\n".join(lines).encode())
        await writer.drain()
        return True


@asynccontextmanager
async def sms_gateway() -> AsyncGenerator[Gateway]:
    """The gateway, until the block ends."""
    gateway = Gateway()
    tasks = set[asyncio.Task[None]]()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(gateway.handle(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    gateway.port = listening.sockets[0].getsockname()[1]
    try:
        yield gateway
    finally:
        listening.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
