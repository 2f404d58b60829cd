"""Publishes "board changed" hints to open pages: in this process directly, to other replicas through Redis.

A hint carries no data; the page reads its board from the store. A lost hint delays a board by at most `REFRESH`
seconds.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Mapping
from types import MappingProxyType
from typing import Any, cast
from uuid import uuid4

import orjson
import stamina
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.chassis.runtime.telemetry import log

REFRESH = 15.0
"""Seconds after which a board is read again without a hint."""

HOLD_SECONDS = 2.0
"""Seconds after which an open stream asks again whether it may go on."""

BATCH_SECONDS = 0.1
"""Seconds for which hints to other replicas are collected before the next publish."""

RETRY_SECONDS = 2.0
"""Pause before a retry after a Redis failure, in seconds."""

_log = log(__name__)


class Live:
    """The hints of one process. From Redis it receives those of its own services only."""

    def __init__(
        self,
        redis_url: str | None = None,
        services: Iterable[str] = ("",),
        redis_options: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._listeners: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._watchers = defaultdict[str, list[Callable[[str], None]]](list)
        self._self = uuid4().hex
        self._channels = [channel_of(service) for service in services]
        self._outgoing = defaultdict[str, set[str]](set)
        self._wake = asyncio.Event()
        # Without driver_info: the client would send a command that its user may not use.
        options: dict[str, Any] = {"socket_connect_timeout": 2, "driver_info": None, **redis_options}
        self.redis = Redis.from_url(redis_url, **options) if redis_url else None
        """The client of Redis, which the limits of requests share."""
        self.closing = asyncio.Event()
        """Set when the process stops; ends all streams."""

    def changed(self, boards: set[str], service: str = "") -> None:
        """Notify open pages that these boards of a service changed."""
        self._notify(boards)
        if self.redis is not None:
            self._outgoing[channel_of(service)] |= boards
            self._wake.set()

    def watch(self, kind: str, notice: Callable[[str], None]) -> None:
        """Call `notice` with the rest of the name of each board that changes and whose name begins with `kind/`."""
        self._watchers[kind].append(notice)

    def _notify(self, boards: set[str]) -> None:
        for board in boards:
            for listener in self._listeners.get(board, ()):
                listener.set()
            kind, slash, rest = board.partition("/")
            for notice in self._watchers.get(kind, ()) if slash else ():
                notice(rest)

    async def changes(self, board: str, holds: Callable[[], Awaitable[bool]] | None = None) -> AsyncGenerator[None]:
        """Yields at once, then after each change (changes in between count as one), until the process stops.

        Ends when `holds` answers False: asked before each yield, and every `HOLD_SECONDS` in between.
        """
        hint = asyncio.Event()
        with self.listening(board, hint):
            while not self.closing.is_set() and (holds is None or await holds()):
                hint.clear()
                yield
                if not await self._changed(hint, holds):
                    return

    @contextlib.contextmanager
    def listening(self, board: str, hint: asyncio.Event) -> Generator[None]:
        """Set `hint` after each change of this board, and when the process stops."""
        self._listeners[board].add(hint)
        try:
            yield
        finally:
            self._listeners[board].discard(hint)
            if not self._listeners[board]:
                del self._listeners[board]

    async def _changed(self, hint: asyncio.Event, holds: Callable[[], Awaitable[bool]] | None) -> bool:
        """Wait for a hint, `REFRESH` seconds at most. False: the stream may not go on."""
        end = asyncio.get_running_loop().time() + REFRESH
        while (left := end - asyncio.get_running_loop().time()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left if holds is None else min(left, HOLD_SECONDS)):
                    await hint.wait()
                    return True
            if holds is not None and not await holds():
                return False
        return True

    def close(self) -> None:
        """End every stream."""
        self.closing.set()
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.set()

    async def run(self) -> None:
        """Exchange hints with other replicas until cancelled. Without Redis, their boards refresh every `REFRESH` s."""
        if self.redis is None:
            return
        forever = stamina.retry(
            on=_is_retryable,
            attempts=None,
            timeout=None,
            wait_initial=RETRY_SECONDS,
            wait_max=RETRY_SECONDS,
            wait_jitter=0,
        )
        await asyncio.gather(forever(self._send)(), forever(self._receive)())

    async def _send(self) -> None:
        redis = cast(Any, self.redis)
        while True:
            await self._wake.wait()
            self._wake.clear()
            outgoing, self._outgoing = self._outgoing, defaultdict[str, set[str]](set)
            for channel, boards in outgoing.items():
                await redis.publish(channel, orjson.dumps([self._self, sorted(boards)]))
            await asyncio.sleep(BATCH_SECONDS)

    async def _receive(self) -> None:
        subscription = cast(Any, self.redis).pubsub()
        try:
            await subscription.subscribe(*self._channels)
            async for message in subscription.listen():
                if message["type"] == "message":
                    sender, boards = orjson.loads(message["data"])
                    if sender != self._self:
                        self._notify(set(boards))
        finally:
            with contextlib.suppress(Exception):
                await subscription.aclose()

    async def disconnect(self) -> None:
        """Close the connections to Redis."""
        if self.redis is not None:
            await self.redis.aclose()


def _is_retryable(error: BaseException) -> bool:
    """Every exception except a cancellation: boards of other replicas refresh by time meanwhile."""
    if not isinstance(error, Exception):
        return False  # stamina passes a cancellation too
    if not isinstance(error, RedisError | OSError):
        _log.error("exchange of hints failed", error=repr(error), exc_info=error)
    return True


def channel_of(service: str) -> str:
    """The channel of Redis with the hints of a service."""
    return f"cefo.boards.{service}"
