"""Group commit: concurrent requests share one unit of work, with one commit and one round trip per statement.

::

    visit = await running.group_commit(actions.check_in_all).request(Arrival(...))

A bulk action takes several items and returns for each a result, or a refusal for which it wrote nothing. An item that
arrives during a unit of work waits for the next one; without concurrent requests there is no wait. Results are returned
after the commit. If the shared unit of work fails, each item is processed in its own unit of work, so that one item's
error does not affect the others; that one is retried on a conflict with another process.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from services.chassis.refusals import Refused
from services.chassis.storage.errors import retry_on_conflict
from services.chassis.storage.store import Store, Work

Item = TypeVar("Item")
Result = TypeVar("Result")
BulkAction = Callable[[Work, Sequence[Item]], Awaitable[Sequence[Result | Refused]]]

MAX_REQUESTS = 100
"""Most items in one unit of work."""


class GroupCommit(Generic[Item, Result]):
    """One bulk action of one store."""

    def __init__(self, store: Store, act: BulkAction[Item, Result]) -> None:
        self._store = store
        self._act = act
        self._queue: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def request(self, item: Item) -> Result:
        """The item's committed result. Raises its refusal or the error; then it changed nothing."""
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.append((item, answer))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._process_queue())
        return await answer

    async def _process_queue(self) -> None:
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), MAX_REQUESTS))]
            try:
                await self._process(batch)
            finally:
                # Futures are still pending only if the process is stopping: their requests get no result.
                for _, answer in batch:
                    answer.cancel()

    async def _process(self, batch: "list[tuple[Item, asyncio.Future[Result]]]") -> None:
        async def once() -> Sequence[Result | Refused]:
            async with self._store.work() as work:
                return await self._act(work, [item for item, _ in batch])

        try:
            done = await (retry_on_conflict(once) if len(batch) == 1 else once())
        except Exception as error:
            if len(batch) == 1:
                return _answer(batch[0][1], error)
            for one in batch:
                await self._process([one])
            return
        for (_, answer), result in zip(batch, done, strict=True):
            _answer(answer, result)


def _answer(answer: "asyncio.Future[Result]", result: Result | Exception) -> None:
    """Resolve the future, unless its request was cancelled."""
    if answer.done():
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
