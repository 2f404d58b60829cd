"""The directory's pages."""

from services.directory.pages import catalogue, entry, events, inbox, referrals, sign_out, unassigned

routers = tuple(one.router for one in (catalogue, entry, inbox, unassigned, referrals, events, sign_out))

__all__ = ["routers"]
