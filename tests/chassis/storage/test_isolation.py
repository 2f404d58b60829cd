"""Units of work in one transaction: each fails by itself, and all become durable together."""

import pytest
import sqlalchemy as sa

from services.chassis.storage.isolation import isolated_works
from services.chassis.storage.store import Store
from tests.chassis.sample_service import Note


async def words(store: Store) -> list[str]:
    async with store.read() as session:
        return sorted((await session.scalars(sa.select(Note.words))).all())  # pyright: ignore


async def test_a_unit_that_fails_leaves_nothing_and_the_others_become_durable_together(store: Store) -> None:
    boards: list[set[str]] = []
    store.on_boards_changed = boards.append
    async with isolated_works(store) as isolated:
        for text in ("first", "second", "third"):
            try:
                async with isolated() as work:
                    work.add(Note(words=text))
                    work.notify_board(text)
                    await work.session.flush()
                    if text == "second":
                        raise ZeroDivisionError
            except ZeroDivisionError:
                pass
        assert await words(store) == []
    assert await words(store) == ["first", "third"]
    assert boards == [{"first", "third"}]


async def test_nothing_of_them_stays_if_their_transaction_fails(store: Store) -> None:
    async def add_and_fail() -> None:
        async with isolated_works(store) as isolated:
            async with isolated() as work:
                work.add(Note(words="first"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await add_and_fail()
    assert await words(store) == []
