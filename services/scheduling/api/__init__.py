"""Scheduling's JSON API, one module per subject."""

from services.scheduling.api import (
    booking_rules,
    centres,
    counsellors,
    demand,
    earlier,
    external,
    imports,
    interviews,
    outcomes,
    paths,
    rooms,
    seats,
    slots,
    todo,
    waiting,
    workshop_changes,
    workshops,
)

_subjects = (
    waiting,
    centres,
    imports,
    paths,
    interviews,
    earlier,
    outcomes,
    slots,
    workshops,
    seats,
    workshop_changes,
    rooms,
    todo,
    counsellors,
    external,
    booking_rules,
    demand,
)
routers = tuple(one.router for one in _subjects)
"""Imports come before routes with an id in the same path segment."""
