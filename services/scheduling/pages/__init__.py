"""Scheduling’s pages for counsellors and for visitors, one module per subject."""

from services.scheduling.pages import (
    agenda,
    attendance,
    board,
    booking,
    booking_rules,
    counsellors,
    free_times,
    mine,
    own_booking,
    own_changes,
    path,
    person,
    public,
    public_booking,
    public_confirmed,
    rooms,
    workshops,
)

_teams = (board, booking, free_times, agenda, path, workshops, attendance, rooms, counsellors, booking_rules, person)
routers = tuple(
    one.router for one in (*_teams, mine, own_booking, own_changes, public, public_booking, public_confirmed)
)
"""Fixed paths before those with an id in the same path segment."""
