"""The rules of devices: desks and kiosks that check in and number tickets without the network, and send it later.

A device has a slot of its centre, and with it a range of numbers of each day: slot 3 has 3001 to 3999. The server
counts from 1 to 999, then from `ABOVE_SLOTS` on. So no two tickets of a day have the same number.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.chassis.refusals import Invalid, NotSignedIn, Refused, msg
from services.contracts.roles import Role
from services.intake.domain.rules import ticket_letter

KEY_PREFIX = "cefo_device_"
"""What a device key begins with, so that one in a place where it should not be is recognised."""

SLOTS, RANGE = 79, 1000
"""How many slots a centre has, and how many numbers belong to each: the first one is not used."""

ABOVE_SLOTS = (SLOTS + 1) * RANGE
"""The server's first number after 999."""

SLOT_REUSED_AFTER = timedelta(days=30)
"""How long a device was not used before another one gets its slot: check-ins may come as late."""

KEY_ENDS_AFTER = timedelta(days=30)
"""How long a device key holds after a signed-in team or kiosk last opened the device."""

REPLAY_MOST = 500
"""Most check-ins in one request of a device."""

_MOVED = timedelta(seconds=1)
"""By how much the order of check-ins may move a time that still counts as measured."""
_TICKET = re.compile(r"([A-Z])-([0-9]{4,5})", re.ASCII)


class DeviceKind(StrEnum):
    """Where a device stands."""

    DESK = "desk"
    KIOSK = "kiosk"


SET_UP_BY = {
    DeviceKind.DESK: frozenset({Role.FRONT_DESK, Role.COUNSELLOR}),
    DeviceKind.KIOSK: frozenset({Role.KIOSK, Role.FRONT_DESK}),
}
"""Who sets a device up. Its key ends when the account that set it up has none of these roles any more."""


class DeviceUnknown(NotSignedIn):
    """There is no device with this id and key."""

    slug = "device-unknown"
    message = msg("This device is not set up here. Sign in on it and set it up again. What it has recorded is kept.")


class DeviceRevoked(NotSignedIn):
    """A manager has revoked the device, or the account that set it up may not do so any more."""

    slug = "device-revoked"
    message = msg("This device has been revoked. Sign in on it and set it up again. What it has recorded is kept.")


class DeviceNotOpened(NotSignedIn):
    """No signed-in team or kiosk has opened the device for `KEY_ENDS_AFTER`."""

    slug = "device-not-opened"
    message = msg("No one has opened this device for 30 days. Sign in on it and open it. What it has recorded is kept.")


class DeviceElsewhere(Refused):
    """The device is set up at another centre."""

    slug = "device-elsewhere"
    message = msg("This device is set up at another centre. Add it here as a new device.")
    field_name = "device_id"


class DeviceOfOtherKind(Refused):
    """A desk is no kiosk, and a kiosk no desk."""

    slug = "device-of-other-kind"
    message = msg("This device is set up for another use. Add it here as a new device.")
    field_name = "device_id"


class NoSlotFree(Refused):
    """Every slot of the centre belongs to a device that was used lately, or was revoked today."""

    slug = "no-slot-free"
    message = msg("This centre already has {most} devices. Ask a manager to revoke one: its numbers are free tomorrow.")


class KioskOnlyChecksIn(Refused):
    """A kiosk sends a step of a visit."""

    slug = "kiosk-only-checks-in"
    message = msg("A kiosk only checks visitors in. Record this step at the front desk.")
    field_name = "steps"


class TicketNotOfDevice(Invalid):
    """A ticket has a number of another device, or another area's letter."""

    slug = "ticket-not-of-device"
    message = msg("Ticket {ticket} does not belong to this device or this need. Record the visit again at the desk.")
    field_name = "ticket"


class TicketTaken(Refused):
    """Another visit of the day has this number: the visit is accepted, with another one."""

    slug = "ticket-taken"
    message = msg("Number {given} was given twice. Give this person ticket {ticket}.")
    field_name = "ticket"


