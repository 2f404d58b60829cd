"""Units of work are atomic, lose no update, and turn violated constraints into refusals."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, col

from services.chassis.refusals import Refused, msg
from services.chassis.storage.errors import UnknownConstraint, is_conflict, violated_constraint
from services.chassis.storage.outbox import unpack_headers
from services.chassis.storage.store import Store
from services.chassis.testing import consumer_for, record_of
from tests.conformance.conftest import StoreOf
from tests.conformance.sample import Desk, GuestDesk, Opening, Sample, Tally, trail

ANNA, BRUNO, CHLOE = uuid4(), uuid4(), uuid4()


async def test_twenty_at_once_on_one_aggregate_lose_no_update(
    producer_store: Store, open_store: StoreOf, sample: Sample
) -> None:
    await sample.emit(producer_store, ANNA, 0)
    stores = [producer_store, open_store("producer")]
    await asyncio.gather(*(sample.emit(stores[number % 2], ANNA, number) for number in range(1, 21)))
    assert sorted(await trail(producer_store, ANNA)) == list(range(21))
    outbox = producer_store.table("outbox")
    async with producer_store.read() as session:
        rows = (await session.execute(outbox.select().order_by(outbox.c.seq))).all()
    sequences = [dict(unpack_headers(row.headers))["ce_cefosequence"] for row in rows]
    assert sequences == [str(number).encode() for number in range(1, 22)]


async def test_a_row_read_before_its_lock_is_read_again_under_it(producer_store: Store, open_store: StoreOf) -> None:
    """Otherwise an outdated read would overwrite what another transaction wrote in between."""
    async with producer_store.work() as work:
        work.start(Tally(id=ANNA, trail=[1]))
    other = open_store("producer")

    async def add(store: Store, number: int) -> None:
        async with store.work() as work:
            seen = (await work.session.scalars(sa.select(Tally))).one()
            await asyncio.sleep(0.05)
            tally = await work.load(Tally, ANNA)
            assert tally is seen
            tally.trail = [*tally.trail, number]

    await asyncio.gather(*(add(store, number) for number, store in ((2, producer_store), (3, other))))
    assert sorted(await trail(producer_store, ANNA)) == [1, 2, 3]


async def test_a_change_made_before_the_lock_is_kept(producer_store: Store) -> None:
    async with producer_store.work() as work:
        work.start(Tally(id=ANNA, trail=[1]))
    async with producer_store.work() as work:
        found = (await work.session.scalars(sa.select(Tally))).one()
        found.trail = [1, 2]
        assert (await work.load(Tally, ANNA)).trail == [1, 2]
    assert await trail(producer_store, ANNA) == [1, 2]


class DeskTaken(Refused):
    slug = "desk-taken"
    message = msg("There is a desk {name} already.")


ROWS = pytest.mark.parametrize("rows", [1, 30], ids=["one row", "many rows"])
"""Many rows reach PostgreSQL by COPY, whose errors have another format."""

LIEGE: dict[str, Any] = {"id": ANNA, "name": "Liège", "seats": 1}
GUEST: dict[str, Any] = {"id": BRUNO, "name": "Liège", "lent": 1}
MORNING: dict[str, Any] = {"desk": "Liège", "day": "2026-03-02", "at": "09:00"}


async def insert(store: Store, table: type[SQLModel], row: dict[str, Any], rows: int, guard: str | None = None) -> None:
    """Insert this row and `rows - 1` others that violate nothing."""
    others = [{**row, **{name: uuid4() for name in ("id",) if name in row}} for _ in range(rows - 1)]
    for number, other in enumerate(others):
        other.update({name: f"{name} {number}" for name in ("name", "day") if name in row})
    async with store.work() as work:
        if guard is not None:
            work.guard(guard, DeskTaken(name="Liège"))
        await work.insert(table, [*others, row])


@ROWS
@pytest.mark.parametrize(
    ("table", "first", "second", "constraint"),
    [
        (Desk, LIEGE, {**LIEGE, "id": CHLOE}, "desks_name_unique"),
        (Desk, LIEGE, {**LIEGE, "name": "Huy"}, "desks_key"),
        (Opening, MORNING, {**MORNING, "at": "10:00"}, "openings_key"),
        (GuestDesk, GUEST, {**GUEST, "id": CHLOE}, "desks_of_guests_once"),
    ],
    ids=["unique constraint", "primary key", "primary key of two columns", "partial unique index"],
)
async def test_a_violated_constraint_is_the_refusal_that_guards_it(
    producer_store: Store, table: type[SQLModel], first: Any, second: Any, constraint: str, rows: int
) -> None:
    await insert(producer_store, table, first, 1)
    with pytest.raises(DeskTaken, match="Liège") as caught:
        await insert(producer_store, table, second, rows, constraint)
    assert isinstance(caught.value.__cause__, IntegrityError)
    assert violated_constraint(caught.value.__cause__, producer_store.metadata) == constraint
    assert is_conflict(caught.value.__cause__)


@ROWS
@pytest.mark.parametrize(
    ("table", "first", "second", "violated"),
    [
        (Desk, LIEGE, {**LIEGE, "name": "Huy"}, "desks_key"),
        (GuestDesk, GUEST, {**GUEST, "id": CHLOE}, "desks_of_guests_once"),
        (GuestDesk, GUEST, {**GUEST, "name": "Huy"}, "desks_of_guests_key"),
    ],
    ids=["of the same table", "of a table whose name begins the same", "of its primary key"],
)
async def test_a_guard_leaves_the_violation_of_another_constraint_alone(
    producer_store: Store, table: type[SQLModel], first: Any, second: Any, violated: str, rows: int
) -> None:
    await insert(producer_store, table, first, 1)
    with pytest.raises(IntegrityError) as caught:
        await insert(producer_store, table, second, rows, "desks_name_unique")
    assert violated_constraint(caught.value, producer_store.metadata) == violated


@ROWS
async def test_a_guard_leaves_a_missing_value_alone(producer_store: Store, rows: int) -> None:
    with pytest.raises(IntegrityError) as caught:
        await insert(producer_store, Desk, {**LIEGE, "seats": None}, rows, "desks_name_unique")
    assert violated_constraint(caught.value, producer_store.metadata) is None
    assert not is_conflict(caught.value)


async def test_a_row_that_is_added_alone_is_guarded_too(producer_store: Store) -> None:
    await insert(producer_store, Desk, LIEGE, 1)

    async def add() -> None:
        async with producer_store.work() as work:
            work.guard("desks_name_unique", DeskTaken(name="Liège"))
            work.add(Desk(name="Liège", seats=1))

    with pytest.raises(DeskTaken):
        await add()


@pytest.mark.parametrize("name", ["desks", "desks_name", "desk_name_unique", "desks_name_unique_", "inbox"])
async def test_a_guard_must_name_an_existing_constraint(producer_store: Store, name: str) -> None:
    async with producer_store.work() as work:
        with pytest.raises(UnknownConstraint, match=rf"'{name}'; there are .*desks_key, desks_name_unique, "):
            work.guard(name, DeskTaken(name="Liège"))


async def test_errors_of_the_store_never_contain_personal_data(producer_store: Store) -> None:
    async with producer_store.work() as work:
        work.add(Desk(name="Mme Lambert", seats=1))
    with pytest.raises(IntegrityError) as caught:
        async with producer_store.work() as work:
            await work.insert(Desk, [{"id": uuid4(), "name": name, "seats": 1} for name in ("other", "Mme Lambert")])
    assert "[SQL: INSERT" in str(caught.value)
    assert "Mme Lambert" not in logged(caught.value)


async def test_an_aggregate_inserted_in_bulk_or_deleted_is_known_within_the_same_work(producer_store: Store) -> None:
    async with producer_store.work() as work:
        assert await work.find(Tally, ANNA) is None
        await work.insert(Tally, [{"id": ANNA, "version": 1, "correlation_id": uuid4(), "trail": [1]}])
        tally = await work.load(Tally, ANNA)
        await work.session.delete(tally)
        assert await work.find(Tally, ANNA) is None
        await work.session.flush()
        assert await work.find(Tally, ANNA) is None


async def test_a_new_row_of_any_key_is_found_within_the_same_work(producer_store: Store) -> None:
    """Two events about the same new row can be in one batch: the second finds the row that the first added."""
    key = ("accueil-1", "MO")
    async with producer_store.work() as work:
        assert await work.find(Opening, key) is None
        added = work.add(Opening(desk=key[0], day=key[1], at="09:00"))
        assert await work.find(Opening, key) is added
        added.at = "10:00"
        assert await work.find(Desk, ANNA) is None
        await work.insert(Desk, [{"id": ANNA, "name": "accueil-2", "seats": 1}])
        assert await work.find(Desk, ANNA) is not None
    async with producer_store.read() as session:
        assert [row.at for row in await session.scalars(sa.select(Opening))] == ["10:00"]


async def test_two_events_about_one_new_row_are_one_batch(
    consumer_store: Store, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two aggregates' events change the same new row: the batch is not retried event by event."""

    async def furnish(work: Any, event: Any) -> None:
        opening = await work.find(Opening, ("accueil-1", "MO"))
        if opening is None:
            opening = work.add(Opening(desk="accueil-1", day="MO", at=""))
        opening.at += f" {event.number}"

    sample.reactions.by_type.clear()
    sample.reactions.on(sample.event)(furnish)
    works: list[Any] = []
    opened = consumer_store.work

    def counted(*cause: Any) -> Any:
        works.append(cause)
        return opened(*cause)

    monkeypatch.setattr(consumer_store, "work", counted)
    await consumer_for(consumer_store, sample.reactions).process(
        [sample.record_of(ANNA, 1, 3), sample.record_of(BRUNO, 1, 4)]
    )
    async with consumer_store.read() as session:
        assert [row.at for row in await session.scalars(sa.select(Opening))] == [" 3 4"]
    assert len(works) == 1


