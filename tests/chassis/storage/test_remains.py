"""What was deleted is in no file of the store any more."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from services.chassis.events.sealing import RecordSealer, seal_old
from services.chassis.storage import remains
from services.chassis.storage.outbox import pack_headers
from services.chassis.storage.remains import clean, remove_remains
from services.chassis.storage.store import Store
from services.chassis.testing import quiet_settings
from services.contracts.cloudevents import Record
from tests.chassis.sample_service import Note

CANARY = "Canari-7c1f"
NOTES = ("notes", "notes_words_unique")


def note(words: str) -> dict[str, Any]:
    return {"id": uuid4(), "version": 0, "correlation_id": uuid4(), "words": words}


async def write_and_delete(store: Store) -> None:
    async with store.work() as work:
        await work.insert(Note, [note(f"{CANARY}{number}") for number in range(300)])
        await work.insert(Note, [note("someone else")])
    async with store.work() as work:
        await work.session.execute(sa.delete(Note).where(sa.column("words").startswith(CANARY)))


async def files_of(store: Store, *relations: str) -> list[Path]:
    """The files of the store; on PostgreSQL those of these tables and indexes, with everything written to them."""
    if store.sqlite:
        return list(Path(store.writer.url.database or "").parent.glob("store.db*"))
    async with store.writer.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(sa.text("checkpoint"))
        folder = Path(str(await connection.scalar(sa.text("show data_directory"))))
        chosen = sa.text("select pg_relation_filepath(oid) from pg_class where relname = any(:names)")
        names = {"names": list(relations or NOTES)}
        return [folder / path for path in (await connection.scalars(chosen, names)).all()]


async def found(store: Store, words: str, *relations: str) -> int:
    return sum(path.read_bytes().count(words.encode()) for path in await files_of(store, *relations))


async def test_what_was_deleted_leaves_the_files(store: Store) -> None:
    await write_and_delete(store)
    assert await found(store, CANARY) > 0
    assert await remove_remains(store, {"notes"})
    assert await found(store, CANARY) == 0
    async with store.read() as session:
        assert (await session.scalars(sa.select(Note))).one().words == "someone else"
    if not store.sqlite:
        assert await found(store, "someone else") > 0


async def test_what_a_dead_letter_of_an_earlier_version_had_in_plain_text_leaves_the_files(
    store: Store, tmp_path: Path
) -> None:
    record = Record("cefo.desk.check-ins.huy", None, [("ce_type", b"cefo.desk.check-in.v1")], CANARY.encode())
    plain = {"key": None, "headers": pack_headers(record.headers), "value": record.value}
    facts = {"id": uuid4(), "state": "dead", "topic": record.topic, "partition": 0, "offset": 1, "reason": "bad-data"}
    row = {**facts, **plain, "detail": "", "attempts": 1, "at": store.clock()}
    async with store.work() as work:
        await work.session.execute(sa.insert(store.table("dead_letters")), row)
    assert await found(store, CANARY, "dead_letters") > 0
    await seal_old(store, RecordSealer(quiet_settings(tmp_path)))
    assert await clean(store) is False
    assert await found(store, CANARY, "dead_letters") == 0


async def test_a_file_in_use_is_left_to_the_next_round(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remains, "_LOCK_WAIT", "50ms")
    async with store.reader.connect() as reader:
        await reader.execution_options(isolation_level="READ COMMITTED" if not store.sqlite else "SERIALIZABLE")
        await reader.execute(sa.select(Note))
        await write_and_delete(store)
        assert not await remove_remains(store, {"notes"})
    assert await remove_remains(store, {"notes"})
    assert await found(store, CANARY) == 0


async def test_a_large_table_is_not_locked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then its old versions are gone for every query, and their bytes when the space is needed."""
    monkeypatch.setattr(remains, "REWRITTEN_BYTES", 0)
    await write_and_delete(store)
    before = await files_of(store)
    assert await remove_remains(store, {"notes"})
    assert await files_of(store) == before
