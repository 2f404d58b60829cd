"""Compresses answers, except where their length could give a secret away.

A reader of encrypted traffic sees lengths. One who also chooses a part of a page (its query) can guess a secret in it
by how well the page compresses: BREACH. Such requests are caused by another site's page and carry the reader's cookies;
their answers stay as they are.
"""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

MINIMUM_BYTES = 2048
"""What is smaller fits into two packets anyway."""
LEVEL = 5
"""Of gzip. Higher ones cost twice the time for 2 % of the bytes."""


class Compression:
    """Compresses answers to GET with gzip: pages, lists, style sheets, scripts. Never a stream, nor a form's answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed = GZipMiddleware(app, minimum_size=MINIMUM_BYTES, compresslevel=LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        may = scope["type"] == "http" and scope["method"] == "GET" and _is_own(Headers(scope=scope))
        await (self._compressed if may else self._app)(_with_plain_choice(scope) if may else scope, receive, send)


def _with_plain_choice(scope: Scope) -> Scope:
    """The request, without a mention of gzip if it refuses it: Starlette takes `gzip;q=0` for a wish."""
    accepted = ",".join(Headers(scope=scope).getlist("accept-encoding"))
    if not any(_refuses_gzip(one) for one in accepted.split(",")):
        return scope
    changed: Scope = {**scope, "headers": list(scope["headers"])}
    MutableHeaders(scope=changed)["accept-encoding"] = "identity"
    return changed


def _refuses_gzip(coding: str) -> bool:
    """Whether one coding of `Accept-Encoding` is gzip with the weight 0 (RFC 9110, 12.5.3)."""
    name, *parameters = (part.strip().lower() for part in coding.split(";"))
    return name in ("gzip", "x-gzip") and any(re.fullmatch(r"q\s*=\s*0(\.0*)?", one) for one in parameters)


def _is_own(headers: Headers) -> bool:
    """Whether no other site caused the request, or it carries nothing that belongs to a person."""
    return "cookie" not in headers or headers.get("sec-fetch-site") in ("same-origin", "none")