async def test_an_event_of_a_reaction_keeps_the_correlation_and_names_its_cause(
    consumer_store: Store, sample: Sample, producer_store: Store
) -> None:
    """From check-in to referral: an event that a reaction emits carries its cause's correlation id and id."""
    correlation, cause = uuid4(), uuid4()

    async def emit_next(work: Any, event: Any) -> None:
        tally = work.start(Tally(id=event.tally_id))
        work.emit(tally, event)

    sample.reactions.by_type.clear()
    sample.reactions.on(sample.event)(emit_next)
    record = record_of(sample.event(tally_id=ANNA, number=1), 1, id=cause, correlation_id=correlation)
    await consumer_for(consumer_store, sample.reactions).process([record])
    outbox = consumer_store.table("outbox")
    async with consumer_store.read() as session:
        [row] = (await session.execute(outbox.select())).all()
    headers = dict(unpack_headers(row.headers))
    assert UUID((headers["ce_correlationid"] or b"").decode()) == correlation
    assert UUID((headers["ce_causationid"] or b"").decode()) == cause
    assert row.said_at - consumer_store.clock() == timedelta()


def logged(error: BaseException | None) -> str:
    """What a log contains of an error and its causes."""
    return "" if error is None else f"{type(error).__name__}: {error}\n{logged(error.__cause__)}"


