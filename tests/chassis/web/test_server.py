"""The bounds of the HTTP server itself, tried with raw sockets: large headers, slow and silent connections."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from services.chassis.runtime.settings import Settings
from services.chassis.web.server import UNREAD, http_server
from services.launcher.ports import free_ports

SECONDS = 0.5
"""The limit in these tests; connections are looked at once a second."""
GET = b"GET / HTTP/1.1\r\nHost: cefo\r\n"
POST = b"POST / HTTP/1.1\r\nHost: cefo\r\n"


async def answer(request: Request) -> Response:
    """The number of the body's bytes."""
    return PlainTextResponse(str(len(await request.body())))


async def early(request: Request) -> Response:
    """Before the body is read."""
    return PlainTextResponse("no")


async def slowly_read(request: Request) -> Response:
    """A process that is busy with each part of the body, as an import is."""
    async for _ in request.stream():
        await asyncio.sleep(0.3)
    return PlainTextResponse("read")


async def endless(request: Request) -> Response:
    """More than any buffer holds."""

    async def parts() -> AsyncGenerator[bytes]:
        while True:
            yield b"x" * 65_536
            await asyncio.sleep(0)

    return StreamingResponse(parts())


APP = Starlette(
    routes=[
        Route("/", answer, methods=["GET", "POST"]),
        Route("/early", early, methods=["POST"]),
        Route("/import", slowly_read, methods=["POST"]),
        Route("/endless", endless),
    ]
)


@asynccontextmanager
async def serving() -> AsyncGenerator[int]:
    (port,) = free_ports(1)
    server = http_server(APP, Settings(request_seconds=SECONDS), "127.0.0.1", port, lifespan="off")
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
        await asyncio.sleep(0.02)
    try:
        yield port
    finally:
        server.should_exit = True
        await running


@pytest.fixture
async def port() -> AsyncGenerator[int]:
    async with serving() as found:
        yield found


