"""Intake's pages, one module each: the desk, the waiting room, registered visitors, their consents and personal links,
and the end of what is stored about them."""

from services.intake.pages import consents, desk, erasures, links, retention, room, visitors

routers = (
    links.router,
    consents.router,
    visitors.router,
    desk.router,
    room.router,
    erasures.router,
    retention.router,
)
"""In this order: `/visits/{id}/plan` and its like before `/visits/{id}/{step}`."""

__all__ = ["routers"]
