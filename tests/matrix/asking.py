"""One request to a process, without a network: whole answers, and the beginning of a stream."""

import asyncio
from contextlib import suppress
from ipaddress import ip_network
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from services.chassis.testing import ORIGIN
from services.chassis.web.app import Process

_ADDRESSES = ip_network("10.0.0.0/8").hosts()
"""One for each request: limits by address are not what is tested."""


class Answer(NamedTuple):
    """What the caller gets. `text`: of a stream, what it sends first."""

    status: int
    headers: dict[str, str]
    text: str


async def ask(process: Process, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    """Send one request. A stream is left after its first event."""
    path, query = urlsplit(target).path, urlsplit(target).query
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [
            (b"host", urlsplit(ORIGIN).netloc.encode()),
            (b"content-length", str(len(body)).encode()),
            *((name.encode(), value.encode()) for name, value in headers.items()),
        ],
        "client": (str(next(_ADDRESSES)), 1),
        "server": ("testserver", 80),
    }
    given = [{"type": "http.request", "body": body, "more_body": False}]
    begun: dict[str, Any] = {"status": 500, "headers": []}
    parts: list[bytes] = []
    enough = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if given:
            return given.pop()
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            begun.update(message)
        else:
            parts.append(message.get("body", b""))
            if b"data:" in parts[-1] or not message.get("more_body"):
                enough.set()

    async with asyncio.timeout(10):
        with suppress(Exception):  # the framework raises again what it has answered with 500
            await process(scope, receive, send)
    answered = {name.decode().lower(): value.decode() for name, value in begun["headers"]}
    return Answer(begun["status"], answered, b"".join(parts).decode("utf-8", "replace"))
