"""Asks an address that a person entered, and takes no more of the answer than was agreed.

The name is resolved once; every address behind it is checked, and one of those that were checked is connected to, so
that a name which stands for another address a moment later changes nothing. The certificate is that of the name.
There is no proxy, no redirect, no cookie, no password, and no compression, whatever the environment says.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpcore2

from services.chassis.egress.addresses import EgressRefused, Refusal, is_public, target_of

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""All addresses of a name. Raises `OSError`."""


_NO_ANSWER = (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is agreed to at most. `seconds`: for all of it, from the name to the last byte."""

    seconds: float = 20.0
    body: int = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered. `body` None: what the caller has already (304). `headers`: by their names in lower case."""

    body: bytes | None
    headers: Mapping[str, str]


async def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, as the machine resolves it. Raises `OSError`."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


@cache
def _certificates() -> ssl.SSLContext:
    """The certificate authorities of the machine, read once."""
    return ssl.create_default_context()


class GuardedClient:
    """Asks public addresses alone. `hosts`, `ports`: as `target_of` takes them.

    `resolver`, `context` and `trusted` are for tests: they ask a server of their own, on an address of this machine.
    """

    def __init__(
        self,
        *,
        hosts: Collection[str] = (),
        ports: Collection[int] = (443,),
        limits: Limits | None = None,
        resolver: Resolver = resolve,
        context: ssl.SSLContext | None = None,
        trusted: Collection[str] = (),
    ) -> None:
        self._hosts = hosts
        self._ports = ports
        self._limits = limits or Limits()
        self._resolver = resolver
        self._context = context
        self._trusted = frozenset(trusted)

    async def get(self, address: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Read what stands at an address. Raises `EgressRefused`."""
        target = target_of(address, hosts=self._hosts, ports=self._ports)
        try:
            async with asyncio.timeout(self._limits.seconds):
                checked = await self._checked(target.host, target.port)
                return await self._ask(target.url, checked, headers or {})
        except (TimeoutError, httpcore2.TimeoutException) as error:
            raise EgressRefused(Refusal.TIMEOUT) from error
        except (*_NO_ANSWER, OSError, ValueError, TypeError) as error:
            raise EgressRefused(Refusal.NO_CONNECTION) from error

    async def _checked(self, host: str, port: int) -> list[str]:
        """The addresses of a name, all of which are public. Raises `EgressRefused`."""
        try:
            found = list(dict.fromkeys(await self._resolver(host, port)))
        except (OSError, UnicodeError) as error:
            raise EgressRefused(Refusal.NO_SUCH_HOST) from error
        if not found:
            raise EgressRefused(Refusal.NO_SUCH_HOST)
        if not all(one in self._trusted or is_public(one) for one in found):
            raise EgressRefused(Refusal.NOT_PUBLIC)
        return found

    async def _ask(self, url: str, addresses: Sequence[str], headers: Mapping[str, str]) -> Answer:
        sent = {"Accept-Encoding": "identity", "User-Agent": "cefo"} | dict(headers)
        seconds = self._limits.seconds
        timeouts = {"connect": seconds / (len(addresses) + 1), "read": seconds, "write": seconds, "pool": seconds}
        context = self._context or _certificates()
        pool = httpcore2.AsyncConnectionPool(ssl_context=context, network_backend=_Pinned(addresses))
        async with (
            pool,
            pool.stream("GET", url, headers=_as_bytes(sent), extensions={"timeout": timeouts}) as answer,
        ):
            found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
            _check_status(answer.status)
            if answer.status == 304:
                return Answer(None, found)
            if found.get("content-encoding", "identity").strip().lower() != "identity":
                raise EgressRefused(Refusal.COMPRESSED)
            return Answer(await self._body(answer), found)

    async def _body(self, answer: httpcore2.Response) -> bytes:
        body = bytearray()
        async with aclosing(answer.aiter_stream()) as parts:
            async for part in parts:
                body += part
                if len(body) > self._limits.body:
                    raise EgressRefused(Refusal.TOO_LARGE)
        return bytes(body)


def _as_bytes(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as they are sent: what an answer gave as a header, such as an ETag, goes back as it came."""
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]


def _check_status(status: int) -> None:
    """Raises `EgressRefused`: a redirect could lead anywhere. Its refusal names it: its address can be entered."""
    if status in (301, 302, 303, 307, 308):
        raise EgressRefused(Refusal.REDIRECTED, status)
    if status not in (200, 304):
        raise EgressRefused(Refusal.STATUS, status)


class _Pinned(httpcore2.AsyncNetworkBackend):
    """Connects to the addresses that were checked, whatever the name stands for by then."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses
        self._real: Any = httpcore2.AnyIOBackend()  # its types depend on what is installed

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the library names it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to the first address that takes one in `timeout` seconds."""
        for address in self._addresses[:-1]:
            try:
                return await self._real.connect_tcp(address, port, timeout, None, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._real.connect_tcp(self._addresses[-1], port, timeout, None, socket_options)

    async def sleep(self, seconds: float) -> None:
        """As the real one."""
        await self._real.sleep(seconds)