@dataclass(frozen=True, slots=True)
class Offline:
    """What a device adds to a check-in that it sends later."""

    device_id: UUID
    seq: int
    """The place among the check-ins of the device."""
    at: datetime
    """By the clock of the device."""
    certain: bool
    """Whether the time by ours is."""
    number: int | None
    """Of the ticket that the device gave."""

    def columns(self) -> dict[str, Any]:
        """What is kept with the visit, by column."""
        kept = {"device_id": self.device_id, "device_seq": self.seq, "device_at": self.at}
        return kept | {"clock_uncertain": not self.certain}


def new_key() -> str:
    """A device key: 256 random bits behind its prefix."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def digest(key: str) -> str:
    """The key as it is stored: who reads the store cannot use it. It is random, so it needs no salt."""
    return hashlib.sha256(key.encode()).hexdigest()


def is_key(key: str, stored: str) -> bool:
    """Whether this is the key of the stored digest; takes as long for every wrong one."""
    return hmac.compare_digest(digest(key), stored)


def online_number(count: int) -> int:
    """The number of the server's so-and-so-many-th ticket of a day, beside all ranges of devices."""
    return count if count < RANGE else ABOVE_SLOTS + count - RANGE


def choose_slot(used: Mapping[int, datetime], now: datetime, revoked: Collection[int] = ()) -> int:
    """The slot of a new device: that of the device that was not used for longest, else a new one. Raises `NoSlotFree`.

    `used`: when the device of each slot that is taken was last used. `revoked`: the slots of devices that were revoked
    before today. Those come last, and not on the same day: numbers that such a device gave today are not given again.
    """
    idle = [(at, slot) for slot, at in used.items() if now - at >= SLOT_REUSED_AFTER]
    if idle:
        return min(idle)[1]
    free = next((slot for slot in range(1, SLOTS + 1) if slot not in used), None)
    if free is not None:
        return free
    if not revoked:
        raise NoSlotFree(most=SLOTS)
    return min(revoked, key=lambda slot: (used[slot], slot))


def number_given(ticket: str, area: str | None, slots: Collection[int]) -> int:
    """The number of a ticket that a device gave: with the area's letter, in the range of one of its slots.

    Raises `TicketNotOfDevice`.
    """
    found = _TICKET.fullmatch(ticket)
    letter, number = (found[1], int(found[2])) if found else ("", 0)
    if letter != ticket_letter(area) or number // RANGE not in slots or number % RANGE == 0:
        raise TicketNotOfDevice(ticket=ticket)
    return number


def arrival_times(
    given: Sequence[datetime],
    error: timedelta,
    now: datetime,
    earliest: datetime,
    *,
    set_up: datetime,
    last_used: datetime,
) -> list[tuple[datetime, bool]]:
    """When visitors arrived, by our clock, and whether that is certain. `given`: by the device's, in their order.

    `error`: how far the device's clock is behind ours now. A time that is later than the next one's was taken before
    the clock was set back, and is moved before it: the newest times are closest to the measurement. None is later than
    now, and no two are equal, so that the queue keeps the order. Times before `earliest` are refused, and move none;
    but one before the device was `set_up` is that of a clock that was never set, and is moved to where it was
    `last_used` before.
    """
    found: list[tuple[datetime, bool]] = []
    latest = now
    for at in reversed(given):
        meant = at + error
        never_set = meant < min(earliest, set_up)
        kept = min(last_used if never_set else meant, latest)
        found.append((kept, not never_set and meant - kept <= _MOVED))
        if kept >= earliest:
            latest = kept - timedelta(microseconds=1)
    return found[::-1]


def step_time(meant: datetime, last: datetime, now: datetime) -> tuple[datetime, bool]:
    """When a step of a visit happened, and whether that is certain: not before the `last` one, not later than now."""
    kept = min(max(meant, last), now)
    return kept, abs(meant - kept) <= _MOVED
