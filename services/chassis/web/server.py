"""The HTTP server of a process, uvicorn, with bounds on the size of headers and on slow connections.

A reverse proxy has such bounds too; these hold without one, and on the port behind it.
"""

import asyncio
from http import HTTPStatus
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.chassis.runtime.settings import Settings

HEADER_BYTES = 65_536
"""Most bytes of a request's line and header, of a trailer, or of what frames the chunks of a body."""
TARGET_BYTES = 8192
"""Most bytes of the address in a request's line."""
HEADERS = 200
"""Most fields of a header."""
BODY_BYTES = 1024
"""A body that brings less than this in `CEFO_REQUEST_SECONDS` makes no progress."""
UNREAD = 3
"""After so many times `CEFO_REQUEST_SECONDS`, a connection is closed whose reader takes nothing of the response."""


class HeaderRefused(Exception):
    """A header is too large, or offers what is not supported. `status` says which."""

    def __init__(self, status: HTTPStatus) -> None:
        self.status = status


class BoundedProtocol(HttpToolsProtocol):
    """One connection. uvicorn's parser has no bounds: it keeps a header of any size, for any time.

    Each chunk costs two additions; all else happens at the end of a header, once a second, or for who sends too much.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """A header is awaited from now on."""
        super().connection_made(transport)
        self._waiting_since: float | None = self.loop.time()
        """Since when a header is incomplete, or a body made no progress. None: nothing is awaited from the client."""
        self._unread_since: float | None = None
        self._in_body = False
        self._received = self._received_before = 0
        self._overhead = 0
        """Bytes of this request that are not of its body, less twice those of its body."""
        self._refusal = HTTPStatus.BAD_REQUEST

    def data_received(self, data: bytes) -> None:
        """Parse, then refuse a header that is incomplete and already too large."""
        if self._waiting_since is None:
            self._waiting_since = self.loop.time()
        self._received += len(data)
        self._overhead += len(data)
        super().data_received(data)
        if self._overhead > HEADER_BYTES and not self.transport.is_closing():
            self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self.send_400_response("")

    def on_headers_complete(self) -> None:
        """Refuse a header that came too large in one piece, and a body that an offer of another protocol would lose.

        Raises `HeaderRefused`, which the parser reports.
        """
        if len(self.url) > TARGET_BYTES:
            self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG)
        if len(self.headers) > HEADERS or (
            self._overhead > HEADER_BYTES and sum(len(name) + len(value) for name, value in self.headers) > HEADER_BYTES
        ):
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        parser: Any = self.parser
        if parser.should_upgrade() and any(self._brings_body(*field) for field in self.headers):
            # As Java's client offers HTTP/2 on plain HTTP: the parser stops here (Kludex/uvicorn#2722).
            self._refuse(HTTPStatus.NOT_IMPLEMENTED)
        self._in_body, self._waiting_since = True, self.loop.time()
        self._received_before = self._received
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A chunk of the body: it may bring as many bytes of framing."""
        self._overhead = max(0, self._overhead - 2 * len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request was read."""
        self._in_body, self._waiting_since, self._overhead = False, None, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that cannot be read, and close the connection. Not into the middle of another response."""
        if self.pipeline or self._is_answering():
            self.transport.abort()
            return
        status = self._refusal
        body = b'{"type":"about:blank","title":"%s","status":%d}' % (status.phrase.encode(), status)
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def pause_writing(self) -> None:
        """The client reads more slowly than the response is written."""
        self._unread_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client read on."""
        self._unread_since = None
        super().resume_writing()

    def is_stalled(self, now: float, seconds: float) -> bool:
        """Whether the client lets the process wait for too long. `now`: the loop's time. Called once a second."""
        if self._unread_since is not None:
            return now - self._unread_since > UNREAD * seconds
        if self._waiting_since is None or now - self._waiting_since <= seconds:
            return False
        if not self._in_body:
            return not self.flow.read_paused
        if self.cycle.response_complete:
            return True  # the rest of a body that was already answered
        may_wait = self.flow.read_paused or self.cycle.waiting_for_100_continue
        if not may_wait and self._received - self._received_before < BODY_BYTES:
            return True
        self._waiting_since, self._received_before = now, self._received
        return False

    def _is_answering(self) -> bool:
        cycle: Any = self.cycle  # None before the first request; uvicorn's type does not say so
        return cycle is not None and cycle.response_started and not cycle.response_complete

    @staticmethod
    def _brings_body(name: bytes, value: bytes) -> bool:
        return name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0")

    def _refuse(self, status: HTTPStatus) -> None:
        self._refusal = status
        raise HeaderRefused(status)


class HttpServer(uvicorn.Server):
    """Closes connections that stall."""

    def __init__(self, config: uvicorn.Config, request_seconds: float) -> None:
        super().__init__(config)
        self._request_seconds = request_seconds

    async def on_tick(self, counter: int) -> bool:
        """uvicorn calls this ten times a second."""
        if counter % 10 == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, BoundedProtocol) and connection.is_stalled(now, self._request_seconds):
                    connection.transport.abort()
        return await super().on_tick(counter)


def http_server(app: ASGIApp, settings: Settings, host: str, port: int, **more: Any) -> HttpServer:
    """The server of a process. `more`: further settings of uvicorn."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BoundedProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=list(settings.proxies),
        **more,
    )
    return HttpServer(config, settings.request_seconds)
