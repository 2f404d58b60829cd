"""What an operator does with dead letters, and the rest of operating a service."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.chassis.testing import Client, emitted, record_of
from services.contracts.cloudevents import Record
from services.contracts.intake import VisitLeft, VisitServed
from tests.chassis.conftest import DESK, OPERATOR

LETTERS = "/sample/api/v1/dead-letters"
REBUILD = "/sample/api/v1/rebuild"


def served(sequence: int = 1) -> Record:
    event = VisitServed(visit_id=uuid4(), centre="huy", at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    return record_of(event, sequence)._replace(partition=1, offset=7)


@pytest.fixture
async def operator(client: Client) -> Client:
    return client.signed_in(OPERATOR)


async def test_a_dead_letter_is_listed_shown_and_discarded(operator: Client) -> None:
    await operator.consume(served()._replace(value=b"\xff{"))
    [listed] = (await operator.get(LETTERS, params={"state": "dead"})).json()
    assert (listed["reason"], listed["service"], listed["partition"], listed["offset"]) == ("bad-data", "sample", 1, 7)
    shown = (await operator.get(f"{LETTERS}/{listed['id']}")).json()
    assert shown["value"] == "\\xff{"
    assert ["ce_type", "cefo.intake.visit-served.v1"] in shown["headers"]
    retried = await operator.post(f"{LETTERS}/{listed['id']}/retry")
    assert (retried.status_code, retried.json()["type"]) == (409, "/problems/retry-failed")
    assert "bad-data" in retried.json()["detail"]
    discarded = await operator.post(f"{LETTERS}/{listed['id']}/discard", json={"reason": "noise"})
    assert discarded.json() == {"state": "discarded"}
    assert (await operator.get(f"{LETTERS}/{listed['id']}")).json()["decision"] == "t/ops: noise"
    assert (await operator.get(LETTERS, params={"state": "dead"})).json() == []


async def test_a_held_event_is_listed_and_a_retry_leaves_it_held(operator: Client) -> None:
    await operator.consume(served(3))
    [held] = (await operator.get(LETTERS, params={"state": "held"})).json()
    assert (held["sequence"], held["reason"]) == (3, "ahead")
    assert (await operator.post(f"{LETTERS}/{held['id']}/retry")).json() == {"state": "held"}


async def test_nobody_but_operators_sees_dead_letters(client: Client) -> None:
    for person, status in ((None, 401), (DESK, 403)):
        client.signed_in(person)
        for method, path in (("GET", ""), ("GET", f"/{uuid4()}"), ("POST", f"/{uuid4()}/retry")):
            assert (await client.request(method, LETTERS + path)).status_code == status
        assert (await client.post("/sample/api/v1/republish")).status_code == status


async def test_an_unknown_letter_is_404_and_a_list_is_bounded(operator: Client) -> None:
    assert (await operator.get(f"{LETTERS}/{uuid4()}")).status_code == 404
    assert (await operator.post(f"{LETTERS}/{uuid4()}/retry")).status_code == 404
    assert (await operator.post(f"{LETTERS}/{uuid4()}/discard", json={"reason": "x"})).status_code == 404
    assert (await operator.get(LETTERS, params={"limit": 201})).status_code == 422


async def test_the_page_lists_letters(operator: Client) -> None:
    await operator.consume(served()._replace(value=b"{"), served(4))
    page = await operator.get("/sample/dead-letters", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "bad-data" in page.text
    assert "ahead" in page.text


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


async def test_what_owns_its_data_is_not_rebuilt(operator: Client) -> None:
    for answer in (await operator.post(REBUILD, json={}), await operator.get(REBUILD)):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-a-read-model")
        assert "sample" in answer.json()["detail"]


async def test_nobody_but_operators_rebuilds(client: Client) -> None:
    for person, status in ((None, 401), (DESK, 403)):
        client.signed_in(person)
        assert (await client.post(REBUILD, json={})).status_code == status
        assert (await client.get(REBUILD)).status_code == status
