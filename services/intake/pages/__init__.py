"""Intake's pages, one module each: the desk, the waiting room, registered visitors, and their personal links."""

from services.intake.pages import desk, links, room, visitors

routers = (links.router, visitors.router, desk.router, room.router)
"""In this order: `/visits/{id}/plan` and `/visits/{id}/link` before `/visits/{id}/{step}`."""

__all__ = ["routers"]
