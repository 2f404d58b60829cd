"""Finds out at the start that a store was put back from a backup without `cefo restore`.

A mark outside the backups, beside the list of erased persons, says how far the store has come: its epoch and its last
outbox row. A store that is behind its mark is an older one. `cefo restore` opens a newer epoch, and so ends that.
"""

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.runtime.settings import Settings
from services.chassis.runtime.telemetry import log
from services.chassis.storage.migrations import migrate
from services.chassis.storage.store import Store

_log = log(__name__)

LastWrite = Callable[[AsyncSession], Awaitable[datetime | None]]


class Reached(NamedTuple):
    """How far a store has come. Compared in this order; `at`: when its last row was written."""

    epoch: int
    row: int
    at: datetime


@dataclass
class OlderStore(Exception):
    """The store has fewer events than the service had: it is from a backup, and `cefo restore` was not run."""

    service: str
    mark: Path
    has: datetime
    had: datetime


class StoreMark:
    """The mark of one service's store on this machine."""

    def __init__(self, store: Store, settings: Settings, last_write: LastWrite | None = None) -> None:
        """`last_write`: of a service that emits nothing, the time of a row that it writes again and again."""
        self._store = store
        self._last_write = last_write
        self._days = settings.outbox_days
        folder = settings.erased_list.parent
        self.path = folder / f"store-{store.service}-{_place(store, folder)}"
        self._kept: Reached | None = None

    async def bring_up_to_date(self, migrations: Path) -> None:
        """Migrate the store, then check that it is not an older one: before any other work on it.

        Raises `OlderStore`.
        """
        await migrate(self._store, migrations)
        await self.check()

    async def check(self) -> None:
        """Raises `OlderStore` if the store is behind its mark. An empty one is new: nothing was put back."""
        has, had = await self._reached(), await asyncio.to_thread(self._read)
        if has is None:
            await asyncio.to_thread(self._write, None)
        if has is None or had is None or has[:2] >= had[:2]:
            return
        if self._days and had.at < self._store.clock() - timedelta(days=self._days):
            return  # its last rows may have been removed for their age
        raise OlderStore(self._store.service, self.path, has.at, had.at)

    async def keep(self) -> bool:
        """Write how far the store has come, if that has changed. Returns False: one round does it."""
        reached = await self._reached()
        if reached != self._kept or self._kept is None:
            await asyncio.to_thread(self._write, reached)
            self._kept = reached
        return False

    async def _reached(self) -> Reached | None:
        """How far the store has come; None: it has emitted nothing yet."""
        outbox, epochs = self._store.table("outbox"), self._store.table("epochs")
        newest = sa.select(outbox.c.seq, outbox.c.said_at).order_by(outbox.c.seq.desc()).limit(1)
        async with self._store.read() as session:
            last = await self._last_write(session) if self._last_write is not None else None
            row = (await session.execute(newest)).one_or_none()
            epoch, opened = (
                await session.execute(sa.select(sa.func.max(epochs.c.epoch), sa.func.max(epochs.c.opened_at)))
            ).one()
        if last is not None:
            return Reached(epoch or 0, int(last.timestamp()), last)
        if row is not None:
            return Reached(epoch or 0, row.seq, row.said_at)
        return Reached(epoch, 0, opened) if epoch is not None else None

    def _read(self) -> Reached | None:
        """What the mark says; None if there is none, or it cannot be read."""
        try:
            epoch, row, at = self.path.read_text().split()
            return Reached(int(epoch), int(row), datetime.fromisoformat(at))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            _log.warning("mark of the store not read", path=str(self.path), error=repr(error))
            return None

    def _write(self, reached: Reached | None) -> None:
        if reached is None:
            self.path.unlink(missing_ok=True)
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        new.touch(mode=0o600)
        new.write_text(f"{reached.epoch} {reached.row} {reached.at.astimezone(UTC).isoformat()}\n")
        new.replace(self.path)


def _place(store: Store, folder: Path) -> str:
    """Short digest of where the store is, for a service that had several. A file's place is relative to this folder.

    So both can be moved together, and no password is in it.
    """
    url = store.writer.url
    if store.sqlite:
        place = os.path.relpath(Path(url.database or "").absolute(), folder.absolute())
    else:
        place = f"{url.host or url.query.get('host')}:{url.port or url.query.get('port')}/{url.database}"
    return hashlib.sha256(place.encode()).hexdigest()[:8]
