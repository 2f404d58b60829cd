"""One store per service, one transaction per action, and the only commit.

`Store.work()` opens a unit of work; leaving it writes the changed rows, then the outbox rows, and commits. No other
code commits. Writers on SQLite queue for one connection (`BEGIN IMMEDIATE`); readers never wait for them.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm.util import identity_key
from sqlmodel import SQLModel

from services.chassis.refusals import NotFound, Refused
from services.chassis.runtime.clock import Clock, system_clock
from services.chassis.storage.bulk import in_list, insert_rows
from services.chassis.storage.changes import CHANGES, CountingSession
from services.chassis.storage.emitting import Aggregate, Cause, Emitter
from services.chassis.storage.engines import postgres_engine, sqlite_engine
from services.chassis.storage.errors import UnknownConstraint, unique_constraints, violated_constraint
from services.chassis.storage.isolation import announce, saved

__all__ = ["Aggregate", "Cause", "Store", "Work"]

Row = TypeVar("Row", bound=SQLModel)
Kept = TypeVar("Kept", bound=Aggregate)


class Work(Emitter):
    """One unit of work: loaded and changed rows, and emitted events. Committed whole or not at all."""

    def __init__(self, session: AsyncSession, now: datetime, cause: Cause, epoch: int = 0) -> None:
        """`epoch`: that of the store; numbers of its events are in it."""
        super().__init__(now, cause, epoch)
        self.session = session
        self.boards: set[str] = set()
        self.erased: set[UUID] = set()
        """The persons whom this unit of work erases: the store's suppression list gets them after the commit."""
        self.purged: set[str] = set()
        """The tables of whose rows it deleted or emptied a content. An erasure, beside it, concerns all tables."""
        self._loaded: dict[tuple[type[SQLModel], Any], SQLModel | None] = {}
        self._guards: list[tuple[str, Refused]] = []
        self._before: list[Callable[[], Any]] = []

    async def find(self, table: type[Row], id: Any) -> Row | None:
        """The row with this key, locked until the end of the work, or None."""
        row: Any = self._loaded.get((table, id), self)
        if row is self:
            # A row that was read without a lock may have changed since: read it again with the lock.
            known = self.session.identity_map.get(identity_key(table, id))
            if known is not None and sa.inspect(known).modified:
                await self.session.flush()
            row = await self.session.get(table, id, with_for_update=True, populate_existing=True)
            self._loaded[(table, id)] = row
        return None if row is not None and (row in self.session.deleted or sa.inspect(row).deleted) else row

    async def load(self, table: type[Row], id: Any, what: str | None = None) -> Row:
        """The row with this key, locked until the end of the work. Raises `NotFound`, naming `what`."""
        row = await self.find(table, id)
        if row is None:
            raise NotFound(what=what or table.__name__.lower())
        return row

    async def prefetch(self, table: type[Kept], ids: Iterable[UUID]) -> None:
        """Load and lock all of these in one query, so that `find` and `load` need none."""
        wanted = [id for id in dict.fromkeys(ids) if (table, id) not in self._loaded]
        if not wanted:
            return
        rows: Sequence[Kept] = (await self.session.scalars(_locked(cast(Any, table)), {"wanted": wanted})).all()
        self._loaded.update({(table, id): None for id in wanted})
        self._loaded.update({(table, row.id): row for row in rows})

    def assume_missing(self, table: type[Aggregate], ids: Iterable[UUID]) -> None:
        """Treat these rows as missing without a lookup. If one exists, adding it fails at the flush."""
        for id in ids:
            self._loaded.setdefault((table, id), None)

    def add(self, row: Row) -> Row:
        """Add a new row. `find` returns it from now on in this unit of work."""
        self.session.add(row)
        key = _key_of(type(row), lambda column: getattr(row, column))
        if key is not None:
            self._loaded[(type(row), key)] = row
        return row

    def start(self, row: Kept) -> Kept:
        """Add a new aggregate, in the chain of its cause."""
        if self.cause.correlation_id is not None:
            row.correlation_id = self.cause.correlation_id
        self._started.add(row.id)
        return self.add(row)

    async def insert(self, table: type[SQLModel], rows: Sequence[dict[str, Any]]) -> None:
        """Insert many rows at once; columns by name, the same in every row."""
        await insert_rows(self.session, _table_of(table), rows)
        if any(loaded is table for loaded, _ in self._loaded):
            for row in rows:
                self._loaded.pop((table, _key_of(table, row.get)), None)

    def table(self, name: str) -> sa.Table:
        """One of the chassis' own tables in this store."""
        return _metadata(self.session).tables[name]

    def guard(self, constraint: str, refusal: Refused) -> None:
        """Raise this refusal if the work violates this primary key, unique constraint or unique index.

        Raises `UnknownConstraint` at once if no table has one of this name.
        """
        known = unique_constraints(_metadata(self.session))
        if constraint not in known:
            raise UnknownConstraint(constraint, known)
        self._guards.append((constraint, refusal))

    def before_commit(self, act: Callable[[], Any]) -> None:
        """Await `act` once at the end of the unit of work, before the flush: for what a batch does at once."""
        self._before.append(act)

    @property
    def defers(self) -> bool:
        """Whether changes wait for the end of the unit of work, where `changes` does not count them."""
        return bool(self._before)

    @property
    def changes(self) -> tuple[int, ...]:
        """Marks a moment of the unit of work. If the mark is the same later, nothing was changed in between."""
        counted = self.session.info[CHANGES]
        return (counted, len(self._emitted), len(self._guards), len(self.boards), len(self.erased), len(self._before))

    async def open_epoch(self, epoch: int, restored_to: datetime | None) -> None:
        """Open a new epoch of the store; what is emitted from now on is in it. `restored_to`: as in `epochs_table`."""
        row = {"epoch": epoch, "opened_at": self.now, "restored_to": restored_to}
        await self.session.execute(sa.insert(self.table("epochs")), [row])
        self.epoch = epoch

    def notify_board(self, *boards: str) -> None:
        """Send a "board changed" hint for these live boards after the commit."""
        self.boards.update(boards)

    async def flush(self) -> bool:
        """Flushes, then inserts outbox rows. True if an event was emitted. Called by the store only."""
        for act in self._before:
            await act()
        await self.session.flush()
        if self._emitted:
            # After the aggregates: a transaction that waits for their locks gets later outbox numbers.
            await insert_rows(self.session, self.table("outbox"), self._emitted)
        return self.has_emitted

    @property
    def has_emitted(self) -> bool:
        """Whether an event was emitted."""
        return bool(self._emitted)

    def refusal_of(self, error: IntegrityError) -> Refused | None:
        """The refusal registered for the violated constraint, or None. Called by the store only."""
        violated = violated_constraint(error, _metadata(self.session))
        return next((refusal for constraint, refusal in self._guards if constraint == violated), None)


