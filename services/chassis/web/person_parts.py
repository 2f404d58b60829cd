"""A service's part of the page of a person: answered by the service itself, under its own rule.

The page of the person fetches the parts in the browser, so that no service learns what another one holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.chassis.web.pages import fragment


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A line of the part: what it is, when and in which state (in the reader's language), and its page."""

    text: str
    details: tuple[str, ...]
    href: str


def person_part(request: Request, *lists: tuple[str, Sequence[PersonRow]]) -> Response:
    """These lists, each with its title."""
    return HTMLResponse(fragment(request, "person_part.html", lists=lists))
