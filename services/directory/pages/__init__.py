"""The directory's pages."""

from services.directory.pages import (
    accounts,
    catalogue,
    entry,
    events,
    inbox,
    referrals,
    sign_in,
    sign_in_links,
    teams,
    unassigned,
)

# `/entry/people` before `/entry/{id}`.
routers = tuple(
    one.router
    for one in (catalogue, teams, entry, accounts, inbox, unassigned, referrals, events, sign_in, sign_in_links)
)

__all__ = ["routers"]
