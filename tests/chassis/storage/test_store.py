"""Units of work: what happens after the commit, and only then."""

import pytest

from services.chassis.storage.store import Store
from tests.chassis.sample_service import Note
from tests.givens.rows import rows_of


async def test_boards_and_relay_are_notified_only_after_the_commit(store: Store) -> None:
    touched: list[set[str]] = []
    store.on_boards_changed = touched.append

    async def change(fail: bool) -> None:
        async with store.work() as work:
            work.add(Note(words=f"fail {fail}"))
            work.notify_board("intake:huy")
            if fail:
                raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        await change(fail=True)
    assert touched == []
    await change(fail=False)
    assert touched == [{"intake:huy"}]
    assert not store.emitted.is_set()


async def test_a_row_of_the_same_unit_of_work_is_deleted_and_added_again(store: Store) -> None:
    async with store.work() as work:
        first = work.add(Note(words="first"))
        await work.session.delete(first)
        assert await work.find(Note, first.id) is None
        second = work.add(Note(words="second"))
        await work.session.delete(second)
        work.add(Note(id=second.id, words="third"))
    assert [(note.id, note.words) for note in await rows_of(store, Note)] == [(second.id, "third")]
