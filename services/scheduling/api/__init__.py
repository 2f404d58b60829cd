"""Scheduling's JSON API, one subject a module."""

from services.scheduling.api import centres, imports, interviews, waiting, workshops

routers = (waiting.router, centres.router, imports.router, interviews.router, workshops.router)
"""Imports before what takes an id at the same place."""
