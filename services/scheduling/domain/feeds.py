"""Calendars that other programs subscribe to by a secret address: what is in them, and for how long.

The secret is 256 random bits, stored as a digest.
"""

import hashlib
import secrets
from datetime import timedelta

PAST = timedelta(days=90)
AHEAD = timedelta(days=400)
"""What is in a calendar: from this long ago up to this far ahead, a little more than is ever booked."""
CANCELLED_FOR = timedelta(days=30)
"""How long a cancelled appointment stays in it, marked as such: programs then take it out themselves."""
REFRESH = timedelta(hours=1)
"""How often programs are asked to read it."""


def new_secret() -> str:
    """A random secret, as it stands in an address."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """The secret as it is stored. It is random, so it needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()
