"""The directory's pages."""

from services.directory.pages import catalogue, entry, events, inbox, referrals, unassigned

routers = (catalogue.router, entry.router, inbox.router, unassigned.router, referrals.router, events.router)

__all__ = ["routers"]
