"""The directory's pages."""

from services.directory.pages import (
    accounts,
    catalogue,
    centre_form,
    centre_hours,
    centres,
    entry,
    events,
    inbox,
    kiosk_sign_in,
    own_referrals,
    person,
    referral_lists,
    referrals,
    sign_in,
    sign_in_links,
    teams,
    tokens,
    unassigned,
)

# `/entry/people` before `/entry/{id}`, `/referrals/unassigned` before `/referrals/{id}`.
_accounts = (accounts, tokens, sign_in, sign_in_links, kiosk_sign_in)
_referrals = (inbox, unassigned, referral_lists, referrals, person, own_referrals)
routers = tuple(
    one.router for one in (catalogue, centres, centre_form, centre_hours, teams, entry, *_accounts, *_referrals, events)
)

__all__ = ["routers"]
