"""Serves a process on its own port, for streams and browsers; relay and consumers do not run."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from services.chassis.web.app import Process
from services.chassis.web.server import http_server
from services.launcher.ports import free_ports


@asynccontextmanager
async def served(process: Process, port: int | None = None) -> AsyncGenerator[str]:
    """Its address, for as long as the block lasts. None: a free port."""
    port = port or free_ports(1)[0]
    server = http_server(process, process.settings, "127.0.0.1", port, lifespan="off")
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
        await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.live.close()
        server.should_exit = True
        await running


async def boards_of(answer: httpx2.Response) -> AsyncIterator[str]:
    """The boards that a stream sends, whole."""
    event: list[str] = []
    async for line in answer.aiter_lines():
        if line.startswith("data: "):
            event.append(line[6:])
        elif not line and event:
            yield "\n".join(event)
            event = []
