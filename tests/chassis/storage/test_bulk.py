"""Lists of keys and many rows at once."""

import gc
import sys
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from services.chassis.events.inbox import last_sequences
from services.chassis.storage.bulk import in_list
from services.chassis.storage.store import Store
from tests.chassis.sample_service import Note


async def test_statements_of_a_batch_are_freed_with_the_batch(store: Store) -> None:
    """Statements are garbage in cycles: a list of ids in one of them would stay until the collector comes by."""

    async def ask(batches: int) -> int:
        before = sys.getallocatedblocks()
        for _ in range(batches):
            async with store.work() as work:
                await work.prefetch(Note, [uuid4() for _ in range(1000)])
                await last_sequences(
                    work.session, store.table("inbox"), {("/sample", str(uuid4())) for _ in range(1000)}
                )
        return sys.getallocatedblocks() - before

    await ask(2)
    gc.collect()
    gc.disable()
    try:
        assert await ask(20) < 20 * 1000
    finally:
        gc.enable()


@pytest.mark.parametrize(("table", "column"), [("notes", "id"), ("inbox", "subject"), ("outbox", "seq")])
async def test_rows_are_found_by_their_index_in_a_table_without_statistics(
    store: Store, table: str, column: str
) -> None:
    chosen = store.table(table).c[column]
    statement = sa.select(chosen).where(in_list(chosen, "wanted")).compile(dialect=store.writer.dialect)
    explained = "explain query plan " if store.sqlite else "explain "
    wanted: Any = "[]" if store.sqlite else []
    async with store.work() as work:
        connection = await work.session.connection()
        plan = [str(row) for row in await connection.exec_driver_sql(f"{explained}{statement}", (wanted,))]
    by_key = "SEARCH" if store.sqlite else "Index Only Scan"
    assert by_key in plan[0], plan
    assert not [line for line in plan if "Seq Scan" in line], plan
