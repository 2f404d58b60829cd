"""The use cases of the directory, called by requests, incoming events and jobs."""

from services.directory.actions import accounts
from services.directory.actions.centres import publish_centres, update_centre, update_contact, update_hours
from services.directory.actions.erasure import erase_subject
from services.directory.actions.feed import FEED_BOARD, open_feed
from services.directory.actions.opening import assign, dismiss, refer, refer_from_plan
from services.directory.actions.providers import count_view, seed_providers, set_provider, update_service
from services.directory.actions.referrals import cancel, centre_board, expire, inbox_board, progress

__all__ = [
    "FEED_BOARD",
    "accounts",
    "assign",
    "cancel",
    "centre_board",
    "count_view",
    "dismiss",
    "erase_subject",
    "expire",
    "inbox_board",
    "open_feed",
    "progress",
    "publish_centres",
    "refer",
    "refer_from_plan",
    "seed_providers",
    "set_provider",
    "update_centre",
    "update_contact",
    "update_hours",
    "update_service",
]
