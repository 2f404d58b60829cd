"""Routes by which operators list, read, retry and discard dead letters: an API and pages."""

from typing import Any

from services.chassis.web.dead_letters.api import add_api
from services.chassis.web.dead_letters.pages import add_pages
from services.chassis.web.dead_letters.reasons import REASONS
from services.chassis.web.routing import Router

__all__ = ["REASONS", "add_to"]


def add_to(router: Router, service: str, operator: Any) -> None:
    """Add the routes of the service's dead letters to its router; `operator` is their access policy."""
    add_api(router, service, operator)
    add_pages(router, service, operator)
