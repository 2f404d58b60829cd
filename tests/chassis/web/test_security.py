"""The middleware around every request: session, language, cross-site checks, security headers."""

import pytest

from services.chassis.testing import Client
from tests.chassis.conftest import DESK
from tests.chassis.sample_service import NOTES, stored_notes

PAGE = {"accept": "text/html"}


async def test_a_forged_session_is_401(client: Client) -> None:
    client.signed_in(DESK)
    name = "cefo-session"
    forged = client.cookies[name][:-3] + "abc"
    client.cookies.set(name, forged)
    assert (await client.post(NOTES, json={"words": "x"})).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "", "sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 201),
        ({"origin": "https://evil.example", "authorization": ""}, 403),
        ({"origin": "https://evil.example", "authorization": "Bearer "}, 403),
        ({"origin": ""}, 403),
    ],
)
async def test_a_cross_site_change_is_refused(client: Client, headers: dict[str, str], status: int) -> None:
    """Cross-site request forgery: a browser sends our cookie along with whatever page asks."""
    answer = await client.signed_in(DESK).post(NOTES, json={"words": "x"}, headers=headers)
    assert answer.status_code == status
    assert await stored_notes(client) == (["x"] if status == 201 else [])


async def test_a_bearer_token_signs_a_program_in(client: Client) -> None:
    token = client.process.signer.session(DESK)
    fine = await client.post(NOTES, json={"words": "x"}, headers={"authorization": f"Bearer {token}", "origin": ""})
    wrong = await client.post(NOTES, json={"words": "y"}, headers={"authorization": "Bearer x", "origin": ""})
    assert (fine.status_code, wrong.status_code) == (201, 401)


async def test_a_malformed_cookie_of_another_site_does_not_end_the_session(client: Client) -> None:
    client.signed_in(DESK)
    session = client.cookies["cefo-session"]
    client.cookies.clear()
    for strange in ('{"a":1}', "path", "a=b;;c", '"'):
        answer = await client.get("/sample/", headers={"cookie": f"other={strange}; cefo-session={session}"})
        assert answer.status_code == 200, strange


async def test_every_answer_carries_the_security_headers(client: Client) -> None:
    for path in ("/", "/sample/", "/sample/nowhere", NOTES, "/health/live", "/static/cefo.css"):
        answer = await client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in policy
    nonces = {(await client.get("/")).headers["content-security-policy"] for _ in range(3)}
    assert len(nonces) == 3


async def test_the_language_is_the_requested_the_remembered_or_the_browsers(client: Client) -> None:
    async def language(path: str = "/", accepts: str = "") -> str:
        text = (await client.get(path, headers={**PAGE, "accept-language": accepts})).text
        return text.partition('<html lang="')[2][:2]

    assert await language() == "fr"
    assert await language(accepts="es, de;q=0.8, en;q=0.9") == "en"
    assert await language("/?lang=nl", "de") == "nl"
    assert await language(accepts="de") == "nl"
    assert await language("/?lang=xx") == "nl"
