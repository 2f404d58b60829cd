"""What intake keeps: visits, the day's ticket counters, centres as it heard of them, and people who agreed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from services.chassis.copies.centres import CentreCopy
from services.chassis.storage.bulk import in_list, upsert
from services.chassis.storage.store import Aggregate
from services.chassis.storage.tables import chassis_metadata, in_states
from services.contracts.intake import IN_THE_ROOM, VisitStatus
from services.intake.domain import may_be_called_next, start_of_day

_QUEUE = tuple(status.value for status in VisitStatus if may_be_called_next(status))


class Table(SQLModel):
    """Intake's own tables."""

    metadata = chassis_metadata()


class Visit(Aggregate, Table, table=True):
    """Somebody came. Anonymous, until `subject_ref` says otherwise."""

    __tablename__ = "visits"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        sa.Index(
            "visits_in_the_room",
            "centre",
            "checked_in_at",
            postgresql_where=sa.text(in_states(IN_THE_ROOM)),
            sqlite_where=sa.text(in_states(IN_THE_ROOM)),
        ),
    )

    centre: str
    area: str | None = None
    channel: str
    status: str
    ticket: str | None = None
    desk: str | None = None
    checked_in_at: datetime
    called_at: datetime | None = None
    served_at: datetime | None = None
    ended_at: datetime | None = None
    subject_ref: UUID | None = Field(default=None, index=True)
    fingerprint: str
    """What was first said of the visit, so that saying it again changes nothing and saying otherwise is refused."""


class TicketCounter(Table, table=True):
    """How many tickets a centre has given on a day (its local date)."""

    __tablename__ = "ticket_counters"  # pyright: ignore[reportAssignmentType]

    centre: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    given: int = 0


class Centre(CentreCopy, Table, table=True):
    """A centre, as the directory published it."""

    __tablename__ = "centres"  # pyright: ignore[reportAssignmentType]

    timezone: str


class Visitor(Aggregate, Table, table=True):
    """A person who agreed to be known. `id` is the reference under which everybody else knows them."""

    __tablename__ = "visitors"  # pyright: ignore[reportAssignmentType]

    centre: str
    given_name: str
    family_name: str
    contact: str | None = None
    language: str
    retain_until: datetime
    registered_at: datetime


class Consent(Table, table=True):
    """One thing a person agreed to: lawful basis, when, recorded by whom, and when it ended."""

    __tablename__ = "consents"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    subject_ref: UUID = Field(index=True)
    purpose: str
    lawful_basis: str = "consent"
    given_at: datetime
    recorded_by: str
    withdrawn_at: datetime | None = None


class ErasedSubject(Table, table=True):
    """A reference that must never come back, whatever is replayed or restored."""

    __tablename__ = "erased_subjects"  # pyright: ignore[reportAssignmentType]

    subject_ref: UUID = Field(primary_key=True)
    erased_at: datetime


_CENTRES_BY_CODE = sa.select(Centre).where(in_list(col(Centre.code), "codes"))
_ANY_EXISTS = sa.exists().where(in_list(col(Visit.id), "visits"))
_CENTRES_AND_ANY_EXISTS = _CENTRES_BY_CODE.add_columns(_ANY_EXISTS.label("any_known"))


async def centres_by_code(session: AsyncSession, codes: Iterable[str]) -> Mapping[str, Centre]:
    """Those of these centres that are known, by code; each is read once in a unit of work."""
    known: dict[str, Centre] = session.info.setdefault("intake.centres", {})
    if missing := [code for code in codes if code not in known]:
        found = await session.scalars(_CENTRES_BY_CODE, {"codes": missing})
        known.update({centre.code: centre for centre in found})
    return known


async def any_may_exist(session: AsyncSession, visits: Collection[UUID], codes: Collection[str]) -> bool:
    """Whether any of these visits may be known; False is certain.

    The same round trip reads their centres, for `centres_named`. Where the unit of work has those already, none is
    made, and any of the visits may be known.
    """
    places: dict[str, Centre] = session.info.setdefault("intake.centres", {})
    if places.keys() >= set(codes):
        return True
    found = (await session.execute(_CENTRES_AND_ANY_EXISTS, {"codes": list(codes), "visits": list(visits)})).all()
    places.update({centre.code: centre for centre, _ in found})
    return not found or any(any_known for _, any_known in found)


async def count_tickets(session: AsyncSession, wanted: Mapping[tuple[str, date], int]) -> dict[tuple[str, date], int]:
    """Count so many more tickets of each centre and day; answers the last number given of each.

    The counters stay locked until the end of the work, and are taken by centre and day: the order of locks in
    docs/architecture.md.
    """
    if not wanted:
        return {}
    rows = [{"centre": centre, "day": day, "given": more} for (centre, day), more in sorted(wanted.items())]
    return {(row.centre, row.day): row.given for row in await session.execute(_increment(session), rows)}


@upsert
def _increment(insert: Any) -> Any:
    counters = TicketCounter.metadata.tables["ticket_counters"]
    counted = insert(counters)
    further = {"given": counters.c.given + counted.excluded.given}
    return counted.on_conflict_do_update(index_elements=["centre", "day"], set_=further).returning(
        counters.c.centre, counters.c.day, counters.c.given
    )


async def in_the_room(
    session: AsyncSession,
    centre: str,
    limit: int = 200,
    *,
    since: datetime | None = None,
    before: datetime | None = None,
) -> Sequence[Visit]:
    """Who waits, is called or is being served at a centre, first come first; of those who came since or before then."""
    chosen = sa.select(Visit).where(col(Visit.centre) == centre, col(Visit.status).in_(IN_THE_ROOM))
    if since is not None:
        chosen = chosen.where(col(Visit.checked_in_at) >= since)
    if before is not None:
        chosen = chosen.where(col(Visit.checked_in_at) < before)
    return (await session.scalars(chosen.order_by(col(Visit.checked_in_at), col(Visit.id)).limit(limit))).all()


async def recently_ended(session: AsyncSession, centre: str, since: datetime, limit: int = 10) -> Sequence[Visit]:
    """Who was served or left since then, latest first."""
    chosen = (
        sa.select(Visit)
        .where(
            col(Visit.centre) == centre,
            col(Visit.ended_at) >= since,
            col(Visit.checked_in_at) >= since - timedelta(days=1),
        )
        .order_by(col(Visit.ended_at).desc())
        .limit(limit)
    )
    return (await session.scalars(chosen)).all()


async def first_waiting(session: AsyncSession, centre: str, area: str | None, now: datetime) -> UUID | None:
    """Whoever has waited longest today (in this area, when one is named)."""
    place = await session.get(Centre, centre)
    if place is None:
        return None
    chosen = sa.select(col(Visit.id)).where(
        col(Visit.centre) == centre,
        col(Visit.status).in_(_QUEUE),
        col(Visit.checked_in_at) >= start_of_day(now, ZoneInfo(place.timezone)),
    )
    if area is not None:
        chosen = chosen.where(col(Visit.area) == area)
    ordered = chosen.order_by(col(Visit.checked_in_at), col(Visit.id)).limit(1)
    return await session.scalar(ordered.with_for_update(skip_locked=True))
