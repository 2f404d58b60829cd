"""Intake's JSON API, one module per subject."""

from services.intake.api import erasures, visitors, visits

routers = (visits.router, visitors.router, erasures.router)
IMPORT_PATH = visits.IMPORT_PATH
