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
    tokens,
    unassigned,
)

# `/entry/people` before `/entry/{id}`.
routers = tuple(
    one.router
    for one in (catalogue, teams, entry, accounts, tokens, inbox, unassigned, referrals, events, sign_in, sign_in_links)
)

__all__ = ["routers"]
