"""How long a chosen time is kept for who chose it, before it is booked."""

import hashlib
import secrets
from datetime import datetime, timedelta

HOLD = timedelta(minutes=5)
"""How long a chosen time is held."""
LONGEST_HOLD = timedelta(minutes=30)
"""How long a hold lasts at most, prolonged as often as one likes."""
KEPT = timedelta(hours=1)
"""How long an expired hold is kept. It stops nothing, and who chose the time may still book it if it is free."""


def new_browser_token() -> str:
    """A secret for the cookie of a browser that chooses a time: 256 random bits."""
    return secrets.token_urlsafe(32)


def owner_of_browser(token: str) -> str:
    """Whose hold it is, by a browser's cookie. The cookie's value is kept nowhere, only this digest of it."""
    return _digest("browser", token)


def owner_of_account(subject: str) -> str:
    """Whose hold it is, by the account of one of the team."""
    return _digest("account", subject)


def owner_of_person(kept_ref: object) -> str:
    """Whose hold it is, by the kept reference of a visitor who is signed in."""
    return _digest("person", str(kept_ref))


def owner_of_interview(id: object) -> str:
    """Whose hold it is, by the interview that was held before its time: kept as long as that can be undone."""
    return _digest("interview", str(id))


def _digest(kind: str, secret: str) -> str:
    return hashlib.sha256(f"{kind}:{secret}".encode()).hexdigest()


def is_live(expires_at: datetime, now: datetime) -> bool:
    """Whether a hold keeps its time from others."""
    return now < expires_at


def prolonged(made_at: datetime, expires_at: datetime, now: datetime, by: timedelta) -> datetime:
    """Until when a hold lasts that is prolonged by so much from now: never shorter, never past `LONGEST_HOLD`."""
    return max(expires_at, min(now + by, made_at + LONGEST_HOLD))
