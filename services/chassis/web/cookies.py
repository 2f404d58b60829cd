"""The platform's cookies: all are set, read and deleted here, each deleted with the attributes it was set with.

On https a cookie is `__Host-` and `Secure`: a browser sends it to this host alone, and ignores a deletion without
`Secure`. No script reads a cookie.
"""

from typing import Any

from starlette.requests import HTTPConnection
from starlette.responses import Response

from services.chassis.identity.tokens import Signer, VisitorToken
from services.chassis.runtime.settings import Settings

YEAR = 31_536_000
"""Seconds for which a browser keeps a choice of its reader."""


def cookie_name(settings: Settings, name: str) -> str:
    """A cookie's name; on https it is bound to this host."""
    return f"__Host-cefo-{name}" if settings.secure else f"cefo-{name}"


def cookie_of(connection: HTTPConnection, settings: Settings, name: str) -> str:
    """The value of a cookie; empty where the browser has none."""
    return connection.cookies.get(cookie_name(settings, name), "")


def set_cookie(response: Response, settings: Settings, name: str, value: str, max_age: int | None = None) -> None:
    """Set a cookie for `max_age` seconds. None: until the browser is closed."""
    response.set_cookie(cookie_name(settings, name), value, max_age, **_attributes(settings))


def delete_cookie(response: Response, settings: Settings, name: str) -> None:
    """Delete a cookie."""
    response.delete_cookie(cookie_name(settings, name), **_attributes(settings))


def set_visitor_cookie(response: Response, settings: Settings, signer: Signer, token: VisitorToken) -> None:
    """Set the cookie of a visitor's opened plan, beside that of an account. The token in it has its own end."""
    set_cookie(response, settings, "visitor", signer.sign(token))


def _attributes(settings: Settings) -> dict[str, Any]:
    return {"path": "/", "httponly": True, "secure": settings.secure, "samesite": "lax"}
