"""The gauges of dead letters."""

from datetime import UTC, datetime
from uuid import uuid4

import prometheus_client

from services.chassis.service.gauges import measure
from services.chassis.testing import Client, record_of
from services.contracts.intake import VisitServed


async def test_dead_letters_are_counted_by_state(client: Client) -> None:
    served = record_of(VisitServed(visit_id=uuid4(), centre="huy", at=datetime(2026, 3, 2, 9, tzinfo=UTC)), 4)
    await client.consume(served, served._replace(value=b"{"))
    await measure(client.store, client.runtime.consumer)
    metrics = prometheus_client.generate_latest().decode()
    assert 'cefo_dead_letters{service="sample",state="held"} 1.0' in metrics
    assert 'cefo_dead_letters{service="sample",state="dead"} 1.0' in metrics
    assert 'cefo_dead_letters{service="sample",state="retried"} 0.0' in metrics
