"""Intake's JSON API, one module per subject."""

from services.intake.api import erasures, visits

routers = (visits.router, erasures.router)
IMPORT_PATH = visits.IMPORT_PATH
