"""The directory's pages."""

from services.directory.pages import accounts, catalogue, entry, events, inbox, referrals, sign_out, unassigned

routers = tuple(one.router for one in (catalogue, entry, accounts, inbox, unassigned, referrals, events, sign_out))

__all__ = ["routers"]
