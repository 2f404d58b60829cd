"""The store keeps the rules of a path too: four interviews of one or two hours, or one final interview."""

import asyncio
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.exc import IntegrityError

from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.scheduling import InterviewHeld, Method, Side
from services.scheduling.actions import guidance, paths
from services.scheduling.domain import refusals
from services.scheduling.store import Interview
from tests.givens.events import emitted_events
from tests.givens.rows import count
from tests.givens.scheduling import LIEGE, NADIA, TOM, Visitor

TUESDAY = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
"""09:00 in Liège."""
HOURS = (0, 1, 2, 4, 5)
"""An interview of an hour can begin so long after nine."""
MIGRATION: Any = import_module("services.scheduling.migrations.versions.0027_interviews_of_a_path")
STATES = (("fulfilled", 2), ("cancelled", None), ("fulfilled", 2), ("noshow", None), ("booked", None))
"""Interviews of a path in a store of before: an import had numbered one, and the next one got the same number."""
COUNTED = {"method": "individual", "counted_as": 1, "minutes": 60, "status": "booked"}


@pytest.fixture
async def path(store: Store, adult: Visitor) -> UUID:
    async with store.work() as work:
        return (await paths.open_path(work, adult.subject_ref, LIEGE)).id


async def add_row(store: Store, path: UUID, **values: Any) -> None:
    """Insert an interview past every rule of the service."""
    facts = {"kind": "guidance", "centre": LIEGE, "counsellor": NADIA, "starts_at": TUESDAY, "path_id": path}
    ids = {"id": uuid4(), "correlation_id": uuid4(), "version": 1}
    async with store.writer.begin() as connection:
        await connection.execute(sa.insert(Interview).values(ids | facts | COUNTED | values))


async def test_of_ten_bookings_at_once_a_path_gets_four(store: Store, path: UUID) -> None:
    async def attempt(counsellor: str, hour: int) -> str:
        async with store.work() as work:
            starts_at = TUESDAY + timedelta(days=counsellor == TOM, hours=hour)
            await guidance.book(work, path, counsellor=counsellor, room=None, starts_at=starts_at, minutes=60)
        return "booked"

    attempts = [attempt(counsellor, hour) for counsellor in (NADIA, TOM) for hour in HOURS]
    answers = await asyncio.gather(*attempts, return_exceptions=True)
    assert answers.count("booked") == 4
    assert {type(answer) for answer in answers if answer != "booked"} == {refusals.FifthInterview}
    assert await count(store, "interviews") == 4
    assert await count(store, "quarter_hours") == 4 * len([NADIA, path]) * 4
    async with store.read() as session:
        rows = await session.scalars(sa.select(Interview).order_by(sa.column("counted_as")))
        assert [one.counted_as for one in rows] == [1, 2, 3, 4]


async def test_what_is_cancelled_makes_room_for_another_one(store: Store, path: UUID) -> None:
    for _ in range(6):
        async with store.work() as work:
            booked = await guidance.book(work, path, counsellor=NADIA, room=None, starts_at=TUESDAY, minutes=60)
        async with store.work() as work:
            found = await guidance.interview_of(work, booked.id)
            await guidance.cancel(work, found, by=Side.VISITOR, reason="transport")
    assert await count(store, "interviews") == 6


@pytest.mark.parametrize(
    "wrong",
    [
        {"counted_as": 5},
        {"counted_as": 0},
        {"method": "collective", "counted_as": 2},
        {"minutes": 45},
        {"status": "fulfilled", "number": 5},
    ],
)
async def test_the_store_refuses_what_no_path_allows(store: Store, path: UUID, wrong: dict[str, Any]) -> None:
    await add_row(store, path)
    with pytest.raises(IntegrityError):
        await add_row(store, path, **{"counted_as": 2} | wrong)
    assert await count(store, "interviews") == 1


@pytest.mark.parametrize("method", [Method.INDIVIDUAL.value, Method.COLLECTIVE.value])
@pytest.mark.parametrize("status", ["booked", "fulfilled"])
async def test_two_interviews_never_count_as_the_same(store: Store, path: UUID, method: str, status: str) -> None:
    await add_row(store, path, method=method, status=status)
    with pytest.raises(IntegrityError):
        await add_row(store, path, method=method)
    await add_row(store, path, method=method, status="cancelled")
    await add_row(store, path, method=method, status="noshow")
    await add_row(store, uuid4(), method=method)


