"""Where a redirect may lead."""

import pytest
from starlette.datastructures import MutableHeaders
from starlette.requests import Request

from services.chassis.testing import ORIGIN, Client
from services.chassis.web.redirects import lead_away, local_path, split, stay_here
from tests.chassis.conftest import DESK

PAGE = {"accept": "text/html"}


def test_only_a_path_on_this_host_is_one() -> None:
    for text in ("/", "/sample/?a=1#b", "/a//b", "/%5cevil.example"):
        assert local_path(text) == text
    for text in (
        "",
        "sample",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
    ):
        assert local_path(text) == ""


def test_a_malformed_address_has_no_host() -> None:
    assert split("http://[evil").netloc == ""
    assert split("http://huy.test/a").netloc == "huy.test"


@pytest.mark.parametrize(
    ("location", "stays"),
    [
        ("/sample/?a=1", "/sample/?a=1"),
        ("http://evil.example/sample/?a=1", "/sample/?a=1"),
        ("//evil.example/sample/", "/sample/"),
        ("http://evil.example//elsewhere.example", "/elsewhere.example"),
        ("http://evil.example/\\elsewhere.example", "/elsewhere.example"),
        ("http://[evil", "/"),
    ],
)
def test_a_redirect_stays_on_this_host(location: str, stays: str) -> None:
    headers = MutableHeaders({"location": location})
    stay_here(headers, {})
    assert headers["location"] == stays


def test_a_route_may_lead_away() -> None:
    request = Request({"type": "http", "headers": [], "state": {}})
    answer = lead_away(request, "https://login.example/authorize")
    stay_here(answer.headers, request.scope["state"])
    assert answer.headers["location"] == "https://login.example/authorize"


async def test_a_slash_that_is_missing_is_added_without_the_host_of_the_request(client: Client) -> None:
    answer = await client.get("/sample", headers={"host": "evil.example"})
    assert (answer.status_code, answer.headers["location"]) == (307, "/sample/")


@pytest.mark.parametrize("page", ["//evil.example/sample/", "/\\evil.example/", "[evil"])
async def test_a_form_leads_back_to_a_path_only(client: Client, page: str) -> None:
    client.signed_in(DESK)
    for _ in range(2):
        answer = await client.post("/sample/notes", data={"words": "salut"}, headers={**PAGE, "referer": ORIGIN + page})
    assert answer.headers["location"] == "/"  # pyright: ignore[reportPossiblyUnboundVariable]


async def test_a_malformed_origin_is_another_site(client: Client) -> None:
    answer = await client.signed_in(DESK).post("/sign-out", headers={"origin": "http://[evil"})
    assert answer.status_code == 403
