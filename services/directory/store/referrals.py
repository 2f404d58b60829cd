"""Referrals, their history, unassigned referrals, and the keys of partner references."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.copies.aliases import references_of
from services.chassis.storage.list_order import ListOrder
from services.chassis.storage.store import Aggregate
from services.chassis.storage.tables import BigNumber, in_states
from services.contracts.directory import ReferralStatus
from services.directory.domain import OPEN, UNANSWERED
from services.directory.domain.referrals import ReferralStage, stage_of
from services.directory.store.persons import Alias
from services.directory.store.table import Table


class Referral(Aggregate, Table, table=True):
    """A centre refers a person to a provider's service. After an erasure it stays without the reference."""

    __tablename__ = "referrals"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        sa.Index(
            "referrals_open_once",
            "subject_ref",
            "service_id",
            unique=True,
            postgresql_where=sa.text(in_states(OPEN)),
            sqlite_where=sa.text(in_states(OPEN)),
        ),
        sa.Index("referrals_of_a_centre", "centre", "requested_at"),
        sa.Index("referrals_of_a_provider", "organization_id", "requested_at"),
        sa.Index("referrals_unanswered", "status", "requested_at"),
        *(
            sa.Index(
                f"referrals_open_{name}",
                column,
                "requested_at",
                postgresql_where=sa.text(in_states(OPEN)),
                sqlite_where=sa.text(in_states(OPEN)),
            )
            for name, column in (("at_a_centre", "centre"), ("of_a_provider", "organization_id"))
        ),
    )

    subject_ref: UUID | None = Field(default=None, index=True)
    centre: str
    area: str | None = None
    organization_id: UUID
    service_id: UUID = Field(index=True)
    reason: str
    plan_id: UUID | None = None
    action_id: UUID | None = Field(default=None, unique=True)
    status: str
    status_reason: str | None = None
    requested_at: datetime
    status_at: datetime
    requested_by: str | None = None
    """The account of the counsellor who requested it; None: a plan's action did."""


_LATEST = ListOrder(col(Referral.requested_at), id=col(Referral.id), newest_first=True)
_OLDEST = ListOrder(col(Referral.requested_at), id=col(Referral.id))


class ReferralStep(Table, table=True):
    """One step of a referral's history. Append-only."""

    __tablename__ = "referral_steps"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    referral_id: UUID = Field(foreign_key="referrals.id", index=True)
    number: int = Field(sa_type=BigNumber)  # pyright: ignore[reportArgumentType]  # an instance works too
    status: str
    reason: str | None = None
    party: str
    by: str | None = None
    at: datetime


class UnassignedReferral(Aggregate, Table, table=True):
    """A plan's action that needs a provider and has no service yet: a counsellor chooses one. `id` is the action's."""

    __tablename__ = "undirected"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (sa.Index("undirected_at_a_centre", "centre", "since"),)

    subject_ref: UUID = Field(index=True)
    centre: str
    area: str | None = None
    reason: str
    plan_id: UUID | None = None
    wanted_service_id: UUID | None = None
    """The service that the plan named and that was not usable."""
    awaits_consent: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """Only the person's consent is missing: it is sent to the wanted service once they give it."""
    since: datetime


_LONGEST_WAIT = ListOrder(col(UnassignedReferral.since), id=col(UnassignedReferral.id))


class RegisteredPerson(Aggregate, Table, table=True):
    """A registered person, as intake published them; `id` is their reference. Locked before their key."""

    __tablename__ = "registered_people"  # pyright: ignore[reportAssignmentType]

    centre: str = Field(max_length=40)
    purposes: list[str] = Field(sa_type=sa.JSON)


class SubjectKey(Table, table=True):
    """The key of a person's partner references. Deleted at the erasure; then no reference leads to the person."""

    __tablename__ = "subject_keys"  # pyright: ignore[reportAssignmentType]

    subject_ref: UUID = Field(primary_key=True)
    key: bytes


class ErasedSubject(Aggregate, Table, table=True):
    """The reference of an erased person, under which nothing is stored any more. `id` is the reference."""

    __tablename__ = "erased_subjects"  # pyright: ignore[reportAssignmentType]

    erased_at: datetime


