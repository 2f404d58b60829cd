"""A load client that is never the bottleneck: HTTP/1.1 over kept connections, bytes in, status and body out.

The same client is used for ours and the comparator. It sends about 20,000 requests/s to an empty endpoint.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request, and its duration in seconds."""

    status: int
    body: bytes
    seconds: float


@dataclass(slots=True)
class Load:
    """The answers to all requests, and the total duration in seconds."""

    answers: list[Answer] = field(default_factory=list[Answer])
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """Requests answered per second."""
        return len(self.answers) / self.seconds


def request(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """One request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{k}: {v}" for k, v in (headers or {}).items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def send_all(port: int, requests: list[bytes], clients: int) -> Load:
    """Send all requests with so many clients; each sends its next request when it has an answer."""
    load, left = Load(), iter(requests)
    connections = [await Connection.open(port) for _ in range(clients)]
    started = perf_counter()
    await asyncio.gather(*(_send(connection, left, load) for connection in connections))
    load.seconds = perf_counter() - started
    for connection in connections:
        connection.close()
    return load


async def _send(connection: "Connection", left: Iterator[bytes], load: Load) -> None:
    for one in left:
        load.answers.append(await connection.send(one))


class Connection(asyncio.Protocol):
    """One kept connection, one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: asyncio.Future[Answer] | None = None
        self._sent_at = 0.0

    @classmethod
    async def open(cls, port: int) -> "Connection":
        """A connection to this port of loopback."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    async def send(self, request: bytes) -> Answer:
        """Send the request and wait for its answer."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._sent_at = perf_counter()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of the protocol."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of the protocol: a pending request fails."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        """Part of the protocol: an answer, or a piece of one. All answers here have a Content-Length."""
        self._received += data
        head_end = self._received.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self._received[:head_end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        end = head_end + 4 + length
        if len(self._received) < end:
            return
        body, self._received = self._received[head_end + 4 : end], self._received[end:]
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(int(head[9:12]), body, perf_counter() - self._sent_at))
