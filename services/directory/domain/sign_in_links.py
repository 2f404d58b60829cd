"""The rules of one-time links: to whom one is sent, and in which browser it signs in."""

import hashlib
import secrets
from datetime import datetime, timedelta

from services.chassis.refusals import NotAllowed, Refused, msg

LIFETIME = timedelta(minutes=15)
AN_HOUR = timedelta(hours=1)
MOST_AN_HOUR = 5
"""Links sent to one account within an hour."""


class LinkNotValid(Refused):
    """The link does not exist, was used, or has expired."""

    slug = "link-not-valid"
    message = msg("This link is no longer valid. Ask for a new one.")


class OtherBrowser(NotAllowed):
    """The link was asked for in another browser."""

    slug = "other-browser"
    message = msg("This link works only in the browser in which you asked for it. Open it there, or ask for a new one.")
    field_name = None


def new_secret() -> str:
    """128 random bits, as text for an address or a cookie."""
    return secrets.token_urlsafe(16)


def digest(secret: str) -> str:
    """The secret as it is stored: who reads the store cannot sign in with it. It is random, so it needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def check_link(*, used_at: datetime | None, expires_at: datetime, same_browser: bool, now: datetime) -> None:
    """The link signs in, here and now. Raises `LinkNotValid`, `OtherBrowser`."""
    if used_at is not None or now >= expires_at:
        raise LinkNotValid()
    if not same_browser:
        raise OtherBrowser()
