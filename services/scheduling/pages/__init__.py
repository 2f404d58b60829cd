"""Scheduling's pages for counsellors, one module per subject."""

from services.scheduling.pages import agenda, attendance, board, booking, person, workshops

routers = (board.router, booking.router, agenda.router, workshops.router, attendance.router, person.router)
"""Fixed paths before those with an id in the same path segment."""