class AlreadyThere(Refused):
    slug = "already-there"
    message = msg("There is a desk of this name.")


async def test_many_rows_keep_their_values_and_the_constraints(producer_store: Store) -> None:
    """Many rows are inserted in another way (COPY on PostgreSQL): values and constraints are the same."""
    many = [{"id": uuid4(), "name": f"Bureau {number} «é»\t\\N", "seats": number} for number in range(200)]
    async with producer_store.work() as work:
        await work.insert(Desk, many)
    async with producer_store.read() as session:
        kept = (await session.scalars(sa.select(Desk).order_by(sa.text("seats")))).all()
    assert [one.model_dump() for one in kept] == many
    again = [{"id": uuid4(), "name": f"Bureau {number}", "seats": number} for number in range(100)]
    again[70]["name"] = many[3]["name"]

    async def insert_again() -> None:
        async with producer_store.work() as work:
            work.guard("desks_name_unique", AlreadyThere())
            await work.insert(Desk, again)

    with pytest.raises(AlreadyThere) as caught:
        await insert_again()
    assert "Bureau 3" not in logged(caught.value)
    async with producer_store.read() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Desk)) == 200


async def test_a_cancelled_unit_of_work_leaves_nothing_locked(producer_store: Store, open_store: StoreOf) -> None:
    started = asyncio.Event()

    async def busy() -> None:
        async with producer_store.work() as work:
            rows = [{"id": uuid4(), "name": f"Bureau {number}", "seats": 1} for number in range(3000)]
            started.set()
            for start in range(0, len(rows), 10):
                await work.insert(Desk, rows[start : start + 10])

    task = asyncio.create_task(busy())
    await started.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    ended = await asyncio.gather(task, return_exceptions=True)  # its frames refer to every statement
    assert isinstance(ended[0], asyncio.CancelledError)
    async with asyncio.timeout(5), open_store("producer").work() as work:
        work.add(Desk(name="Accueil du public", seats=1))
    async with producer_store.read() as session:
        assert (await session.scalars(sa.select(col(Desk.name)))).all() == ["Accueil du public"]
