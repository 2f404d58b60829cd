"""Intake's pages, one module each: the desk, the waiting room, registered visitors, their personal links, and the end
of what is stored about them."""

from services.intake.pages import desk, erasures, links, retention, room, visitors

routers = (links.router, visitors.router, desk.router, room.router, erasures.router, retention.router)
"""In this order: `/visits/{id}/plan` and `/visits/{id}/link` before `/visits/{id}/{step}`."""

__all__ = ["routers"]
