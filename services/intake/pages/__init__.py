"""Intake's pages, one module each: the desk, the waiting room, and registered visitors."""

from services.intake.pages import desk, room, visitors

routers = (visitors.router, desk.router, room.router)
"""In this order: `/visits/{id}/link` before `/visits/{id}/{step}`."""

__all__ = ["routers"]
