"""A process: its limits for request bodies."""

from collections.abc import AsyncGenerator

from services.chassis.testing import Client
from tests.chassis.conftest import DESK
from tests.chassis.sample_service import NOTES, stored_notes

PAGE = {"accept": "text/html"}


async def test_an_oversized_body_is_refused(client: Client) -> None:
    client.signed_in(DESK)

    async def of_unknown_length() -> AsyncGenerator[bytes]:
        yield b'{"words": "'
        for _ in range(30):
            yield b"x" * 100

    for body in (b'{"words": "%s"}' % (b"x" * 3000), of_unknown_length()):
        answer = await client.post(NOTES, content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")
        assert "2048" in answer.json()["detail"]
        assert answer.json()["errors"][0]["field"] == "body"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = await client.post("/sample/notes", data={"words": "x" * 3000}, headers=PAGE)
    assert (page.status_code, page.headers["location"]) == (303, "/")
    assert "2048" in (await client.get("/sample/", headers=PAGE)).text
    assert await stored_notes(client) == []