async def sent(port: int, *parts: bytes, pause: float = 0) -> bytes:
    """Send these parts, and read until the server closes the connection, or for eight seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = b""
    try:
        async with asyncio.timeout(8):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
            while part := await reader.read(65_536):
                got += part
    except ConnectionError:
        pass
    except TimeoutError:
        got += b"<open>"
    finally:
        writer.close()
    return got


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(GET + b"X: " + b"x" * 70_000 + b"\r\n\r\n", 431, id="one large field"),
        pytest.param(GET + b"".join(b"X-%d: x\r\n" % n for n in range(201)) + b"\r\n", 431, id="many fields"),
        pytest.param(GET.replace(b"/ ", b"/" + b"x" * 8192 + b" ") + b"\r\n", 414, id="a long address"),
        pytest.param(b"GET / HTTP/1.1\r\n\x00\r\n\r\n", 400, id="no HTTP"),
    ],
)
async def test_a_header_that_is_too_large_is_refused_and_the_connection_closed(
    port: int, request_: bytes, status: int
) -> None:
    for size in (len(request_), 10_000):  # in one piece, and in several
        parts = [request_[start : start + size] for start in range(0, len(request_), size)]
        got = await sent(port, *parts, pause=0.001)
        assert got.startswith(b"HTTP/1.1 %d " % status), got
        assert not got.endswith(b"<open>")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b"1\r\nx\r\n0\r\nX: ", b"\r\n\r\n", id="trailer"),
        pytest.param(b"1;", b"\r\nx\r\n0\r\n\r\n", id="chunk extension"),
    ],
)
async def test_what_frames_a_body_is_bounded_too(port: int, before: bytes, after: bytes) -> None:
    head = POST.replace(b"/ ", b"/import ") + b"Transfer-Encoding: chunked\r\n\r\n"
    got = await sent(port, head + before, *[b"x" * 50_000] * 8, after, pause=0.01)
    assert got == b"" or got.startswith(b"HTTP/1.1 431 "), "closed, or refused"


async def test_an_endless_header_does_not_hold_other_requests_up(port: int) -> None:
    _reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET + b"X: ")
    started, written = time.monotonic(), 0
    with contextlib.suppress(ConnectionError):
        while written < 60 * 2**20:
            writer.write(b"x" * 65_536)
            await writer.drain()
            written += 65_536
    assert written < 8 * 2**20, "the server closes the connection"
    assert (await sent(port, GET + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 200")
    assert time.monotonic() - started < 2
    writer.close()


async def test_what_is_within_the_bounds_is_answered(port: int) -> None:
    end = b"Connection: close\r\n\r\n"
    assert b"200" in await sent(port, GET + b"X: " + b"x" * 60_000 + b"\r\n" + end)
    body = b"x" * 300_000
    assert (await sent(port, POST + b"Content-Length: 300000\r\n" + end + body)).endswith(b"300000")
    chunks = b"".join(b"3\r\nabc\r\n" for _ in range(30_000)) + b"0\r\n\r\n"
    assert (await sent(port, POST + b"Transfer-Encoding: chunked\r\n" + end + chunks)).endswith(b"90000")
    requests = (GET + b"\r\n") * 3000 + GET + end
    assert (await sent(port, requests)).count(b"HTTP/1.1 200") == 3001


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([], id="nothing"),
        pytest.param([b"G"], id="half a line"),
        pytest.param([GET, *[b"X: x\r\n"] * 12], id="a header, field by field"),
        pytest.param([POST + b"Content-Length: 100000\r\n\r\n", *[b"x"] * 12], id="a body, byte by byte"),
        pytest.param([POST.replace(b"/ ", b"/early ") + b"Content-Length: 9\r\n\r\n"], id="answered, and no body"),
        pytest.param([GET + b"\r\n", b"G"], id="half a second request"),
    ],
)
async def test_a_connection_that_stalls_is_closed(port: int, parts: list[bytes]) -> None:
    assert not (await sent(port, *parts, pause=0.2)).endswith(b"<open>")


async def test_a_body_that_makes_progress_may_take_its_time(port: int) -> None:
    head = POST + b"Connection: close\r\nContent-Length: 40000\r\n\r\n"
    assert (await sent(port, head, *[b"x" * 4000] * 10, pause=0.2)).endswith(b"40000")


async def test_a_client_does_not_pay_for_a_process_that_reads_slowly(port: int) -> None:
    head = POST.replace(b"/ ", b"/import ") + b"Connection: close\r\nContent-Length: 524288\r\n\r\n"
    assert (await sent(port, head, b"x" * 524_288)).endswith(b"read")


async def test_a_response_that_is_not_read_ends(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(GET.replace(b"/ ", b"/endless ") + b"\r\n")
    await asyncio.sleep(UNREAD * SECONDS + 1.5)
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(5):
            while await reader.read(65_536):
                pass
    writer.close()


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n"


@pytest.mark.parametrize("body", [b"Content-Length: 5\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"])
async def test_a_body_that_an_offer_of_another_protocol_would_lose_is_refused(port: int, body: bytes) -> None:
    got = await sent(port, POST + OFFER + body)
    assert got.startswith(b"HTTP/1.1 501 "), got
    assert not got.endswith(b"<open>")


async def test_an_offer_of_another_protocol_without_a_body_is_ignored(port: int) -> None:
    got = await sent(port, GET + OFFER.replace(b"Upgrade,", b"close, Upgrade,") + b"\r\n")
    assert got.startswith(b"HTTP/1.1 200 "), got


async def test_a_tunnel_is_not_opened(port: int) -> None:
    got = await sent(port, b"CONNECT cefo:1 HTTP/1.1\r\nHost: cefo\r\nConnection: close\r\n\r\n")
    assert not got.startswith(b"HTTP/1.1 2"), got
    assert (await sent(port, GET + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 200")
