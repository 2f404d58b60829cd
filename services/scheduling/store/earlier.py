"""Who asked for an earlier time of a booked interview, and the times that are offered to them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.bulk import in_list
from services.chassis.storage.store import Aggregate
from services.chassis.storage.tables import in_states
from services.contracts.earlier import EarlierOfferEnd
from services.scheduling.domain.earlier import OfferState, counts
from services.scheduling.domain.states import ON_PATH
from services.scheduling.store.holds import SlotHold
from services.scheduling.store.interviews import Interview
from services.scheduling.store.table import Table

_WAITS = sa.text("ended_at is null")
_ENDED = sa.text("ended_at is not null")
_LIVE = sa.text(in_states([OfferState.OFFERED.value]))
_NOT_AGAIN = [one.value for one in EarlierOfferEnd if counts(one)]


class EarlierWish(Table, table=True):
    """A person asked for an earlier time of this interview: one entry each, in the order of `asked_at`."""

    __tablename__ = "earlier_wishes"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        sa.Index("earlier_wishes_open", "centre", "asked_at", postgresql_where=_WAITS, sqlite_where=_WAITS),
        sa.Index("earlier_wishes_ended", "ended_at", postgresql_where=_ENDED, sqlite_where=_ENDED),
    )

    interview_id: UUID = Field(primary_key=True)
    centre: str = Field(max_length=40)
    asked_at: datetime
    asked_by: str = Field(max_length=20)
    """The side that asked: the visitor, or the centre in their name."""
    others: bool = False
    """Also with another counsellor of the centre."""
    language: str | None = Field(default=None, max_length=3)
    """Of another counsellor. None: any."""
    half: str | None = Field(default=None, max_length=20)
    """A `Half` of the day. None: both."""
    missed: int = 0
    """The offers that were declined or not answered since `asked_at`."""
    ended_at: datetime | None = None
    ended_because: str | None = Field(default=None, max_length=20)
    """A `WishEnd`. None: they wait."""


class EarlierOffer(Aggregate, Table, table=True):
    """An earlier time that is offered for an interview. The time itself is not kept for anybody."""

    __tablename__ = "earlier_offers"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        sa.Index("earlier_offers_once", "interview_id", unique=True, postgresql_where=_LIVE, sqlite_where=_LIVE),
    )

    interview_id: UUID = Field(index=True)
    centre: str = Field(max_length=40)
    counsellor: str = Field(max_length=60)
    starts_at: datetime
    minutes: int
    status: str = Field(max_length=20)
    """An `OfferState`."""
    offered_at: datetime
    until: datetime
    ended_at: datetime | None = None


class Entry(NamedTuple):
    """An entry of the list, with its interview. None: the interview is gone."""

    wish: EarlierWish
    interview: Interview | None


async def centres_with_wishes(session: AsyncSession) -> Sequence[str]:
    """The centres at which people wait for an earlier time."""
    centre = col(EarlierWish.centre)
    return (await session.scalars(sa.select(centre).where(_WAITS).distinct().order_by(centre))).all()


async def lock_wishes(session: AsyncSession) -> Collection[UUID]:
    """Lock all entries that wait, by centre and id, and return them: so one unit of work at a time makes offers.

    An entry that is committed later is not among them, and not locked.
    """
    id, centre = col(EarlierWish.interview_id), col(EarlierWish.centre)
    return set(await session.scalars(sa.select(id).where(_WAITS).order_by(centre, id).with_for_update()))


async def who_waits(session: AsyncSession, centre: str) -> list[Entry]:
    """Those who wait at this centre, in the order in which they asked."""
    query = (
        sa.select(EarlierWish)
        .where(_open_at(centre))
        .order_by(col(EarlierWish.asked_at), col(EarlierWish.interview_id))
    )
    wishes = (await session.scalars(query.execution_options(populate_existing=True))).all()
    theirs = sa.select(Interview).where(in_list(col(Interview.id), "interviews"))
    found = await session.scalars(
        theirs.execution_options(populate_existing=True), {"interviews": sorted(one.interview_id for one in wishes)}
    )
    interviews = {one.id: one for one in found}
    return [Entry(one, interviews.get(one.interview_id)) for one in wishes]


def _open_at(centre: str) -> sa.ColumnElement[bool]:
    return sa.and_(_waits(), col(EarlierWish.centre) == centre)


def _waits() -> sa.ColumnElement[bool]:
    return col(EarlierWish.ended_at).is_(None)


async def live_offers(session: AsyncSession) -> Sequence[EarlierOffer]:
    """The offers of all centres that have not ended, in the order of their ids."""
    query = sa.select(EarlierOffer).where(_LIVE).execution_options(populate_existing=True)
    found = (await session.scalars(query)).all()
    return sorted(found, key=lambda one: one.id)  # not by the store: it would read every offer in that order


async def offers_alone(session: AsyncSession, *, lock: bool) -> Sequence[EarlierOffer]:
    """The offers that have not ended although nobody waits for one, by id. There should be none."""
    live = await live_offers(session)
    theirs = in_list(col(EarlierWish.interview_id), "interviews")
    asked = await session.scalars(
        sa.select(col(EarlierWish.interview_id)).where(theirs, _waits()),
        {"interviews": sorted(one.interview_id for one in live)},
    )
    waiting = set(asked)
    alone = [one for one in live if one.interview_id not in waiting]
    if not (alone and lock):
        return alone
    again = sa.select(EarlierOffer).where(in_list(col(EarlierOffer.id), "offers"), _LIVE).order_by(col(EarlierOffer.id))
    again = again.with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(again, {"offers": [one.id for one in alone]})).all()


async def live_offer_of(session: AsyncSession, interview_id: UUID) -> EarlierOffer | None:
    """The offer for this interview that has not ended."""
    return await session.scalar(sa.select(EarlierOffer).where(col(EarlierOffer.interview_id) == interview_id, _LIVE))


async def offers_of(session: AsyncSession, interview_id: UUID) -> Sequence[EarlierOffer]:
    """The offers for this interview, the last one last."""
    query = sa.select(EarlierOffer).where(col(EarlierOffer.interview_id) == interview_id)
    return (await session.scalars(query.order_by(col(EarlierOffer.offered_at), col(EarlierOffer.id)))).all()


async def live_offers_of(
    session: AsyncSession, interviews: Collection[UUID], now: datetime
) -> dict[UUID, EarlierOffer]:
    """The offers for these interviews that can be answered now, by interview."""
    query = sa.select(EarlierOffer).where(
        _LIVE, in_list(col(EarlierOffer.interview_id), "interviews"), col(EarlierOffer.until) > now
    )
    found = await session.scalars(query, {"interviews": sorted(interviews)})
    return {one.interview_id: one for one in found}


async def refused_times(session: AsyncSession, interviews: Collection[UUID]) -> list[EarlierOffer]:
    """The offers for these interviews that were declined or not answered."""
    query = sa.select(EarlierOffer).where(
        in_list(col(EarlierOffer.interview_id), "interviews"), col(EarlierOffer.status).in_(_NOT_AGAIN)
    )
    return list(await session.scalars(query, {"interviews": sorted(interviews)}))


async def starts_on_paths(session: AsyncSession, paths: Collection[UUID]) -> dict[UUID, list[tuple[UUID, datetime]]]:
    """The booked and held interviews of these paths, with their beginnings, by path."""
    found: dict[UUID, list[tuple[UUID, datetime]]] = defaultdict(list)
    query = sa.select(col(Interview.path_id), col(Interview.id), col(Interview.starts_at)).where(
        in_list(col(Interview.path_id), "paths"), col(Interview.status).in_(ON_PATH)
    )
    for path_id, id, starts_at in await session.execute(query, {"paths": sorted(paths)}):
        found[cast(UUID, path_id)].append((id, starts_at))
    return found


async def held_now(session: AsyncSession, counsellors: Collection[str], now: datetime) -> Sequence[SlotHold]:
    """The times of these counsellors that are held for who chose them: not booked yet, and soon free again perhaps."""
    query = sa.select(SlotHold).where(col(SlotHold.expires_at) > now, col(SlotHold.counsellor).in_(counsellors))
    return (await session.scalars(query)).all()


async def delete_wishes(session: AsyncSession, interviews: Collection[UUID]) -> None:
    """Delete the entries of these interviews and their offers, locked before by id."""
    for table in (EarlierWish, EarlierOffer):
        theirs = col(table.interview_id).in_(interviews)
        await session.execute(sa.select(col(table.interview_id)).where(theirs).with_for_update())
        await session.execute(sa.delete(table).where(theirs))


async def ended_before(session: AsyncSession, moment: datetime, limit: int) -> Sequence[UUID]:
    """The interviews whose entries ended before this moment, the first to end first."""
    ended = sa.select(col(EarlierWish.interview_id)).where(_ENDED, col(EarlierWish.ended_at) < moment)
    return (await session.scalars(ended.order_by(col(EarlierWish.ended_at)).limit(limit))).all()


async def lock_ended(session: AsyncSession, interviews: Collection[UUID], moment: datetime) -> Sequence[UUID]:
    """Lock those of these entries that have still ended before this moment, by id, and return them."""
    id = col(EarlierWish.interview_id)
    ended = sa.select(id).where(in_list(id, "interviews"), _ENDED, col(EarlierWish.ended_at) < moment)
    return (await session.scalars(ended.order_by(id).with_for_update(), {"interviews": list(interviews)})).all()
