"""Scheduling's JSON API, one subject a module."""

from services.scheduling.api import imports, interviews, waiting, workshops

ROUTERS = (waiting.router, imports.router, interviews.router, workshops.router)
"""Imports before what takes an id at the same place."""
