"""A service's copy of a visitor's link, and the person of an opening: looked up in it, and ended with it."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlmodel import SQLModel

from services.chassis.copies import visitors
from services.chassis.copies.visitors import VisitorCopy, Visitors, copy_visitor, erase_visitor
from services.chassis.identity.people import visitor
from services.chassis.identity.tokens import VisitorToken
from services.chassis.storage.store import Store
from services.chassis.storage.tables import chassis_metadata
from services.chassis.testing import FixedClock
from services.contracts.intake import VisitorLinkChanged


class Table(SQLModel):
    metadata = chassis_metadata()


class Visitor(VisitorCopy, Table, table=True):
    __tablename__ = "visitors"  # pyright: ignore[reportAssignmentType]


ADA, LINK = uuid4(), uuid4()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def store(tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Store]:
    monkeypatch.setattr(visitors, "CACHE_SECONDS", 0.0)
    monkeypatch.setattr(visitors, "WAIT_SECONDS", 0.02)
    monkeypatch.setattr(visitors, "PAUSE_SECONDS", 0.005)
    store = Store(f"sqlite+aiosqlite:///{tmp_path}/copy.db", "copy", Table.metadata, clock)
    async with store.writer.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
    yield store
    await store.close()


async def publish(store: Store, link: UUID | None, *closed: UUID) -> None:
    event = VisitorLinkChanged(subject_ref=ADA, at=store.clock(), link_id=link, closed_openings=closed)
    async with store.work() as work:
        await copy_visitor(work, Visitor, event)


def token(clock: FixedClock, link: UUID = LINK) -> VisitorToken:
    at = clock.now
    ends_at = at + timedelta(hours=12)
    return VisitorToken(
        subject_ref=ADA, link_id=link, opening=uuid4(), began_at=at, expires_at=at + timedelta(hours=1), ends_at=ends_at
    )


async def test_an_opening_of_the_current_link_is_the_visitor(store: Store, clock: FixedClock) -> None:
    known, opening = Visitors(store, Visitor), token(clock)
    assert await known.person(opening) is None, "nothing was published"
    await publish(store, LINK)
    assert await known.person(opening) == visitor(ADA)


async def test_a_new_link_a_locked_one_and_erasure_end_what_was_open(store: Store, clock: FixedClock) -> None:
    known, opening = Visitors(store, Visitor), token(clock)
    for link in (uuid4(), None):
        await publish(store, LINK)
        assert await known.person(opening) == visitor(ADA)
        await publish(store, link)
        assert await known.person(opening) is None
    await publish(store, LINK)
    async with store.work() as work:
        await erase_visitor(work, Visitor, ADA)
        await erase_visitor(work, Visitor, uuid4())
    assert await known.person(opening) is None


async def test_closing_ends_one_opening_and_no_other(store: Store, clock: FixedClock) -> None:
    known, closed, open_still = Visitors(store, Visitor), token(clock), token(clock)
    await publish(store, LINK, closed.opening)
    assert await known.person(closed) is None
    assert await known.person(open_still) == visitor(ADA)


async def test_an_opening_ends_at_its_time(store: Store, clock: FixedClock) -> None:
    known, opening = Visitors(store, Visitor), token(clock)
    await publish(store, LINK)
    clock.forward(minutes=59)
    assert await known.person(opening) == visitor(ADA)
    clock.forward(minutes=1)
    assert await known.person(opening) is None


async def test_a_visitor_is_read_at_most_every_two_seconds(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visitors, "CACHE_SECONDS", 2.0)
    at = 100.0
    monkeypatch.setattr(visitors, "monotonic", lambda: at)
    known, opening = Visitors(store, Visitor), token(clock)
    await publish(store, LINK)
    assert await known.person(opening) == visitor(ADA)
    await publish(store, None)
    assert await known.person(opening) == visitor(ADA)
    at += 2.0
    clock.forward(minutes=2)
    assert await known.person(opening) is None


async def test_only_so_many_visitors_are_kept(store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "CACHED_VISITORS", 1)
    known, opening = Visitors(store, Visitor), token(clock)
    await publish(store, LINK)
    for one in (opening.model_copy(update={"subject_ref": uuid4()}), opening):
        await known.person(one)
    assert list(known._known) == [ADA]  # pyright: ignore[reportPrivateUsage]
