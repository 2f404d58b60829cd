"""The directory's pages."""

from services.directory.pages import catalogue, entry, events, inbox, referrals, undirected

routers = (catalogue.router, entry.router, inbox.router, undirected.router, referrals.router, events.router)

__all__ = ["routers"]
