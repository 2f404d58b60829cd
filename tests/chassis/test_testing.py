"""What tests of services stand on: a clock to move, records as a consumer reads them, a store from its migrations."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa

from services.chassis.testing import FixedClock, emitted, record_of, store_of
from services.contracts.cloudevents import read_event
from services.contracts.intake import DeskCheckIn, VisitLeft, VisitServed
from services.intake.app import SERVICE

NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)
SERVED = VisitServed(visit_id=uuid4(), centre="huy", at=NOON)


def test_a_fixed_clock_moves_only_when_it_is_put_forward() -> None:
    clock = FixedClock(NOON)
    assert clock() == clock() == NOON
    assert clock.forward(hours=1, minutes=5) == clock() == NOON + timedelta(minutes=65)


def test_a_record_is_read_as_the_event_it_was_made_of() -> None:
    chain, cause = uuid4(), uuid4()
    read = read_event(record_of(SERVED, 3, time=NOON, correlation_id=chain, causation_id=cause))
    assert (read.event, read.source, read.sequence, read.time) == (SERVED, "/intake", 3, NOON)
    assert (read.correlation_id, read.causation_id) == (chain, cause)
    kiosk = DeskCheckIn(visit_id=uuid4(), centre="huy", at=NOON)
    assert read_event(record_of(kiosk, 1, source="/desks/huy/kiosk-1")).source == "/desks/huy/kiosk-1"


async def test_a_store_is_made_by_the_migrations_of_its_service(tmp_path: Path) -> None:
    for name in ("first", "copied"):
        async with store_of(SERVICE, f"sqlite+aiosqlite:///{tmp_path}/{name}.db") as store, store.read() as session:
            tables = await session.scalars(sa.text("select name from sqlite_master where type = 'table'"))
            assert {*store.metadata.tables, "alembic_version"} <= set(tables)


async def test_emitted_events_are_read_in_order_and_by_type(tmp_path: Path) -> None:
    left = VisitLeft(visit_id=SERVED.visit_id, centre="huy", at=NOON)
    async with store_of(SERVICE, f"sqlite+aiosqlite:///{tmp_path}/intake.db") as store:
        async with store.work() as work:
            for sequence, event in enumerate((SERVED, left), 1):
                work.emit_row_event(event, sequence=sequence, correlation_id=uuid4())
        assert [one.event for one in await emitted(store)] == [SERVED, left]
        assert [one.event for one in await emitted(store, VisitLeft)] == [left]
