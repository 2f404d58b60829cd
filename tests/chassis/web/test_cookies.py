"""Cookies: on http and on https, set and deleted with the same attributes, and by one module alone."""

import re
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

import services
from services.chassis.testing import Client, quiet_settings
from services.chassis.web.cookies import cookie_name, cookie_of, delete_cookie, set_cookie
from tests.chassis.conftest import DESK

CODE = Path(next(iter(services.__path__)))


@pytest.mark.parametrize(
    ("url", "name", "attributes"),
    [
        ("http://127.0.0.1:8000", "cefo-desk", {"Path=/", "HttpOnly", "SameSite=lax"}),
        ("https://cefo.test", "__Host-cefo-desk", {"Path=/", "HttpOnly", "SameSite=lax", "Secure"}),
    ],
)
def test_a_cookie_is_deleted_as_it_was_set(tmp_path: Path, url: str, name: str, attributes: set[str]) -> None:
    """A browser keeps a `__Host-` cookie that is deleted without Secure."""
    settings, response = quiet_settings(tmp_path, public_url=url), Response()
    assert cookie_name(settings, "desk") == name
    set_cookie(response, settings, "desk", "desk-2", 60)
    delete_cookie(response, settings, "desk")
    made, deleted = [value for header, value in response.headers.items() if header == "set-cookie"]
    assert made.startswith(f"{name}=desk-2;")
    assert set(made.split("; ")[1:]) == attributes | {"Max-Age=60"}
    assert {part for part in deleted.split("; ")[1:] if not part.startswith("expires")} == attributes | {"Max-Age=0"}
    request = Request({"type": "http", "headers": [(b"cookie", f"{name}=desk-2".encode())]})
    assert cookie_of(request, settings, "desk") == "desk-2"
    assert cookie_of(request, settings, "lang") == ""


def test_no_other_module_sets_or_deletes_one() -> None:
    """Nor reads one by a name of its own."""
    found = {
        path.relative_to(CODE).as_posix()
        for path in CODE.rglob("*.py")
        if re.search(r"\.(set_cookie|delete_cookie)\(|(request|connection)\.cookies", path.read_text())
    }
    assert found == {"chassis/web/cookies.py"}


async def test_a_message_to_the_next_page_is_shown_only_if_we_signed_it(client: Client) -> None:
    client.signed_in(DESK)
    for forged in ("done:Call 0900", "eyJraW5kIjoiZG9uZSJ9.x.y", client.process.signer.seal("lang", {"kind": "done"})):
        client.cookies.set("cefo-flash", forged)
        page = await client.get("/sample/", headers={"accept": "text/html"})
        assert page.status_code == 200
        assert 'class="flash ' not in page.text
