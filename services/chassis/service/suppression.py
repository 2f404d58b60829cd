"""Keeps erased persons erased when an older backup of a store is restored: docs/decisions/0023-suppression-list.md.

A service reads the suppression list (`erased_persons`) at its start, before it serves, and erases those whom its store
still has. Each erasure is appended to the list's file after its commit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.runtime.settings import Settings
from services.chassis.runtime.telemetry import log
from services.chassis.service.erased_persons import ErasedPersons
from services.chassis.service.jobs import Job
from services.chassis.storage.bulk import in_list
from services.chassis.storage.erased_list import PAGE
from services.chassis.storage.errors import retry_on_conflict
from services.chassis.storage.remains import LATELY
from services.chassis.storage.store import Store, Work

_log = log(__name__)

AT_ONCE = 50
"""Most persons that one unit of work erases."""


@dataclass(frozen=True, slots=True)
class Erasing:
    """How a service erases persons, and whom it has erased."""

    erase: Callable[[Work, UUID, datetime], Awaitable[None]]
    """Erases a person of the list: reference, and when they were erased. Also called for one whom the store does not
    have: later events about them must be ignored too."""
    subject_ref: Any
    erased_at: Any
    """Columns of the table of erased persons. A row whose `erased_at` is NULL is no erased person."""


class Suppression:
    """One service's side of the suppression list."""

    def __init__(self, store: Store, listed: ErasedPersons, erasing: Erasing, settings: Settings) -> None:
        self._store = store
        self._listed = listed
        self._erasing = erasing
        self._settings = settings
        store.on_erased = self.keep

    async def enforce(self) -> None:
        """Erase who is on the list and in the store, then add to the file whom only the store knows as erased.

        Raises one of `BROKER_ERRORS`, `UnreadableList` or `OSError` if the list cannot be read: then nobody is served.
        """
        again = 0
        async for page in self._listed.pages():
            for people in await self._not_erased(page):
                again += await retry_on_conflict(partial(self._erase, people), tries=5)
        if again:
            _log.warning("persons of a restored store erased again", service=self._store.service, persons=again)
        await self._complete_file()
        if await self._erased_lately():
            self._store.remains.update(self._store.metadata.tables)

    async def keep(self, erased: set[UUID]) -> None:
        """Append persons whose erasure was committed. If the file refuses, the next round of `keep_list` does it."""
        try:
            await asyncio.to_thread(self._listed.file.add, dict.fromkeys(erased, self._store.clock()))
        except OSError as error:
            _log.error("erasure not on the list yet", service=self._store.service, error=repr(error))

    def jobs(self) -> list[Job]:
        """Keeps the file complete, and ends its old entries."""
        return [Job("erased-list", self.keep_list, 60 * self._settings.round_seconds)]

    async def keep_list(self) -> bool:
        """Complete the file, and remove those erased before the oldest backup. Returns False: one round does it."""
        await self._complete_file()
        if (since := self._listed.since()) is not None:
            await asyncio.to_thread(self._listed.file.drop_before, since.date())
        return False

    async def _not_erased(self, page: Mapping[UUID, datetime]) -> list[dict[UUID, datetime]]:
        """Those of a page whom the store has not erased, in parts of `AT_ONCE`, in the order of their locks."""
        async with self._store.read() as session:
            missing = sorted(page.keys() - await self._erased_among(session, page))
        return [{ref: page[ref] for ref in missing[at : at + AT_ONCE]} for at in range(0, len(missing), AT_ONCE)]

    async def _erase(self, people: Mapping[UUID, datetime]) -> int:
        async with self._store.work() as work:
            # Asked again: another replica that starts may have been faster.
            done = await self._erased_among(work.session, people)
            left = {ref: at for ref, at in people.items() if ref not in done}
            for ref, at in left.items():
                await self._erasing.erase(work, ref, at)
        return len(left)

    async def _erased_among(self, session: AsyncSession, refs: Iterable[UUID]) -> set[UUID]:
        theirs = self._erasing.subject_ref
        chosen = sa.select(theirs).where(in_list(theirs, "refs"), self._erasing.erased_at.is_not(None))
        return set(await session.scalars(chosen, {"refs": list(refs)}))

    async def _erased_lately(self) -> bool:
        lately = self._erasing.erased_at >= self._store.clock() - LATELY
        async with self._store.read() as session:
            return bool(await session.scalar(sa.select(sa.exists().where(lately))))

    async def _complete_file(self) -> None:
        """Add to the file whom the store erased: it may be new, or a process was killed before it appended."""
        columns, since, last = (self._erasing.subject_ref, self._erasing.erased_at), self._listed.since(), None
        while True:
            chosen = sa.select(*columns).where(columns[1].is_not(None)).order_by(columns[0]).limit(PAGE)
            if last is not None:
                chosen = chosen.where(columns[0] > last)
            async with self._store.read() as session:
                rows = (await session.execute(chosen)).all()
            await asyncio.to_thread(
                self._listed.file.add, {ref: at for ref, at in rows if since is None or at >= since}
            )
            if len(rows) < PAGE:
                return
            last = rows[-1][0]
