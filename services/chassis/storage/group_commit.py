"""Requests that come at the same moment share one unit of work: one commit, one round trip for each kind of statement.

::

    visit = await running.together(actions.check_in_all).ask(Arrival(...))

A bulk action takes what several people asked and answers each with a result or with a refusal, for which it wrote
nothing. Whoever asks while a unit of work is under way waits for the next one, so nobody waits when nobody else asks.
Each is answered after the commit. When the shared work fails as a whole, each is done again in a work of its own, and
nobody pays for another's fault; and once more when another process was faster with the same row, which it then finds.
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
"""How many share one unit of work at most."""


class GroupCommit(Generic[Item, Result]):
    """One bulk action of one store."""

    def __init__(self, store: Store, act: BulkAction[Item, Result]) -> None:
        self._store = store
        self._act = act
        self._queue: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def request(self, item: Item) -> Result:
        """What became of it, committed. Raises its refusal, or what failed; then it changed nothing."""
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
                # Only a process that stops leaves an answer open: then nobody is told that it was done.
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
    """Tell whoever still waits for it."""
    if answer.done():
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
