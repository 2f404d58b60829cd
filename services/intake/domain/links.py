"""The rules of personal links and their PINs: who has the link and knows the PIN opens the plan.

A link's secret is 128 random bits, stored as a digest. The PIN is chosen by the visitor at the first opening, so that
who made or printed the link cannot use it.
"""

import base64
import hashlib
import hmac
import re
import secrets
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from services.chassis.refusals import Invalid, NotFound, Refused, msg

LINK_VALID = timedelta(days=30)
"""How long a personal link is valid."""
TRIES = 5
"""Wrong PINs after which a link is locked."""

_OFTEN_CHOSEN = frozenset({"112233", "123654", "147258", "159753", "258456", "456852", "741852", "789456", "963852"})
"""Lines and shapes on the keypad, and pairs."""
_YEARS = range(1900, 2030)
_COST = {"n": 2**14, "r": 8, "p": 1}
"""Of scrypt: 16 MB and some 50 ms for each try."""
_GROUPS = re.compile(".{5}(?=.{5})")
_LOOKALIKE = str.maketrans("018", "oib", " -")
"""Base 32 has no 0, 1 and 8: who reads them meant these letters."""


class OpeningKind(StrEnum):
    """What was done with a personal link."""

    PIN_CHOSEN = "pin_chosen"
    OPENED = "opened"


class LinkState(StrEnum):
    """What the desk sees of a visitor's link."""

    MISSING = "missing"
    """There is none, it was ended, or it has expired."""
    NO_PIN = "no_pin"
    """It waits for its first opening."""
    USABLE = "usable"
    LOCKED = "locked"


class LinkNotValid(NotFound):
    """The link does not exist, expired, was ended, or was replaced by a new one."""

    slug = "link-not-valid"
    message = msg("This link is no longer valid. Ask for a new one at your centre’s front desk. It takes a minute.")


class LinkLocked(Refused):
    """The PIN was wrong too often."""

    slug = "link-locked"
    message = msg("This link is locked, because the PIN was wrong too often. Ask for a new link at your centre.")
    field_name = "pin"


class NotSixDigits(Invalid):
    """The PIN has another form."""

    slug = "not-six-digits"
    message = msg("Enter six digits.")
    field_name = "pin"


class WeakPin(Invalid):
    """Many people choose this PIN, or it is a date."""

    slug = "weak-pin"
    message = msg("This PIN is too easy to guess. Choose another one, without a date or a series.")
    field_name = "pin"


class PinsDiffer(Invalid):
    """The repeated PIN is another one."""

    slug = "pins-differ"
    message = msg("The two PINs are not the same. Enter the same PIN twice.")
    field_name = "pin_again"


class WrongPin(Invalid):
    """The PIN is not that of the link."""

    slug = "wrong-pin"
    message = msg("This PIN is not correct. Try again. Tries left: {left}.")
    field_name = "pin"


class PinAlreadyChosen(Refused):
    """The PIN was chosen in the meantime."""

    slug = "pin-already-chosen"
    message = msg("A PIN has already been chosen for this link. Enter it. If it was not you, ask for a new link.")
    field_name = "pin"


def new_secret() -> str:
    """128 random bits in base 32, in groups that can be read and typed."""
    letters = base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()
    return _GROUPS.sub(lambda group: f"{group[0]}-", letters)


def link_address(public_url: str, secret: str) -> str:
    """The URL of a personal link. It must be given to that visitor only."""
    return f"{public_url.rstrip('/')}/intake/l/{secret}"


def digest(secret: str) -> str:
    """The secret as it is stored, however it was typed. It is random, so it needs no salt."""
    return hashlib.sha256(secret.lower().translate(_LOOKALIKE).encode()).hexdigest()


def is_usable(*, expires_at: datetime, ended_at: datetime | None, now: datetime) -> bool:
    """Whether a link was not ended and has not expired."""
    return ended_at is None and now < expires_at


def check_new_pin(pin: str, again: str) -> None:
    """Raises `NotSixDigits`, `WeakPin` or `PinsDiffer`."""
    if not is_six_digits(pin):
        raise NotSixDigits()
    if is_weak(pin):
        raise WeakPin()
    if pin != again:
        raise PinsDiffer()


def is_weak(pin: str) -> bool:
    """Whether six digits are repeated, in a series, on the list of frequent ones, or a date or year."""
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    repeated = pin == pin[:2] * 3 or pin == pin[:3] * 2 or pin == pin[::-1] or len(set(pin)) < 3
    return len(steps) == 1 or repeated or pin in _OFTEN_CHOSEN or _is_date(pin)


def _is_date(pin: str) -> bool:
    """Whether the digits hold a year of birth, or are a day in a usual order."""
    if int(pin[:4]) in _YEARS or int(pin[2:]) in _YEARS:
        return True
    first, second, third = int(pin[:2]), int(pin[2:4]), int(pin[4:])
    orders = ((third, second, first), (first, second, third))
    return any(_is_day(year, month, day) for year, month, day in orders)


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(2000 + year % 4, month, day)  # four years in a row have every day of the calendar
    except ValueError:
        return False
    return True


def hash_pin(pin: str) -> str:
    """The PIN as it is stored, with a salt. Slow on purpose: not for the event loop."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_scrypt(pin, salt).hex()}"


def is_pin(pin: str, stored: str) -> bool:
    """Whether this is the stored PIN. Slow on purpose: not for the event loop."""
    salt, _, hashed = stored.partition("$")
    return is_six_digits(pin) and hmac.compare_digest(_scrypt(pin, bytes.fromhex(salt)), bytes.fromhex(hashed))


def is_six_digits(pin: str) -> bool:
    """Whether this has the form of a PIN."""
    return re.fullmatch("[0-9]{6}", pin) is not None


def _scrypt(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, dklen=32, **_COST)
