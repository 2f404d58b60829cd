"""What dead letters keep encrypted, for how long, and what happens to those of an earlier version."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from services.chassis.events.sealing import ContentDeleted, RecordSealer, kept_record, seal_old
from services.chassis.storage.outbox import pack_headers
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, quiet_settings
from services.contracts.cloudevents import Record
from tests.chassis.events.test_declared import CHECK_IN, NAME, SERVED, having

UNREADABLE = CHECK_IN._replace(key=None, value=b"\xff\0 " + NAME.encode(), headers=[("x", None), ("x", b"\xfe")])


@pytest.fixture
def sealer(tmp_path: Path) -> RecordSealer:
    return RecordSealer(quiet_settings(tmp_path, unreadable_days=7))


async def rows_of(store: Store) -> list[Any]:
    async with store.read() as session:
        return list((await session.execute(store.table("dead_letters").select())).all())


async def keep(store: Store, columns: dict[str, Any], record: Record, state: str = "dead") -> None:
    """Insert a dead letter with these columns."""
    row = {"id": uuid4(), "state": state, "reason": "x", "detail": "", "attempts": 1, "at": store.clock()}
    position = {"topic": record.topic, "partition": 0, "offset": 7}
    async with store.work() as work:
        await work.session.execute(sa.insert(store.table("dead_letters")), row | position | columns)


async def test_what_cannot_be_read_comes_back_whole_and_stands_nowhere_in_plain_text(
    store: Store, sealer: RecordSealer
) -> None:
    await keep(store, sealer.keep(UNREADABLE, store.clock()).columns, UNREADABLE)
    [row] = await rows_of(store)
    assert sealer.whole(row) == UNREADABLE._replace(partition=0, offset=7)
    assert row.sealed_until == store.clock() + timedelta(days=7)
    assert not any(NAME.encode() in bytes(value) for value in row if isinstance(value, bytes))


async def test_what_can_be_read_is_not_encrypted_and_of_undeclared_fields_nothing_is_kept(
    store: Store, sealer: RecordSealer
) -> None:
    for record in (CHECK_IN, SERVED, having(CHECK_IN, nom=NAME)):
        columns = sealer.keep(record, store.clock()).columns
        assert (columns["sealed"], columns["sealed_until"]) == (None, None)
        assert NAME.encode() not in columns["value"]


async def test_after_its_deletion_a_record_cannot_be_had(store: Store, sealer: RecordSealer) -> None:
    await keep(store, sealer.keep(UNREADABLE, store.clock()).columns | {"sealed": None}, UNREADABLE)
    with pytest.raises(ContentDeleted):
        sealer.whole((await rows_of(store))[0])


@pytest.mark.parametrize(("state", "kept"), [("dead", True), ("held", True), ("retried", False), ("discarded", False)])
async def test_dead_letters_of_an_earlier_version_are_sealed_once(
    store: Store, sealer: RecordSealer, clock: FixedClock, state: str, kept: bool
) -> None:
    """Until then their content stands in plain text; of those that are decided nobody needs it any more."""
    plain = {"key": UNREADABLE.key, "headers": pack_headers(UNREADABLE.headers), "value": UNREADABLE.value}
    await keep(store, plain, UNREADABLE, state)
    await keep(
        store, {"key": SERVED.key, "headers": pack_headers(SERVED.headers), "value": SERVED.value}, SERVED, state
    )
    assert await seal_old(store, sealer, page=1) is False
    clock.forward(days=1)
    assert await seal_old(store, sealer) is False
    odd, readable = sorted(await rows_of(store), key=lambda row: row.topic)
    assert (odd.value, odd.sealed is not None) == (b"", kept)
    assert odd.sealed_until == store.clock() + timedelta(days=6 if kept else -1)
    assert kept_record(readable)[:4] == SERVED[:4]
    assert readable.sealed is None


def test_the_same_record_is_found_again_after_a_change_of_the_key(
    tmp_path: Path, private_file: Callable[[str], Path]
) -> None:
    old, new = private_file("o" * 40), private_file("n" * 40)
    before = RecordSealer(quiet_settings(tmp_path, secret_key_file=old))
    after = RecordSealer(quiet_settings(tmp_path, secret_key_file=new, previous_secret_key_file=old))
    assert before.fingerprints(UNREADABLE)[0] in after.fingerprints(UNREADABLE)
    assert before.fingerprints(UNREADABLE)[0] not in after.fingerprints(CHECK_IN)


@pytest.fixture
def private_file(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a secret into a file of its own."""

    def write(text: str) -> Path:
        path = tmp_path / text[:1]
        path.write_text(text)
        path.chmod(0o600)
        return path

    return write
