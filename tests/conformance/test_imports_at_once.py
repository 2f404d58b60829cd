"""The same file imported twice at the same time: each line is stored once, the other is answered as a repeat."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from services.chassis.service.definition import Service
from services.chassis.storage.store import Store, Work
from services.chassis.testing import store_of
from services.chassis.web import Outcome
from services.chassis.web.imports import record_batch
from services.contracts.directory import CentrePublished, OpeningHours
from services.intake import imports as visits
from services.intake.app import SERVICE as INTAKE
from services.scheduling.app import SERVICE as SCHEDULING
from services.scheduling.imports import InterviewLine, WorkshopLine, record_interviews, record_workshops
from tests.conformance.conftest import STORES
from tests.parts.postgres import PostgresServer

SPRING = datetime(2017, 3, 27, 7, 5, tzinfo=UTC)
LIEGE = CentrePublished(
    centre="liege",
    name="Cité des métiers de Liège",
    kind="cite",
    areas=("find-job",),
    timezone="Europe/Brussels",
    opening_hours=(OpeningHours(weekdays=("MO",), opens_at="09:00", closes_at="12:00"),),
)
Record = Callable[[Work, list[tuple[int, Any]]], Awaitable[Outcome]]


@dataclass(frozen=True)
class Import:
    """An import: its service, its table, the function that records a batch, and a line."""

    service: Service
    table: str
    record: Record
    line: Callable[[int], Any]


def visit(number: int) -> visits.VisitLine:
    at = SPRING + timedelta(minutes=number)
    return visits.VisitLine.model_validate(
        {"visit_id": uuid4(), "centre": "liege", "status": "no_queue", "checked_in_at": at}
    )


def interview(number: int) -> InterviewLine:
    """A guidance interview without a number: the import numbers it, and a retry gives it the same number."""
    line: dict[str, Any] = {
        "interview_id": uuid4(),
        "kind": "guidance",
        "centre": "liege",
        "counsellor": "liege-c01",
        "starts_at": SPRING + timedelta(days=number),
        "minutes": 60,
        "status": "fulfilled",
        "path_id": uuid4(),
        "method": "individual",
        "subject_ref": uuid4(),
    }
    return InterviewLine.model_validate(line)


def workshop(number: int) -> WorkshopLine:
    line: dict[str, Any] = {
        "workshop_id": uuid4(),
        "centre": "liege",
        "title": "Changer de voie",
        "seats": 8,
        "counsellor": "liege-c01",
        "sessions": [{"session_id": uuid4(), "starts_at": SPRING + timedelta(days=number), "minutes": 120}],
        "participants": [{"seat_id": uuid4(), "subject_ref": uuid4(), "path_id": uuid4(), "attended": [True]}],
    }
    return WorkshopLine.model_validate(line)


IMPORTS = {
    "visits": Import(INTAKE, "visits", visits.record_visits, visit),
    "interviews": Import(SCHEDULING, "interviews", record_interviews, interview),
    "workshops": Import(SCHEDULING, "workshops", record_workshops, workshop),
}


@pytest.fixture(params=IMPORTS)
def case(request: pytest.FixtureRequest) -> Import:
    return IMPORTS[request.param]


@pytest.fixture(params=STORES)
async def stores(request: pytest.FixtureRequest, case: Import, tmp_path: Path) -> AsyncGenerator[list[Store]]:
    """The same store opened twice, as by two processes, with the centre Liège."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'imports.db'}"
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = (await server.create_database("imports_at_once")).replace("postgresql://", "postgresql+asyncpg://")
    async with store_of(case.service, url) as one, store_of(case.service, url) as other:
        async with one.work() as work:
            await case.service.reactions.by_type[LIEGE.type].react(work, LIEGE)
        yield [one, other]


class Both:
    """Delays the first insert of both imports until both have read: the worst interleaving.

    On SQLite the second cannot read before the first has committed; there no insert is delayed.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._both_read = asyncio.Barrier(2)
        self._delayed = 0
        self.runs = 0

    async def __call__(self, work: Work, lines: list[tuple[int, Any]]) -> Outcome:
        self.runs += 1
        insert = work.insert

        async def after_both(table: Any, rows: Any) -> None:
            if self._delayed < 2 and work.session.get_bind().dialect.name == "postgresql":
                self._delayed += 1
                await self._both_read.wait()
            await insert(table, rows)

        work.insert = after_both
        return await self._record(work, lines)


async def rows(store: Store, table: str) -> int:
    async with store.read() as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(store.table(table))) or 0


async def test_the_same_lines_imported_twice_at_once_are_stored_once(stores: list[Store], case: Import) -> None:
    batch = [(number, case.line(number)) for number in range(1, 6)]
    both = Both(case.record)
    async with asyncio.timeout(60):
        outcomes = await asyncio.gather(*(record_batch(store, batch, both) for store in stores))
    assert sorted(outcome.accepted for outcome in outcomes) == [0, 5]
    assert [outcome.bad for outcome in outcomes] == [[], []]
    assert await rows(stores[0], case.table) == 5
    emitted = await rows(stores[0], "outbox")
    assert both.runs == (2 if stores[0].sqlite else 3), "no import had a conflict: the test has tested nothing"
    again = await record_batch(stores[1], batch, case.record)
    assert (again.accepted, again.bad) == (0, [])
    assert await rows(stores[0], "outbox") == emitted


async def test_two_files_that_share_lines_in_another_order_are_both_imported(stores: list[Store], case: Import) -> None:
    """They deadlock on each other's rows; the store aborts one of them, and it is retried."""
    shared = [case.line(number) for number in range(1, 41)]
    there, back = list(enumerate(shared, 1)), list(enumerate(reversed([*shared, case.line(50)]), 1))
    async with asyncio.timeout(60):
        both = Both(case.record)
        outcomes = await asyncio.gather(record_batch(stores[0], there, both), record_batch(stores[1], back, both))
    assert sum(outcome.accepted for outcome in outcomes) == 41
    assert [outcome.bad for outcome in outcomes] == [[], []]
    assert await rows(stores[0], case.table) == 41


@pytest.mark.parametrize("case", [IMPORTS["interviews"]], ids=["interviews"])
async def test_repeated_lines_of_an_existing_path_are_recognised(stores: list[Store], case: Import) -> None:
    """A repeated line must not add an interview to its path."""
    first = interview(1)
    path = {"path_id": first.path_id, "subject_ref": first.subject_ref}
    rest = [interview(number).model_copy(update=path) for number in (2, 3, 4)]
    assert (await record_batch(stores[0], [(1, first)], case.record)).accepted == 1
    batch = list(enumerate(rest, 1))
    outcomes = await asyncio.gather(*(record_batch(store, batch, case.record) for store in stores))
    assert sorted(outcome.accepted for outcome in outcomes) == [0, 3]
    assert [outcome.bad for outcome in outcomes] == [[], []]
