"""A board that many watch: read once after a change, and nobody waits for another."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from services.chassis.runtime import live
from services.chassis.runtime.live import Live
from services.chassis.service import boards
from services.chassis.service.boards import Board, Boards, Edition
from services.chassis.storage.store import Store


async def always() -> bool:
    return True


class Watched:
    """A board whose reading takes as long as a test wants, and its readers."""

    def __init__(self, store: Store) -> None:
        self.hints = Live()
        self.boards = Boards(store, self.hints)
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.reads = 0
        self.people = 0
        self.fails = False
        self.board = Board("queue", "", self.read)

    async def read(self, _session: Any) -> dict[str, Any]:
        self.reads += 1
        await self.may_read.wait()
        if self.fails:
            raise ValueError("the board cannot be read")
        return {"people": self.people}

    def arrives(self) -> None:
        self.people += 1
        self.hints.changed({"queue"})

    def open(self, holds: Callable[[], Any] = always) -> AsyncGenerator[Edition]:
        return self.boards.editions(self.board, holds)


@pytest.fixture
def url() -> str:
    return "sqlite+aiosqlite://"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HOLD_SECONDS", 0.05)
    monkeypatch.setattr(boards, "PAUSE_SECONDS", 0.01)


@pytest.fixture
async def watched(store: Store, quick: None) -> AsyncGenerator[Watched]:
    made = Watched(store)
    yield made
    made.may_read.set()
    made.hints.close()
    await made.boards.stop()


async def test_ten_changes_during_a_reading_are_one_more_for_all(watched: Watched) -> None:
    streams = [watched.open() for _ in range(50)]
    assert {one.found["people"] for one in await asyncio.gather(*map(anext, streams))} == {0}
    before = watched.reads
    assert before <= 2, "who comes while it is read waits for the next reading, all of them together"
    watched.may_read.clear()
    for _ in range(10):
        watched.arrives()
        await asyncio.sleep(0.02)
    watched.may_read.set()
    editions = await asyncio.gather(*map(anext, streams))
    assert len({id(one) for one in editions}) == 1
    await asyncio.sleep(0.1)
    assert watched.reads - before == 2


async def test_a_slow_client_skips_editions_and_delays_nobody(watched: Watched) -> None:
    slow, quick = watched.open(), watched.open()
    assert (await anext(slow)).found == (await anext(quick)).found == {"people": 0}
    for people in (1, 2, 3):
        watched.arrives()
        async with asyncio.timeout(1):
            assert (await anext(quick)).found == {"people": people}
    assert (await anext(slow)).found == {"people": 3}


async def test_a_stream_begins_with_what_is_read_after_it_was_opened(watched: Watched) -> None:
    first = watched.open()
    await anext(first)
    watched.people = 1  # without a hint, as in a replica that lost it
    late = watched.open()
    assert (await anext(late)).found == {"people": 1}


async def test_nothing_is_read_when_nobody_watches_any_more(watched: Watched) -> None:
    only = watched.open()
    await anext(only)
    await only.aclose()
    await asyncio.sleep(0.1)
    before = watched.reads
    watched.arrives()
    await asyncio.sleep(0.05)
    assert watched.reads == before
    assert (await anext(watched.open())).found == {"people": 1}


async def test_a_stream_that_may_not_go_on_ends_alone(watched: Watched) -> None:
    allowed = [True]

    async def mine() -> bool:
        return allowed[0]

    ending, other = watched.open(mine), watched.open()
    await anext(ending)
    await anext(other)
    allowed[0] = False
    async with asyncio.timeout(1):
        assert await anext(ending, None) is None, "without a change"
    watched.arrives()
    assert (await anext(other)).found == {"people": 1}


async def test_a_board_that_cannot_be_read_ends_its_streams_and_the_next_one_reads_again(watched: Watched) -> None:
    streams = [watched.open() for _ in range(2)]
    await asyncio.gather(*map(anext, streams))
    watched.fails = True
    watched.arrives()
    async with asyncio.timeout(1):
        assert [await anext(one, None) for one in streams] == [None, None]
    watched.fails = False
    assert (await anext(watched.open())).found == {"people": 1}