async def referrals_of(
    session: AsyncSession,
    *,
    centre: str | None = None,
    organization_id: UUID | None = None,
    stage: ReferralStage | None = None,
    status: ReferralStatus | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> Sequence[Referral]:
    """Referrals of a centre or to an organisation behind the referral `after`, the latest first.

    Those that are open, if `stage` says so, the oldest first.
    """
    chosen = sa.select(Referral).where(*_of(centre, organization_id))
    if stage is not None:
        chosen = chosen.where(*_in_stage(stage))
    if status is not None:
        chosen = chosen.where(col(Referral.status) == status.value)
    order = _LATEST if stage in (None, ReferralStage.ENDED) else _OLDEST
    return (await session.scalars(await order.page(session, chosen, limit, after))).all()


async def open_counts(
    session: AsyncSession, *, centre: str | None = None, organization_id: UUID | None = None
) -> dict[ReferralStage, int]:
    """How many open referrals of a centre or to an organisation are at each stage, counted in the store."""
    query = sa.select(col(Referral.status), sa.func.count()).select_from(Referral)
    query = query.where(*_of(centre, organization_id), _IS_OPEN).group_by(col(Referral.status))
    counts = {ReferralStage.UNANSWERED: 0, ReferralStage.UNDER_WAY: 0}
    for status, number in await session.execute(query):
        counts[stage_of(ReferralStatus(status))] += number
    return counts


_IS_OPEN = sa.text(in_states(OPEN))


def _of(centre: str | None, organization_id: UUID | None) -> list[Any]:
    wanted = ((col(Referral.centre), centre), (col(Referral.organization_id), organization_id))
    return [column == value for column, value in wanted if value is not None]


def _in_stage(stage: ReferralStage) -> tuple[Any, ...]:
    match stage:
        case ReferralStage.UNANSWERED:
            return _IS_OPEN, sa.text(in_states(UNANSWERED))
        case ReferralStage.UNDER_WAY:
            return _IS_OPEN, sa.text(f"not {in_states(UNANSWERED)}")
        case ReferralStage.ENDED:
            return (sa.text(f"not {in_states(OPEN)}"),)


async def open_referral(session: AsyncSession, subject_ref: UUID, service_id: UUID) -> Referral | None:
    """The person's open referral to this service: there is at most one, unless two persons with one were merged."""
    chosen = sa.select(Referral).where(
        col(Referral.subject_ref).in_(await references_of(session, Alias, subject_ref)),
        col(Referral.service_id) == service_id,
        col(Referral.status).in_([status.value for status in OPEN]),
    )
    return await session.scalar(chosen.order_by(col(Referral.requested_at), col(Referral.id)).limit(1))


async def referral_counts(session: AsyncSession, services: Iterable[UUID], since: datetime) -> dict[UUID, int]:
    """How many referrals each of these services got since then."""
    chosen = (
        sa.select(col(Referral.service_id), sa.func.count())
        .where(col(Referral.service_id).in_(list(services)), col(Referral.requested_at) >= since)
        .group_by(col(Referral.service_id))
    )
    return {id: int(count) for id, count in await session.execute(chosen)}


async def overdue(session: AsyncSession, requested_before: datetime, limit: int) -> list[UUID]:
    """Ids of unanswered referrals that were requested before then, the oldest first."""
    chosen = (
        sa.select(col(Referral.id))
        .where(
            col(Referral.status).in_([status.value for status in UNANSWERED]),
            col(Referral.requested_at) <= requested_before,
        )
        .order_by(col(Referral.requested_at), col(Referral.id))
        .limit(limit)
    )
    return list((await session.scalars(chosen)).all())


async def steps_of(session: AsyncSession, referral_id: UUID) -> Sequence[ReferralStep]:
    """A referral's history, the first step first."""
    chosen = (
        sa.select(ReferralStep).where(col(ReferralStep.referral_id) == referral_id).order_by(col(ReferralStep.number))
    )
    return (await session.scalars(chosen)).all()


async def unassigned_of(
    session: AsyncSession, centre: str, *, after: UUID | None = None, limit: int = 100
) -> Sequence[UnassignedReferral]:
    """The unassigned referrals of a centre behind the one `after`, the oldest first."""
    chosen = sa.select(UnassignedReferral).where(col(UnassignedReferral.centre) == centre)
    return (await session.scalars(await _LONGEST_WAIT.page(session, chosen, limit, after))).all()


async def count_unassigned(session: AsyncSession, centre: str) -> int:
    """How many unassigned referrals the centre has."""
    chosen = sa.select(sa.func.count()).select_from(UnassignedReferral)
    return int(await session.scalar(chosen.where(col(UnassignedReferral.centre) == centre)) or 0)


async def keys_of(session: AsyncSession, subjects: Iterable[UUID]) -> dict[UUID, bytes]:
    """The keys of these persons; an erased one has none."""
    chosen = sa.select(col(SubjectKey.subject_ref), col(SubjectKey.key)).where(
        col(SubjectKey.subject_ref).in_(list(subjects))
    )
    return {row[0]: row[1] for row in await session.execute(chosen)}
