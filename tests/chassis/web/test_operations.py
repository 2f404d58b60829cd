"""Backlog, republishing and rebuilds: for operators alone."""

from uuid import uuid4

import pytest
from aiokafka.errors import RequestTimedOutError

from services.chassis.events.consumer import Consumer
from services.chassis.testing import Client, emitted
from services.contracts.intake import VisitLeft
from tests.chassis.conftest import DESK

REBUILD = "/sample/api/v1/rebuild"


async def test_backlog_and_republish_count_events(operator: Client) -> None:
    async with operator.store.work() as work:
        for sequence in (1, 2):
            left = VisitLeft(visit_id=uuid4(), centre="huy", at=work.now)
            work.emit_row_event(left, sequence=sequence, correlation_id=uuid4())
    assert len(await emitted(operator.store, VisitLeft)) == 2
    assert (await operator.get("/sample/api/v1/backlog")).json()["unsent"] == 2
    assert (await operator.post("/sample/api/v1/republish")).json() == {"events": 0}
    outbox = operator.store.table("outbox")
    async with operator.store.work() as work:
        await work.session.execute(outbox.update().values(sent_at=work.now))
    assert (await operator.get("/sample/api/v1/backlog")).json()["unsent"] == 0
    assert (await operator.post("/sample/api/v1/republish")).json() == {"events": 2}
    assert (await operator.get("/sample/api/v1/backlog")).json()["unsent"] == 2


async def test_the_backlog_says_that_the_broker_is_away(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_: Consumer) -> int:
        raise RequestTimedOutError

    monkeypatch.setattr(Consumer, "unread", away)
    answer = await operator.get("/sample/api/v1/backlog")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/broker-away")


async def test_a_service_that_owns_its_data_refuses_a_rebuild(operator: Client) -> None:
    for answer in (await operator.post(REBUILD, json={}), await operator.get(REBUILD)):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-a-read-model")
        assert "sample" in answer.json()["detail"]


async def test_a_rebuild_is_the_operators_alone(client: Client) -> None:
    for person, status in ((None, 401), (DESK, 403)):
        client.signed_in(person)
        assert (await client.post(REBUILD, json={})).status_code == status
        assert (await client.get(REBUILD)).status_code == status
