"""Intake's JSON API, one module per subject."""

from services.intake.api import (
    appointments,
    bounces,
    check_ins,
    days,
    devices,
    erasures,
    queue,
    visitors,
    visits,
    waits,
)

routers = (
    check_ins.router,
    appointments.router,
    queue.router,
    visits.router,
    days.router,
    visitors.router,
    erasures.router,
    bounces.router,
    devices.router,
    waits.router,
)
IMPORT_PATH = visits.IMPORT_PATH
BATCH_PATHS = (devices.BATCH_PATHS,)
