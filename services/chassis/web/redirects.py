"""Where a redirect may lead: to a path on this host, unless a route says that it leads away."""

import re
from typing import Any
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

_REWRITTEN = re.compile(r"[\x00-\x1f\x7f\\]")
"""What browsers leave out of an address, or read as another character, so that `/\\t/host` becomes `//host`."""


def local_path(text: str) -> str:
    """The URL if it is a path on this host; otherwise an empty string."""
    own = text.startswith("/") and not text.startswith("//") and not _REWRITTEN.search(text)
    return text if own else ""


def split(url: str) -> SplitResult:
    """The parts of a URL; all are empty if it is malformed."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def lead_away(request: Request, url: str) -> Response:
    """Redirect to another site. `url` comes from the settings of the platform, never from a request."""
    request.state.leads_away = True
    return RedirectResponse(url, 303)


def stay_here(headers: MutableHeaders, state: dict[str, Any]) -> None:
    """Turn a redirect to any address into one to a path, unless the route leads away.

    The framework adds a missing slash with an address that it builds from the header `Host`, which anyone can forge.
    """
    location = headers.get("location", "")
    if location and not local_path(location) and not state.get("leads_away"):
        parts = split(location)
        path = "/" + parts.path.replace("\\", "/").lstrip("/")
        headers["location"] = f"{path}?{parts.query}" if parts.query else path
