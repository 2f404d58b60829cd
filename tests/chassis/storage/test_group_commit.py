"""Requests of the same moment share a unit of work; a fault fails its own request alone."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from services.chassis.refusals import Refused
from services.chassis.storage.group_commit import MAX_REQUESTS, GroupCommit
from services.chassis.storage.store import Store, Work
from services.chassis.testing import FixedClock
from tests.chassis.sample_service import Note, Table, Twice


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    made = Store(f"sqlite+aiosqlite:///{tmp_path / 'store.db'}", "sample", Table.metadata, FixedClock())
    async with made.writer.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
    yield made
    await made.close()


class Scribe:
    """Writes notes, and remembers how many it was given at a time. Words that begin with `no` are refused."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    async def write(self, work: Work, words: Sequence[str]) -> list[Note | Refused]:
        self.batches.append(len(words))
        return [Twice(what="note") if one.startswith("no") else work.start(Note(words=one)) for one in words]


async def kept(store: Store) -> list[str]:
    async with store.read() as session:
        return list(await session.scalars(sa.select(Note.__table__.c.words).order_by(sa.text("words"))))  # type: ignore[attr-defined]


async def ask_all(together: GroupCommit[str, Note], words: Sequence[str]) -> list[Any]:
    return await asyncio.gather(*(together.request(one) for one in words), return_exceptions=True)


async def test_who_comes_alone_is_not_kept_waiting(store: Store) -> None:
    scribe = Scribe()
    note = await GroupCommit(store, scribe.write).request("bonjour")
    assert (note.words, scribe.batches, await kept(store)) == ("bonjour", [1], ["bonjour"])


async def test_requests_of_the_same_moment_share_a_commit(store: Store) -> None:
    scribe = Scribe()
    answers = await ask_all(GroupCommit(store, scribe.write), ["a", "b", "c"])
    assert [answer.words for answer in answers] == ["a", "b", "c"]
    assert scribe.batches == [3]
    assert await kept(store) == ["a", "b", "c"]


async def test_many_requests_are_committed_in_batches(store: Store) -> None:
    scribe = Scribe()
    words = [f"{number:04}" for number in range(2 * MAX_REQUESTS + 1)]
    answers = await ask_all(GroupCommit(store, scribe.write), words)
    assert [answer.words for answer in answers] == words
    assert scribe.batches == [MAX_REQUESTS, MAX_REQUESTS, 1]


async def test_a_refusal_fails_its_own_request_alone(store: Store) -> None:
    scribe = Scribe()
    answers = await ask_all(GroupCommit(store, scribe.write), ["a", "non", "c"])
    assert isinstance(answers[1], Twice)
    assert scribe.batches == [3]
    assert await kept(store) == ["a", "c"]


async def test_when_the_store_refuses_a_batch_each_request_is_retried_alone(store: Store) -> None:
    """The store's own rule says no at the commit, to all of them: notes have unique words.

    The last one is retried once more, in case another transaction inserted the same row meanwhile.
    """
    scribe = Scribe()
    answers = await ask_all(GroupCommit(store, scribe.write), ["a", "b", "a"])
    assert [type(answer) for answer in answers] == [Note, Note, IntegrityError]
    assert scribe.batches == [3, 1, 1, 1, 1]
    assert await kept(store) == ["a", "b"]


async def test_a_cancelled_request_does_not_delay_the_others(store: Store) -> None:
    together = GroupCommit(store, Scribe().write)
    impatient = asyncio.create_task(together.request("a"))
    patient = asyncio.create_task(together.request("b"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).words == "b"
    assert (await together.request("c")).words == "c"
    assert await kept(store) == ["a", "b", "c"]
