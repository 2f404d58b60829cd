"""Commits units of work and rolls them back: one by itself, or several in one transaction, each on a savepoint."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from sqlalchemy.exc import IntegrityError

from services.chassis.runtime.failpoints import failpoint

Isolated = Callable[[], AbstractAsyncContextManager[Any]]
"""Opens a `Work`. The store is built on this module, so that its types are not named here."""


@asynccontextmanager
async def saved(work: Any) -> AsyncGenerator[None]:
    """Flushes and commits the work when the block ends, rolls it back when it raises."""
    try:
        yield
        if await work.flush():
            failpoint("store.before-commit")
        await work.session.commit()
    except BaseException as error:
        await work.session.rollback()
        if isinstance(error, IntegrityError) and (refusal := work.refusal_of(error)):
            raise refusal from error
        raise


@asynccontextmanager
async def isolated_works(store: Any) -> AsyncGenerator[Isolated]:
    """Opens a transaction: `async with isolated() as work` is one unit of work in it, on a savepoint.

    A unit that raises is rolled back, and the transaction goes on. All become durable together.
    """
    done: list[Any] = []
    async with store.writing(), store.writer.begin() as connection:

        @asynccontextmanager
        async def isolated() -> AsyncGenerator[Any]:
            async with store.session(connection) as session:
                work = await store.unit(session)
                async with saved(work):
                    yield work
                done.append(work)

        yield isolated
    await announce(store, *done)


async def announce(store: Any, *works: Any) -> None:
    """After their commit: wake the relay, send hints to boards, note erased persons and what was deleted."""
    if any(work.has_emitted for work in works):
        failpoint("store.after-commit")
        store.emitted.set()
    if boards := {board for work in works for board in work.boards}:
        store.on_boards_changed(boards)
    erased = {ref for work in works for ref in work.erased}
    store.remains.update(*(work.purged for work in works), store.metadata.tables if erased else ())
    if erased and store.on_erased is not None:
        await store.on_erased(erased)
