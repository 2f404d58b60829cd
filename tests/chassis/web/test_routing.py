"""Routes: who may use them, and the unit of work that each request gets."""

from services.chassis.testing import Client
from tests.chassis.conftest import DESK, OPERATOR
from tests.chassis.sample_service import NOTES, stored_notes


async def test_a_change_is_committed_before_the_answer(client: Client) -> None:
    answer = await client.signed_in(DESK).post(NOTES, json={"words": "bonjour"})
    assert answer.status_code == 201
    assert await stored_notes(client) == ["bonjour"]


async def test_a_route_that_only_reads_cannot_write(client: Client) -> None:
    answer = await client.get("/sample/api/v1/broken")
    assert answer.status_code in (500, 503)
    assert await stored_notes(client) == []


async def test_a_person_without_session_or_role_is_refused(client: Client) -> None:
    nobody = await client.post(NOTES, json={"words": "x"})
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    assert (await client.signed_in(OPERATOR).post(NOTES, json={"words": "x"})).status_code == 403
    assert await stored_notes(client) == []
