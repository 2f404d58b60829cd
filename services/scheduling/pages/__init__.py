"""Scheduling’s pages for counsellors and for visitors, one module per subject."""

from services.scheduling.pages import agenda, attendance, board, booking, mine, person, workshops

routers = (board.router, booking.router, agenda.router, workshops.router, attendance.router, person.router, mine.router)
"""Fixed paths before those with an id in the same path segment."""
