"""Intake's pages, one place a module: the desk, the waiting room, and who agreed to be known."""

from services.intake.pages import desk, room, visitors

routers = (visitors.router, desk.router, room.router)
"""In this order: `/visits/{id}/link` before `/visits/{id}/{step}`."""

__all__ = ["routers"]
