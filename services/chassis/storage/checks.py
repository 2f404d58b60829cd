"""Checks of a change against the stored row: the version the caller read, and repeated content."""

import hashlib
from datetime import datetime
from typing import Annotated, Protocol

from pydantic import PlainSerializer

from services.chassis.refusals import AlreadyDifferent, Stale
from services.chassis.runtime.clock import BRUSSELS
from services.contracts.values import Moment


def _in_the_centres_zone(at: datetime) -> str:
    return at.astimezone(BRUSSELS).isoformat()


PastMoment = Annotated[Moment, PlainSerializer(_in_the_centres_zone, return_type=str, when_used="json")]
"""A time of an import line. Its fingerprint has it in the centres' zone, as nearly every file does: the same line in
UTC is the same, and lines that older versions imported are recognised.
"""


class Versioned(Protocol):
    """A row that counts its changes."""

    @property
    def version(self) -> int:
        """The number of changes."""
        ...


def check_version(row: Versioned | None, seen: int | None) -> None:
    """The row is unchanged since the caller read version `seen` (None: not checked).

    A missing row has version 0. Raises `Stale`.
    """
    now = row.version if row is not None else 0
    if seen is not None and seen != now:
        raise Stale(now=now, seen=seen)


def fingerprint(content: bytes) -> str:
    """A hash of the content, 32 hexadecimal characters, by which a repetition is recognised."""
    return hashlib.sha256(content).hexdigest()[:32]


def check_same(known: object, sent: object, *, field: str, id: object) -> None:
    """The stored content equals the sent content, so a repetition changes nothing. Raises `AlreadyDifferent`."""
    if known != sent:
        raise AlreadyDifferent(about=field, id=str(id))
