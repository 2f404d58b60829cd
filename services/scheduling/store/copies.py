"""Copies of other services' data, updated by their events: centres, visits in the room, registered visitors."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.copies.accounts import AccountCopy
from services.chassis.copies.centres import LocalCentreCopy
from services.chassis.copies.visits import Day, QueuedVisit, is_here, queue_indexes
from services.chassis.storage.bulk import in_list, upsert
from services.chassis.storage.list_order import ListOrder
from services.chassis.storage.store import Aggregate
from services.chassis.storage.tables import in_states
from services.contracts.intake import IN_THE_ROOM
from services.scheduling.domain.rules import COMES_BEFORE, NEEDED_PURPOSE
from services.scheduling.domain.states import PRESENT
from services.scheduling.domain.times import Hours
from services.scheduling.store.table import Table


class Account(AccountCopy, Table, table=True):
    """An account, as the directory published it."""

    __tablename__ = "accounts"  # pyright: ignore[reportAssignmentType]


class Centre(LocalCentreCopy, Table, table=True):
    """A centre, as the directory published it."""

    __tablename__ = "centres"  # pyright: ignore[reportAssignmentType]

    opening_hours: list[dict[str, Any]] = Field(sa_type=sa.JSON)
    closed_on: list[str] = Field(sa_type=sa.JSON)
    special_days: list[dict[str, Any]] = Field(
        default_factory=list[dict[str, Any]], sa_type=sa.JSON, sa_column_kwargs={"server_default": "[]"}
    )

    @property
    def hours(self) -> Hours:
        """The centre's opening hours."""
        return Hours.of_fields(self.timezone, self.opening_hours, self.closed_on, self.special_days)


class Waiting(QueuedVisit, Table, table=True):
    """A visitor who queued, from check-in to some time after the end of the visit. `id` is the visit's.

    `seq` numbers the changes of a centre's board without gaps, in the order of their commits, so that a reader can
    resume after any number.
    """

    __tablename__ = "waiting"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (sa.Index("waiting_changes", "centre", "seq"), *queue_indexes("waiting"))

    area: str | None = None
    other_areas: list[str] = Field(
        default_factory=list[str], sa_type=sa.JSON, sa_column_kwargs={"server_default": "[]"}
    )
    interpreter_language: str | None = Field(default=None, max_length=3)
    """The language of the interpreter whom the visitor needs; deleted when the visit ends."""
    changed_at: datetime
    subject_ref: UUID | None = Field(default=None, index=True)
    counsellor: str | None = None
    """The counsellor in an interview with this visitor."""
    interview_id: UUID | None = None
    seq: int = 0


class WaitingBoard(Table, table=True):
    """The sequence of one centre's board: its last number, and the last that was pruned."""

    __tablename__ = "waiting_boards"  # pyright: ignore[reportAssignmentType]

    centre: str = Field(primary_key=True)
    seq: int = 0
    forgotten: int = 0
    tidied_on: date | None = None


_ERASED = sa.text("forgotten_at is not null")


class KnownPerson(Aggregate, Table, table=True):
    """A registered visitor; `id` is their reference.

    The row stays after erasure, so that no replay or restore brings them back.
    """

    __tablename__ = "known_people"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        sa.Index("known_people_lately", "centre", "registered_at"),
        sa.Index("known_people_erased", "id", postgresql_where=_ERASED, sqlite_where=_ERASED),
    )

    centre: str
    purposes: list[str] = Field(sa_type=sa.JSON)
    registered_at: datetime
    erased_at: datetime | None = Field(default=None, sa_column_kwargs={"name": "forgotten_at"})


async def insert_known_person(session: AsyncSession, person: KnownPerson) -> None:
    """Insert this person unless they are known; two at once wait for each other."""
    await session.execute(_first_known(session), [person.model_dump()])


_first_known = upsert(lambda insert: insert(KnownPerson).on_conflict_do_nothing())


async def erased_people(session: AsyncSession, people: Collection[UUID]) -> set[UUID]:
    """The erased among these visitors."""
    if not people:
        return set()
    known = col(KnownPerson.id)
    gone = sa.select(known).where(in_list(known, "people"), col(KnownPerson.erased_at).is_not(None))
    return set((await session.scalars(gone, {"people": list(people)})).all())


