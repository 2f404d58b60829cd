"""Scheduling's pages for counsellors, one module per subject."""

from services.scheduling.pages import agenda, attendance, board, booking, workshops

routers = (board.router, booking.router, agenda.router, workshops.router, attendance.router)
"""Fixed paths before those with an id in the same path segment."""
