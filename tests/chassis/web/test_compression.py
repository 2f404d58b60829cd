"""Compression: what is large, and cannot give a secret away by its length."""

import gzip
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.chassis.web.compression import MINIMUM_BYTES, Compression

PAGE = "Bienvenue à la Cité des métiers. " * 200


async def answer(method: str = "GET", text: str = PAGE, **headers: str) -> tuple[dict[str, str], bytes]:
    """The headers and the body of an answer with this text."""
    sent: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(text, media_type="text/html")(scope, receive, send)

    async def receive() -> Any: ...

    async def send(message: Any) -> None:
        sent.append(message)

    asked = {"accept-encoding": "gzip, br", **{name.replace("_", "-"): value for name, value in headers.items()}}
    raw = [(name.encode(), value.encode()) for name, value in asked.items()]
    await Compression(app)({"type": "http", "method": method, "headers": raw}, receive, send)
    return dict(Request({"type": "http", "headers": sent[0]["headers"]}).headers), sent[1]["body"]


@pytest.mark.parametrize(
    "headers", [{}, {"cookie": "a=b", "sec_fetch_site": "same-origin"}], ids=["nobody", "own page"]
)
async def test_a_large_page_is_compressed(headers: dict[str, str]) -> None:
    found, body = await answer(**headers)
    assert (found["content-encoding"], found["vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(body).decode() == PAGE
    assert int(found["content-length"]) == len(body) < len(PAGE) / 10


@pytest.mark.parametrize(
    "asked",
    [
        {"cookie": "cefo-session=x", "sec_fetch_site": "cross-site"},
        {"cookie": "cefo-session=x", "sec_fetch_site": "same-site"},
        {"cookie": "cefo-session=x"},
        {"method": "POST"},
        {"text": "x" * (MINIMUM_BYTES - 1)},
        {"accept_encoding": "identity"},
        {"accept_encoding": "gzip;q=0"},
        {"accept_encoding": "br, GZIP ; q=0.000, identity;q=1"},
    ],
    ids=[
        "another site's request",
        "a sister site's",
        "by whom is unknown",
        "a form's answer",
        "small",
        "not wanted",
        "refused",
        "refused among others",
    ],
)
async def test_what_could_give_a_secret_away_or_gains_nothing_stays(asked: dict[str, str]) -> None:
    found, body = await answer(**asked)
    assert "content-encoding" not in found
    assert body.decode() == asked.get("text", PAGE)
