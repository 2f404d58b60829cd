"""Copies of visitors: which personal link is the current one, and whether a token of it still holds.

Intake owns the links. A service that shows pages to visitors copies which link is current and which openings were
closed, and checks that at each request, so that a new link, a closed plan or an erasure ends what was open before.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Protocol, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from services.chassis.copies.aliases import AliasCopy, references_of
from services.chassis.identity.people import Person, visitor
from services.chassis.identity.tokens import VisitorToken
from services.chassis.storage.store import Store, Work
from services.contracts.intake import VisitorLinkChanged

CACHE_SECONDS = 2.0
"""How long a visitor that was read is not read again."""
CACHED_VISITORS = 10_000
NEW_OPENING = timedelta(minutes=1)
"""An opening that is younger than this may be ahead of the event about its link."""
WAIT_SECONDS = 1.0
"""How long a request of a new opening waits for that event."""
PAUSE_SECONDS = 0.05


class WithLink(Protocol):
    """A row of a visitor; its `id` is their `subject_ref`."""

    link_id: UUID | None
    closed_openings: list[str]


class VisitorCopy(SQLModel):
    """The columns of every copy. `id` is the visitor's `subject_ref`."""

    id: UUID = Field(primary_key=True)
    link_id: UUID | None = None
    """The current link. None: there is none, or it was ended."""
    closed_openings: list[str] = Field(sa_type=sa.JSON)


Copy = TypeVar("Copy", bound=VisitorCopy)


async def copy_visitor(work: Work, table: type[Copy], changed: VisitorLinkChanged) -> None:
    """Insert or update the copy of a visitor's link."""
    copy = await work.find(table, changed.subject_ref)
    closed = [str(opening) for opening in changed.closed_openings]
    if copy is None:
        work.add(table(id=changed.subject_ref, link_id=changed.link_id, closed_openings=closed))
    else:
        copy.link_id, copy.closed_openings = changed.link_id, closed


async def erase_visitor(work: Work, table: type[VisitorCopy], subject_ref: UUID) -> None:
    """Delete the copy of an erased visitor."""
    copy = await work.find(table, subject_ref)
    if copy is not None:
        await work.session.delete(copy)


@dataclass(frozen=True, slots=True)
class _Known:
    """What a service knows of a visitor, at the `monotonic` time of reading."""

    read_at: float
    link_id: UUID | None
    closed: frozenset[UUID]
    other_refs: frozenset[UUID]

    def admits(self, token: VisitorToken) -> bool:
        return self.link_id == token.link_id and token.opening not in self.closed


class Visitors:
    """The visitors that one service knows. Each is read from its store at most every `CACHE_SECONDS`."""

    def __init__(self, store: Store, table: type[WithLink], aliases: type[AliasCopy] | None = None) -> None:
        """`aliases`: the service's table of them, if it has one."""
        self._store = store
        self._table = table
        self._aliases = aliases
        self._known: dict[UUID, _Known] = {}

    def renewed(self, token: VisitorToken) -> VisitorToken | None:
        """The token after a request; None if it stays as it is."""
        return token.renewed(self._store.clock())

    async def person(self, token: VisitorToken) -> Person | None:
        """The visitor of this token. None: it expired, was closed, or its link is no longer the current one."""
        now = self._store.clock()
        if now >= min(token.expires_at, token.ends_at):
            return None
        known = self._known.get(token.subject_ref)
        if known is None or monotonic() - known.read_at >= CACHE_SECONDS:
            known = await self._read(token.subject_ref)
        end = monotonic() + WAIT_SECONDS
        while not known.admits(token) and now - token.began_at < NEW_OPENING and monotonic() < end:
            if token.opening in known.closed:
                return None
            await asyncio.sleep(PAUSE_SECONDS)
            known = await self._read(token.subject_ref)
        return visitor(token.subject_ref, known.other_refs) if known.admits(token) else None

    async def _read(self, subject_ref: UUID) -> _Known:
        async with self._store.read() as session:
            row = await session.get(self._table, subject_ref)
            refs = await references_of(session, self._aliases, subject_ref) if self._aliases is not None else ()
        link_id, closed = (row.link_id, row.closed_openings) if row is not None else (None, [])
        known = _Known(monotonic(), link_id, _ids(closed), frozenset(refs) - {subject_ref})
        self._known.pop(subject_ref, None)  # the dictionary's order is that of reading
        self._known[subject_ref] = known
        if len(self._known) > CACHED_VISITORS:
            del self._known[next(iter(self._known))]
        return known


def _ids(texts: Iterable[str]) -> frozenset[UUID]:
    return frozenset(map(UUID, texts))
