"""Dead letters by the API: listed, shown, retried and discarded."""

from uuid import uuid4

from services.chassis.testing import Client
from tests.chassis.conftest import DESK
from tests.chassis.web.dead_letters.records import API, served


async def test_a_dead_letter_is_listed_shown_and_discarded(operator: Client) -> None:
    await operator.consume(served(uuid4())._replace(value=b"\xff{"))
    [listed] = (await operator.get(API, params={"state": "dead"})).json()
    assert (listed["reason"], listed["service"], listed["partition"], listed["offset"]) == ("bad-data", "sample", 1, 7)
    shown = (await operator.get(f"{API}/{listed['id']}")).json()
    assert shown["value"] == ""
    assert shown["encrypted_until"]
    assert ["ce_type", "cefo.intake.visit-served.v1"] in shown["headers"]
    retried = await operator.post(f"{API}/{listed['id']}/retry")
    assert (retried.status_code, retried.json()["type"]) == (409, "/problems/retry-failed")
    [fault] = retried.json()["errors"]
    assert (fault["field"], fault["reason"]) == ("event", "bad-data")
    discarded = await operator.post(f"{API}/{listed['id']}/discard", json={"reason": "noise"})
    assert discarded.json() == {"state": "discarded"}
    assert (await operator.get(f"{API}/{listed['id']}")).json()["decision"] == "t/ops: noise"
    assert (await operator.get(API, params={"state": "dead"})).json() == []


async def test_a_held_event_is_listed_and_a_retry_leaves_it_held(operator: Client) -> None:
    await operator.consume(served(uuid4(), 3))
    [held] = (await operator.get(API, params={"state": "held"})).json()
    assert (held["sequence"], held["reason"]) == (3, "ahead")
    assert (await operator.post(f"{API}/{held['id']}/retry")).json() == {"state": "held"}


async def test_dead_letters_and_republishing_are_the_operators_alone(client: Client) -> None:
    for person, status in ((None, 401), (DESK, 403)):
        client.signed_in(person)
        for method, path in (("GET", ""), ("GET", f"/{uuid4()}"), ("POST", f"/{uuid4()}/retry")):
            assert (await client.request(method, API + path)).status_code == status
        assert (await client.post("/sample/api/v1/republish")).status_code == status


async def test_an_unknown_dead_letter_is_404_and_a_list_is_bounded(operator: Client) -> None:
    assert (await operator.get(f"{API}/{uuid4()}")).status_code == 404
    assert (await operator.post(f"{API}/{uuid4()}/retry")).status_code == 404
    assert (await operator.post(f"{API}/{uuid4()}/discard", json={"reason": "x"})).status_code == 404
    assert (await operator.get(API, params={"limit": 201})).status_code == 422
