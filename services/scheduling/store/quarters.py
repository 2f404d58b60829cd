"""The quarter-hours that are taken, as the bits of a timeline."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.storage.bulk import in_list
from services.chassis.storage.gathered import gathered, moment_of
from services.scheduling.domain import slots
from services.scheduling.domain.slots import Timeline
from services.scheduling.domain.times import QUARTER
from services.scheduling.store.holds import SlotHold, expired_holders
from services.scheduling.store.interviews import QuarterHour

_QUARTERS = sa.select(col(QuarterHour.resource), gathered(col(QuarterHour.quarter)))
_TAKEN = (
    _QUARTERS.add_columns(sa.literal_column("1", sa.Integer()))
    .where(in_list(col(QuarterHour.resource), "resources"))
    .where(col(QuarterHour.quarter) >= sa.bindparam("begins"), col(QuarterHour.quarter) < sa.bindparam("ends"))
    .group_by(col(QuarterHour.resource))
)
"""Without the holders: the key alone answers it, and no row of the table is looked up."""
_SET_FREE = (
    _QUARTERS.add_columns(sa.literal_column("0", sa.Integer()))
    .where(col(QuarterHour.holder).in_(expired_holders()))
    .group_by(col(QuarterHour.resource))
)
_BESIDES = (
    _QUARTERS.add_columns(sa.literal_column("0", sa.Integer()))
    .where(col(QuarterHour.holder) == sa.bindparam("besides"))
    .group_by(col(QuarterHour.resource))
)
_TAKEN_NOW = sa.union_all(_TAKEN, _SET_FREE)
_TAKEN_BY_OTHERS = sa.union_all(_TAKEN, _SET_FREE, _BESIDES)


_HELD = (
    _QUARTERS.add_columns(sa.literal_column("0", sa.Integer()))
    .where(col(QuarterHour.holder).in_(sa.select(col(SlotHold.id))))
    .group_by(col(QuarterHour.resource))
)
_RESERVED = sa.union_all(_TAKEN, _HELD)


async def reserved_bits(session: AsyncSession, timeline: Timeline, resources: Collection[str]) -> dict[str, int]:
    """The quarter-hours that are reserved, of each of these resources that has any. Those of holds are not."""
    asked = {"resources": sorted(set(resources)), "begins": timeline.begins, "ends": timeline.ends}
    return _apart(timeline, await session.execute(_RESERVED, asked))


async def taken_bits(
    session: AsyncSession, timeline: Timeline, resources: Collection[str], now: datetime, besides: UUID | None = None
) -> dict[str, int]:
    """The quarter-hours that are taken, of each of these resources that has any: not by holds that are over now.

    `besides`: nor by this holder.
    """
    asked = {"resources": sorted(set(resources)), "begins": timeline.begins, "ends": timeline.ends}
    asked["now"] = now
    if besides is None:
        rows = await session.execute(_TAKEN_NOW, asked)
    else:
        rows = await session.execute(_TAKEN_BY_OTHERS, asked | {"besides": besides})
    return _apart(timeline, rows)


async def taken_in(
    session: AsyncSession, resources: Sequence[str], start: datetime, end: datetime
) -> list[tuple[datetime, UUID]]:
    """The reserved quarter-hours of these resources in [start, end), in order, and what has each of them."""
    query = sa.select(col(QuarterHour.quarter), col(QuarterHour.holder)).where(
        col(QuarterHour.resource).in_(resources), col(QuarterHour.quarter) >= start, col(QuarterHour.quarter) < end
    )
    return [(row[0], row[1]) for row in await session.execute(query.order_by(col(QuarterHour.quarter)))]


async def taken_quarters(
    session: AsyncSession, resources: Sequence[str], start: datetime, end: datetime, *, besides: UUID | None = None
) -> list[tuple[str, datetime]]:
    """The reserved quarter-hours of these resources in [start, end); `besides`: not those that this holder has."""
    query = sa.select(col(QuarterHour.resource), col(QuarterHour.quarter)).where(
        col(QuarterHour.resource).in_(resources), col(QuarterHour.quarter) >= start, col(QuarterHour.quarter) < end
    )
    if besides is not None:
        query = query.where(col(QuarterHour.holder) != besides)
    return [(row[0], row[1]) for row in await session.execute(query.order_by(col(QuarterHour.quarter)))]


def _apart(timeline: Timeline, rows: Iterable[Any]) -> dict[str, int]:
    """What is taken, without what does not count as taken."""
    taken: dict[str, int] = {}
    set_free: dict[str, int] = {}
    bits = QuarterBits(timeline)
    for resource, quarters, takes in rows:
        found = taken if takes else set_free
        found[resource] = found.get(resource, 0) | bits.of(quarters)
    return {resource: bits & ~set_free.get(resource, 0) for resource, bits in taken.items()}


class _Digits(dict[str | datetime, int]):
    """The digit of each quarter-hour in a timeline's bits, from the left; of others the one behind the last."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self._origin, self._size = timeline.origin, timeline.size

    def __missing__(self, quarter: str | datetime) -> int:
        at = _number_of(quarter) - self._origin
        digit = self[quarter] = self._size - 1 - at if 0 <= at < self._size else self._size
        return digit


@lru_cache(maxsize=8)
def _digits_of(timeline: Timeline) -> _Digits:
    """Kept for further requests: the span of a day's pages is the same."""
    return _Digits(timeline)


class QuarterBits:
    """Many quarter-hours as the bits of a timeline. Each one is read once: calendars share them."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._digits = _digits_of(timeline)

    def of(self, quarters: Sequence[str | datetime]) -> int:
        """The bits of these quarter-hours, as `gathered` has them; of those beside the timeline none."""
        size = self._timeline.size
        digits = bytearray(b"0") * (size + 1)
        for digit in map(self._digits.__getitem__, quarters):
            digits[digit] = _ONE
        return int(digits[:size], 2)

    def touched(self, starts: Sequence[str | datetime], minutes: int) -> int:
        """The quarter-hours that appointments of this length touch. Few of them begin beside a quarter-hour."""
        begun, found = self.of(starts), 0
        for number in range(-(-minutes // _MINUTES)):
            found |= begun << number
        beside = [moment_of(one) for one in starts if _is_beside(one)]
        return found | self._timeline.touched((at, at + timedelta(minutes=minutes)) for at in beside)


@lru_cache(maxsize=16_384)
def _number_of(quarter: str | datetime) -> int:
    """The number of a quarter-hour from 1970, kept for further requests: a year has 35,000."""
    return slots.number_of(moment_of(quarter))


@lru_cache(maxsize=16_384)
def _is_beside(start: str | datetime) -> bool:
    return bool((moment_of(start) - datetime.min.replace(tzinfo=UTC)) % QUARTER)


_ONE = ord("1")
_MINUTES = QUARTER // timedelta(minutes=1)
