"""What a change checks against what is stored: the version that was seen, and content that is there already."""

import hashlib
from typing import Protocol

from services.chassis.refusals import AlreadyDifferent, Stale


class Versioned(Protocol):
    """Something that counts its changes."""

    @property
    def version(self) -> int:
        """How often it has changed."""
        ...


def check_version(row: Versioned | None, seen: int | None) -> None:
    """Nobody has changed it since the caller read version `seen`; None: the caller did not say which they read.

    A row that is not there yet has version 0. Raises `Stale`.
    """
    now = row.version if row is not None else 0
    if seen is not None and seen != now:
        raise Stale(now=now, seen=seen)


def fingerprint(content: bytes) -> str:
    """What somebody sent, in 32 characters, so that the same sent again is recognised."""
    return hashlib.sha256(content).hexdigest()[:32]


def check_same(known: object, sent: object, *, field: str, id: object) -> None:
    """What is there already is what was sent: repeating it changes nothing. Raises `AlreadyDifferent` about `field`."""
    if known != sent:
        raise AlreadyDifferent(about=field, id=str(id))
