"""Scheduling's JSON API, one module per subject."""

from services.scheduling.api import centres, imports, interviews, rooms, slots, waiting, workshops

routers = (
    waiting.router,
    centres.router,
    imports.router,
    interviews.router,
    slots.router,
    workshops.router,
    rooms.router,
)
"""Imports come before routes with an id in the same path segment."""
