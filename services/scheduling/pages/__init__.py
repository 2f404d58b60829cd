"""Scheduling’s pages for counsellors and for visitors, one module per subject."""

from services.scheduling.pages import (
    attendance,
    board,
    booking,
    booking_rules,
    calendar_links,
    calendars,
    counsellors,
    demand,
    finalising,
    free_times,
    interview,
    mine,
    outcomes,
    own_booking,
    own_changes,
    own_earlier,
    path,
    person,
    public,
    public_booking,
    public_confirmed,
    rooms,
    taking,
    todo,
    workshop_form,
    workshops,
)

_teams = (
    board,
    todo,
    taking,
    booking,
    free_times,
    outcomes,
    calendars,
    interview,
    path,
    workshop_form,
    workshops,
    attendance,
    rooms,
    counsellors,
    booking_rules,
    demand,
    finalising,
    person,
)
_visitors = (calendar_links, mine, own_booking, own_changes, own_earlier, public, public_booking, public_confirmed)
routers = tuple(one.router for one in (*_teams, *_visitors))
"""Fixed paths before those with an id in the same path segment."""