class _TriedOut(Exception):
    """Ends a trial: its unit of work is rolled back."""


class Store:
    """One service's own database."""

    def __init__(self, url: str, service: str, metadata: sa.MetaData, clock: Clock = system_clock) -> None:
        self.service = service
        self.metadata = metadata
        self.clock = clock
        self.sqlite = url.startswith("sqlite")
        engine = sqlite_engine if self.sqlite else postgres_engine
        self.writer = engine(url, writer=True)
        self.reader = engine(url, writer=False)
        self.emitted = asyncio.Event()
        """Set after each commit with emitted events; wakes the relay."""
        self.on_boards_changed: Callable[[set[str]], None] = lambda boards: None
        self.on_erased: Callable[[set[UUID]], Awaitable[None]] | None = None
        self.remains: set[str] = set()
        """The tables whose files may still have what was deleted from them (`remove_remains`)."""
        self._write_lock = asyncio.Lock()
        self._epoch: int | None = None
        self._newest_epoch = sa.select(sa.func.max(self.table("epochs").c.epoch))
        unique_constraints(metadata)  # raises at the start, not during a request, if two are ambiguous

    def table(self, name: str) -> sa.Table:
        """One of the chassis' own tables in this store."""
        return self.metadata.tables[name]

    @asynccontextmanager
    async def work(self, cause: Cause | None = None) -> AsyncGenerator[Work]:
        """One unit of work. Commits when the block ends, rolls everything back when it raises."""
        async with self.writing(), self.session(self.writer) as session:
            work = await self.unit(session, cause)
            async with saved(work):
                yield work
        self._epoch = work.epoch
        await announce(self, work)

    @asynccontextmanager
    async def trial(self, cause: Cause | None = None) -> AsyncGenerator[Work]:
        """A unit of work that is rolled back: what refuses it refuses it, and nothing stays or is announced."""
        with suppress(_TriedOut):
            async with self.writing(), self.session(self.writer) as session:
                work = await self.unit(session, cause)
                async with saved(work):
                    yield work
                    await work.flush()
                    raise _TriedOut

    async def unit(self, session: AsyncSession, cause: Cause | None = None) -> Work:
        """A unit of work on this session. Called by the storage only: who opens it also commits it."""
        return Work(session, self.clock(), cause or Cause(), await self._epoch_in(session))

    def writing(self) -> AbstractAsyncContextManager[Any]:
        """Wait until nobody else of this process writes on SQLite, which has one writer."""
        return self._write_lock if self.sqlite else nullcontext()

    async def epoch(self) -> int:
        """The epoch of this store."""
        async with self.read() as session:
            return await self._epoch_in(session)

    async def _epoch_in(self, session: AsyncSession) -> int:
        # Read once: `cefo restore` opens another one only while nothing else runs.
        if self._epoch is None:
            self._epoch = int(await session.scalar(self._newest_epoch) or 0)
        return self._epoch

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncSession]:
        """A session that only reads."""
        async with self.session(self.reader) as session:
            yield session

    async def close(self) -> None:
        """Close the connections."""
        await self.writer.dispose()
        await self.reader.dispose()

    def session(self, bind: AsyncEngine | AsyncConnection) -> AsyncSession:
        """A session; on a connection with a transaction, its commit and rollback are those of a savepoint."""
        info = {"metadata": self.metadata, CHANGES: 0}
        options: dict[str, Any] = {"expire_on_commit": False, "autoflush": False, "info": info}
        mode = "create_savepoint"
        return AsyncSession(bind, sync_session_class=CountingSession, join_transaction_mode=mode, **options)


def _table_of(model: type[SQLModel]) -> sa.Table:
    return cast(Any, model).__table__


@cache
def _locked(table: type[SQLModel]) -> Any:
    # By id: the order of locks in docs/architecture.md.
    key = _table_of(table).c.id
    chosen = sa.select(table).where(in_list(key, "wanted")).order_by(key)
    return chosen.with_for_update().execution_options(populate_existing=True)


def _metadata(session: AsyncSession) -> sa.MetaData:
    return session.info["metadata"]


def _key_of(table: type[SQLModel], value: Callable[[str], Any]) -> Any:
    """The primary key as `find` takes it: a value or a tuple; None while the store has not generated it."""
    mapper: Any = sa.inspect(table)
    key = tuple(value(mapper.get_property_by_column(column).key) for column in mapper.primary_key)
    if None in key:
        return None
    return key[0] if len(key) == 1 else key