async def test_two_interviews_never_have_the_same_number(store: Store, path: UUID) -> None:
    await add_row(store, path, status="fulfilled", number=1)
    with pytest.raises(IntegrityError):
        await add_row(store, path, status="fulfilled", counted_as=2, number=1)


async def test_an_interview_takes_the_first_number_that_an_import_left(
    store: Store, path: UUID, clock: FixedClock
) -> None:
    await add_row(store, path, status="fulfilled", number=2, starts_at=TUESDAY - timedelta(days=30))
    async with store.work() as work:
        booked = await guidance.book(work, path, counsellor=NADIA, room=None, starts_at=TUESDAY, minutes=60)
    clock.now = TUESDAY + timedelta(hours=1)
    async with store.work() as work:
        await guidance.hold(work, await guidance.interview_of(work, booked.id))
    assert [held.number for held in await emitted_events(store, InterviewHeld)] == [1]


async def update(store: Store, path: UUID, rows: list[dict[str, Any]], *later: Any) -> None:
    """Take the migration back, after these `later` ones, insert these rows and update."""

    def work(connection: sa.Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            for migration in (*later, MIGRATION):
                migration.downgrade()
        inspected = sa.inspect(Interview).columns
        known = {column["name"] for column in sa.inspect(connection).get_columns("interviews")}
        table = sa.table("interviews", *(sa.column(one.name, one.type) for one in inspected if one.name in known))
        for nth, row in enumerate(rows):
            facts = {"kind": "guidance", "centre": LIEGE, "counsellor": NADIA, "path_id": path, "method": "individual"}
            facts |= {"id": uuid4(), "correlation_id": uuid4(), "version": 1, "minutes": 60}
            at = TUESDAY + timedelta(days=nth)
            connection.execute(sa.insert(table).values(facts | {"starts_at": at} | row))
        with Operations.context(MigrationContext.configure(connection)):
            for migration in (MIGRATION, *reversed(later)):
                migration.upgrade()

    async with store.writer.begin() as connection:
        await connection.run_sync(work)


async def counted_and_numbered(store: Store) -> list[tuple[int | None, int | None]]:
    async with store.read() as session:
        rows = await session.scalars(sa.select(Interview).order_by(sa.column("starts_at")))
        return [(one.counted_as, one.number) for one in rows]


async def test_an_update_counts_the_interviews_of_before(store: Store, path: UUID) -> None:
    await update(store, path, [{"status": status, "number": number} for status, number in STATES])
    assert await counted_and_numbered(store) == [(1, 1), (None, None), (2, 2), (None, None), (3, None)]
    with pytest.raises(IntegrityError):
        await add_row(store, path, counted_as=3)


@pytest.mark.parametrize("numbers", [(1, 2, 3, 4, 4), (1, 2, 3, 4, 5)])
async def test_an_update_leaves_a_fifth_interview_without_a_number(
    store: Store, path: UUID, numbers: tuple[int, ...]
) -> None:
    await update(store, path, [{"status": "fulfilled", "number": number} for number in numbers])
    assert await counted_and_numbered(store) == [(1, 1), (2, 2), (3, 3), (4, 4), (None, None)]


async def test_an_update_names_what_is_outside_the_rules(store: Store, path: UUID) -> None:
    wrong = uuid4()
    rows: list[dict[str, Any]] = [{"status": "fulfilled"}, {"status": "fulfilled", "id": wrong, "minutes": 45}]
    with pytest.raises(ValueError, match="1 interviews are outside the rule") as refused:
        await update(store, path, rows)
    assert wrong.hex in str(refused.value).replace("-", "")


async def test_it_is_taken_back_after_a_later_migration_too(store: Store, path: UUID) -> None:
    later = ("0048_interpreters_and_erased_persons_by_index", "0029_how_interviews_take_place")
    taken_back = [import_module(f"services.scheduling.migrations.versions.{one}") for one in later]
    await update(store, path, [{"status": "booked"}], *taken_back)
    assert await counted_and_numbered(store) == [(1, None)]
    with pytest.raises(IntegrityError):
        await add_row(store, path, counted_as=5)
