"""The directory's pages."""

from services.directory.pages import accounts, catalogue, entry, events, inbox, referrals, sign_in, unassigned

routers = tuple(one.router for one in (catalogue, entry, accounts, inbox, unassigned, referrals, events, sign_in))

__all__ = ["routers"]
