"""A TCP proxy that can cut or refuse connections, or drop bytes in one direction."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from services.launcher.ports import free_ports


class Proxy:
    """Listens on `port` and forwards bytes to `target` and back, in its own thread."""

    def __init__(self, target: int) -> None:
        self.port = free_ports(1)[0]
        self.dropped = 0
        """How many bytes were dropped."""
        self._target = target
        self._forwards = {"there": True, "back": True}
        self._refuses = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def drop(self, *, there: bool = True, back: bool = True) -> None:
        """From now on drop bytes of these directions, without an error."""
        self._forwards = {"there": not there, "back": not back}

    def refuse(self) -> None:
        """From now on close every connection, as a server does that is gone."""
        self._refuses = True
        self._do(self._cut())

    def restore(self) -> None:
        """Forward again. Open connections are cut, as bytes are missing in them."""
        self._forwards = {"there": True, "back": True}
        self._refuses = False
        self._do(self._cut())

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(20)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, far_writer}
        await asyncio.gather(self._forward(reader, far_writer, "there"), self._forward(far_reader, writer, "back"))
        self._writers -= {writer, far_writer}

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str) -> None:
        with contextlib.suppress(OSError):
            while some := await reader.read(65536):
                if self._forwards[way]:
                    writer.write(some)
                    await writer.drain()
                else:
                    self.dropped += len(some)
        writer.close()

    async def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _end(self) -> None:
        self._server.close()
        await self._cut()
        while self._writers:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
