"""The test mode for the makers of a desk's software: the answer is the real one, and nothing is kept."""

from typing import Any
from uuid import uuid4

import pytest

from services.chassis.testing import Client, emitted
from services.contracts.intake import DeskCheckIn, VisitCheckedIn
from tests.givens.intake import MONDAY, NAMUR_DESK

CHECK_IN = {"centre": "liege", "area": "find-job"}
STRUCTURED = {"content-type": "application/cloudevents+json"}


async def kept(client: Client) -> int:
    """How many visits there are, as events said."""
    return len(await emitted(client.store, VisitCheckedIn))


async def test_a_tried_check_in_has_the_next_ticket_and_is_not_kept(client: Client) -> None:
    for _ in range(2):
        answer = await client.put(f"/intake/api/v1/visits/{uuid4()}?test=true", json=CHECK_IN)
        assert (answer.status_code, answer.json()["ticket"], answer.json()["ticket_page"]) == (200, "E-001", None)
    key = {"Idempotency-Key": "monday-1"}
    tried = await client.post("/intake/api/v1/visits?test=true", json=CHECK_IN, headers=key)
    assert (tried.status_code, tried.json()["ticket"]) == (201, "E-001")
    assert (await client.get(f"/intake/api/v1/visits/{tried.json()['id']}")).status_code == 404
    assert await kept(client) == 0
    real = await client.post("/intake/api/v1/visits", json=CHECK_IN, headers=key)
    assert real.json() == tried.json() | {"ticket_page": real.json()["ticket_page"]}
    assert await kept(client) == 1


async def test_a_tried_group_has_its_tickets_and_is_not_kept(client: Client) -> None:
    answer = await client.post(
        "/intake/api/v1/visits/groups?test=true", json=CHECK_IN | {"people": 3}, headers={"Idempotency-Key": "class-1"}
    )
    assert [one["ticket"] for one in answer.json()] == ["E-001", "E-002", "E-003"]
    assert await kept(client) == 0


async def test_what_refuses_a_check_in_refuses_its_trial(client: Client) -> None:
    id = uuid4()
    assert (await client.put(f"/intake/api/v1/visits/{id}", json=CHECK_IN)).status_code == 200
    for body in (CHECK_IN | {"area": "gardening"}, CHECK_IN | {"channel": "kiosk"}):
        real = await client.put(f"/intake/api/v1/visits/{id}", json=body)
        tried = await client.put(f"/intake/api/v1/visits/{id}?test=true", json=body)
        assert (tried.status_code, tried.json()) == (real.status_code, real.json())
        assert tried.status_code in (409, 422)
    again = await client.put(f"/intake/api/v1/visits/{id}?test=true", json=CHECK_IN)
    assert (again.status_code, again.json()["ticket"]) == (200, "E-001")
    assert await kept(client) == 1


def event(**changed: Any) -> dict[str, Any]:
    """A check-in of a desk's software, in structured mode."""
    visit = str(uuid4())
    data = {"visit_id": visit, "at": MONDAY.isoformat(), **CHECK_IN}
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/desks/liege/sample",
        "type": DeskCheckIn.type,
        "subject": visit,
        "datacontenttype": "application/json",
        "data": data | changed.pop("data", {}),
        **changed,
    }


async def tried(client: Client, body: object, centre: str = "liege") -> dict[str, Any]:
    """What would happen to this event."""
    path = f"/intake/api/v1/check-ins/test-event?centre={centre}"
    answer = await client.post(path, json=body, headers=STRUCTURED)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_tried_event_has_its_ticket_and_is_not_kept(client: Client) -> None:
    for _ in range(2):
        found = await tried(client, event())
        assert (found["outcome"], found["reason"], found["visit"]["ticket"]) == ("checked-in", None, "E-001")
    assert await kept(client) == 0


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"data": {"given_name": "Prénom"}}, "undeclared-fields"),
        ({"data": {"area": "gardening"}}, "unknown-area"),
        ({"data": {"centre": "namur"}}, "foreign-centre"),
        ({"data": {"at": "yesterday"}}, "bad-data"),
        ({"source": "/services/intake"}, "foreign-source"),
        ({"type": "cefo.intake.visit-left.v1"}, "foreign-topic"),
        ({"specversion": "0.3"}, "bad-envelope"),
        ({"type": "cefo.desk.checkin.v1"}, "unknown-type"),
    ],
)
async def test_a_tried_event_names_the_reason_of_its_dead_letter(
    client: Client, changed: dict[str, Any], reason: str
) -> None:
    found = await tried(client, event(**changed))
    assert (found["outcome"], found["reason"], found["visit"]) == ("refused", reason, None)
    assert found["detail"]
    letters = client.store.table("dead_letters")
    async with client.store.read() as session:
        assert (await session.execute(letters.select())).all() == []


async def test_an_event_is_tried_by_the_centre_s_own_desk(client: Client) -> None:
    client.signed_in(NAMUR_DESK)
    answer = await client.post("/intake/api/v1/check-ins/test-event?centre=liege", json=event(), headers=STRUCTURED)
    assert answer.status_code == 403
