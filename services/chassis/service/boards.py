"""Boards that many watch at once: read once after each change, however many streams show them.

A board has one reader while at least one stream is open on it. The reader makes an edition after each change; changes
during its reading, or within `PAUSE_SECONDS`, make one more edition together. A stream waits for the latest edition
alone: one whose client is slow skips some, and delays nobody.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from typing import Any, TypeVar

from services.chassis.refusals import Refused
from services.chassis.runtime import live
from services.chassis.runtime.live import Live
from services.chassis.runtime.telemetry import log
from services.chassis.storage.errors import is_unavailable
from services.chassis.storage.store import Store

PAUSE_SECONDS = 0.05
"""After an edition, how long a board is not read again."""

Holds = Callable[[], Awaitable[bool]]
Made = TypeVar("Made")
_log = log(__name__)


@dataclass(frozen=True)
class Board:
    """What is watched, the same for all who watch it: equal boards share one reader.

    `name`: after which hints it is read again. `read` takes a session and `arguments`, which are hashable. It is no
    closure and knows no reader's language; what of a board is a reader's own is chosen from what it returns.
    """

    name: str
    template: str
    read: Callable[..., Awaitable[dict[str, Any]]]
    arguments: tuple[Any, ...] = ()


class Edition:
    """A board as it was read once, and what was made from it, each kind when it was first wanted."""

    def __init__(self, number: int, found: dict[str, Any]) -> None:
        self.number = number
        self.found = found
        self._made: dict[Hashable, Any] = {}

    def make(self, kind: Hashable, act: Callable[[], Made]) -> Made:
        """What `act` makes, once for all who want this kind."""
        if kind not in self._made:
            self._made[kind] = act()
        return self._made[kind]


class Boards:
    """The boards of one service that are watched in this process."""

    def __init__(self, store: Store, hints: Live) -> None:
        self._store = store
        self._hints = hints
        self._readers: dict[Board, _Reader] = {}

    async def editions(self, board: Board, holds: Holds) -> AsyncGenerator[Edition]:
        """Yields an edition that is read after the call, then the latest after each change.

        Ends when `holds` answers False: asked before each yield, and every `HOLD_SECONDS` in between. Ends too when the
        process stops, and when the board cannot be read.
        """
        reader = self._readers.get(board)
        if reader is None:
            reader = self._readers[board] = _Reader(self._store, self._hints, board, self._readers)
        last = reader.join()
        try:
            while True:
                edition = await reader.newer(last)
                if reader.ended or not await holds():
                    return
                if edition is not None:
                    last = edition.number
                    yield edition
        finally:
            reader.leave()

    async def stop(self) -> None:
        """Wait until no board is being read any more. The hints were closed before."""
        await asyncio.gather(*(reader.task for reader in self._readers.values()), return_exceptions=True)


class _Reader:
    """Reads a board while it is watched."""

    def __init__(self, store: Store, hints: Live, board: Board, readers: dict[Board, "_Reader"]) -> None:
        self.ended = False
        self._store = store
        self._hints = hints
        self._board = board
        self._readers = readers
        self._watching = 0
        self._begun = 0
        """How many readings began."""
        self._latest: Edition | None = None
        self._published = asyncio.Event()
        self._hint = asyncio.Event()
        # In no request's context: neither its language nor its trace.
        self.task = asyncio.create_task(self._run(), name=f"board {board.name}", context=Context())

    def join(self) -> int:
        """One more stream. Returns the number of the last edition that may be older than the call."""
        self._watching += 1
        self._hint.set()
        return self._begun

    def leave(self) -> None:
        """One stream fewer. Without any, the reader ends."""
        self._watching -= 1
        if not self._watching:
            self._hint.set()

    async def newer(self, than: int) -> Edition | None:
        """The latest edition when it is newer than this one. None: not within `HOLD_SECONDS`, or the reader ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(live.HOLD_SECONDS):
                while not self.ended:
                    if self._latest is not None and self._latest.number > than:
                        return self._latest
                    await self._published.wait()
        return None

    async def _run(self) -> None:
        try:
            with self._hints.listening(self._board.name, self._hint):
                while self._watching and not self._hints.closing.is_set():
                    self._hint.clear()
                    self._begun += 1
                    self._publish(Edition(self._begun, await self._read()))
                    await asyncio.sleep(PAUSE_SECONDS)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(live.REFRESH):
                            await self._hint.wait()
        except Exception as error:
            # The streams end and their clients connect again: to a new reader.
            if not (isinstance(error, Refused) or is_unavailable(error)):
                _log.exception("a board could not be read", board=self._board.name, error=repr(error))
        finally:
            self.ended = True
            del self._readers[self._board]
            self._publish(None)

    async def _read(self) -> dict[str, Any]:
        async with self._store.read() as session:
            return await self._board.read(session, *self._board.arguments)

    def _publish(self, edition: Edition | None) -> None:
        """Wake every stream that waits."""
        self._latest = edition
        self._published.set()
        self._published = asyncio.Event()
