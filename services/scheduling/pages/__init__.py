"""Scheduling's pages for counsellors, one subject a module."""

from services.scheduling.pages import agenda, attendance, board, booking, workshops

routers = (board.router, booking.router, agenda.router, workshops.router, attendance.router)
"""Fixed paths before those that take an id at the same place."""
