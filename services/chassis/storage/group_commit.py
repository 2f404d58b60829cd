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

Asked = TypeVar("Asked")
Done = TypeVar("Done")
BulkAction = Callable[[Work, Sequence[Asked]], Awaitable[Sequence[Done | Refused]]]

MOST = 100
"""How many share one unit of work at most."""


class GroupCommit(Generic[Asked, Done]):
    """One bulk action of one store."""

    def __init__(self, store: Store, act: BulkAction[Asked, Done]) -> None:
        self._store = store
        self._act = act
        self._line: deque[tuple[Asked, asyncio.Future[Done]]] = deque()
        self._under_way: asyncio.Task[None] | None = None

    async def request(self, asked: Asked) -> Done:
        """What became of it, committed. Raises its refusal, or what failed; then it changed nothing."""
        answer: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        self._line.append((asked, answer))
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(self._until_nobody_waits())
        return await answer

    async def _until_nobody_waits(self) -> None:
        while self._line:
            some = [self._line.popleft() for _ in range(min(len(self._line), MOST))]
            try:
                await self._do(some)
            finally:
                # Only a process that stops leaves an answer open: then nobody is told that it was done.
                for _, answer in some:
                    answer.cancel()

    async def _do(self, some: "list[tuple[Asked, asyncio.Future[Done]]]") -> None:
        async def once() -> Sequence[Done | Refused]:
            async with self._store.work() as work:
                return await self._act(work, [asked for asked, _ in some])

        try:
            done = await (retry_on_conflict(once) if len(some) == 1 else once())
        except Exception as error:
            if len(some) == 1:
                return _answer(some[0][1], error)
            for one in some:
                await self._do([one])
            return
        for (_, answer), result in zip(some, done, strict=True):
            _answer(answer, result)


def _answer(answer: "asyncio.Future[Done]", result: Done | Exception) -> None:
    """Tell whoever still waits for it."""
    if answer.done():
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