async def tickets_of(session: AsyncSession, visits: Collection[UUID]) -> dict[UUID, str | None]:
    """The tickets of these visits."""
    query = sa.select(col(Waiting.id), col(Waiting.ticket)).where(col(Waiting.id).in_(visits))
    return {row[0]: row[1] for row in await session.execute(query)} if visits else {}


async def visits_of(session: AsyncSession, visits: Sequence[UUID]) -> list[Waiting]:
    """The copies of these visits, in this order."""
    found = await session.scalars(sa.select(Waiting).where(col(Waiting.id).in_(visits))) if visits else ()
    by_id = {one.id: one for one in found}
    return [by_id[id] for id in visits if id in by_id]


async def here_by_seq(session: AsyncSession, day: Day, after: int, until: int, limit: int) -> Sequence[Waiting]:
    """Who is here today, in order of their last change; only those with a sequence number in (after, until]."""
    query = sa.select(Waiting).where(is_here(Waiting, day), col(Waiting.seq) > after, col(Waiting.seq) <= until)
    return (await session.scalars(query.order_by(col(Waiting.seq)).limit(limit))).all()


_WAITING = Waiting.metadata.tables["waiting"]
_CHANGES_AFTER = (
    sa.select(_WAITING)
    .where(_WAITING.c.centre == sa.bindparam("of"), _WAITING.c.seq > sa.bindparam("seen"))
    .where(sa.or_(sa.text(f"not {in_states(IN_THE_ROOM)}"), _WAITING.c.checked_in_at >= sa.bindparam("since")))
    .order_by(_WAITING.c.seq)
    .limit(sa.bindparam("most"))
)


async def changes_after(session: AsyncSession, day: Day, seq: int, limit: int = 500) -> Sequence[sa.Row[Any]]:
    """The rows of a centre that changed after this sequence number, in order; each once, with its last change.

    Of visits from before the day only those that ended: the others' visitors are not here.
    Plain rows, not ORM objects: the streams poll often, and only read.
    """
    asked = {"of": day.centre, "seen": seq, "since": day.began_at, "most": limit}
    return (await session.execute(_CHANGES_AFTER, asked)).all()


async def visit_at(
    session: AsyncSession, refs: Collection[UUID], day: tuple[datetime, datetime], starts_at: datetime, minutes: int
) -> Waiting | None:
    """A visit of this visitor that day during which an appointment was to begin, or None; not one left unserved.

    It goes on, ended after the start, or began from `COMES_BEFORE` before it until the end of the appointment. An
    earlier visit was for another need.
    """
    begun = col(Waiting.checked_in_at)
    ends_at = starts_at + timedelta(minutes=minutes)
    for_it = sa.or_(
        col(Waiting.status).in_(IN_THE_ROOM),
        sa.and_(begun < ends_at, sa.or_(begun >= starts_at - COMES_BEFORE, col(Waiting.ended_at) > starts_at)),
    )
    query = (
        sa.select(Waiting)
        .where(
            col(Waiting.subject_ref).in_(refs),
            begun >= day[0],
            begun < day[1],
            col(Waiting.status).in_(PRESENT),
            for_it,
        )
        .limit(1)
    )
    return await session.scalar(query)


_AGREED = sa.cast(col(KnownPerson.purposes), sa.Text).contains(f'"{NEEDED_PURPOSE}"')


def can_be_booked(subject_ref: Any) -> Any:
    """Whether the visitor of this column consents to guidance; one of an imported path was never registered.

    No join and no EXISTS: PostgreSQL would rather read every person than look up those of one list.
    """
    refused = sa.select(sa.func.count()).where(col(KnownPerson.id) == subject_ref, ~_AGREED)
    return refused.scalar_subquery() == 0


_LAST_REGISTERED = ListOrder(col(KnownPerson.registered_at), id=col(KnownPerson.id), newest_first=True)


async def recently_registered(
    session: AsyncSession, centre: str, *, after: UUID | None = None, limit: int = 50
) -> tuple[Sequence[KnownPerson], UUID | None]:
    """The registered visitors of a centre who consent to guidance, behind `after`, the latest first.

    And the last of them, if others follow.
    """
    theirs = (col(KnownPerson.centre) == centre, col(KnownPerson.erased_at).is_(None), _AGREED)
    query = await _LAST_REGISTERED.page(session, sa.select(KnownPerson).where(*theirs), limit + 1, after)
    found = (await session.scalars(query)).all()
    return found[:limit], found[limit - 1].id if len(found) > limit else None
