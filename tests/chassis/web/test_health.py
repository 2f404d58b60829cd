"""Whether a process is ready, and each of its services."""

from services.chassis.testing import Client


async def test_health_names_the_parts_that_do_not_answer(client: Client) -> None:
    assert (await client.get("/health/live")).json() == {"status": "ok"}
    ready = await client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json()["services"] == {"sample": {"store": True, "relay": False, "consumer": False}}
    own = await client.get("/sample/health/ready")
    assert (own.status_code, own.json()) == (503, ready.json())
