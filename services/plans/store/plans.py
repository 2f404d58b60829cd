"""The plan and everything written in it. An author is a role and an account, never a name."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from services.chassis.storage.store import Aggregate
from services.plans.store.paths import Table


def _key(of: str, **options: Any) -> Any:
    return Field(foreign_key=f"{of}.id", index=True, ondelete="CASCADE", **options)


class Written(SQLModel):
    """Time, role and account of the last change; `version` counts the changes from 1."""

    version: int = 1
    at: datetime
    by_role: str = Field(max_length=20)
    by_account: str = Field(max_length=120)


class Plan(Aggregate, Table, table=True):
    """A career plan. `version` counts its emitted events."""

    __tablename__ = "plans"  # pyright: ignore[reportAssignmentType]

    path_id: UUID = Field(unique=True)
    subject_ref: UUID = Field(index=True)
    centre: str = Field(max_length=40)
    method: str = Field(max_length=20)
    opened_at: datetime
    confirmed_at: datetime | None = None
    confirmed_by: str | None = Field(default=None, max_length=120)
    """The account of the counsellor."""
    closed_to_centre: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """The person does not consent to the plan any more: only they read it."""

    __table_args__ = (sa.Index("plans_of_centre", "centre", "opened_at"),)


class Assessment(Written, Table, table=True):
    """The text of one of the six dimensions; an empty text means that it was deleted."""

    __tablename__ = "assessments"  # pyright: ignore[reportAssignmentType]

    plan_id: UUID = Field(foreign_key="plans.id", primary_key=True, ondelete="CASCADE")
    dimension: str = Field(primary_key=True, max_length=20)
    text: str


class InformationStep(Written, Table, table=True):
    """Information to find out, where or from whom and until when; later its result."""

    __tablename__ = "information_steps"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    plan_id: UUID = _key("plans")
    what: str
    whom: str = ""
    planned_on: date | None = None
    result: str | None = None
    result_at: datetime | None = None
    result_by_role: str | None = Field(default=None, max_length=20)


class Reflection(Written, Table, table=True):
    """A reflection made in, between or after sessions."""

    __tablename__ = "reflections"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    plan_id: UUID = _key("plans")
    moment: str = Field(max_length=20)
    text: str


class Goal(Written, Table, table=True):
    """A goal of the person."""

    __tablename__ = "goals"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    plan_id: UUID = _key("plans")
    text: str


class ActionTrack(Written, Table, table=True):
    """An action track towards a goal, in one of the centre's areas."""

    __tablename__ = "action_tracks"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    plan_id: UUID = _key("plans")
    goal_id: UUID = _key("goals")
    title: str
    area: str | None = Field(default=None, max_length=40)


class Action(Written, Table, table=True):
    """An action on a track. The names of provider and service are those published when it was planned."""

    __tablename__ = "actions"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    plan_id: UUID = _key("plans")
    track_id: UUID = _key("action_tracks")
    title: str
    responsible: str = Field(max_length=20)
    due_on: date | None = None
    needs_provider: bool = False
    reason: str | None = Field(default=None, max_length=40)
    service_id: UUID | None = None
    service_name: str | None = Field(default=None, max_length=200)
    provider_name: str | None = Field(default=None, max_length=200)
    status: str = Field(max_length=20)
    status_at: datetime


class Revision(Table, table=True):
    """One change of a plan: old and new value, time, role and account. Append-only."""

    __tablename__ = "revisions"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(
        default=None, sa_column=sa.Column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)
    )
    plan_id: UUID = _key("plans")
    at: datetime
    by_role: str = Field(max_length=20)
    by_account: str = Field(max_length=120)
    what: str = Field(max_length=30)
    """`assessment`, `information-step`, `information-result`, `reflection`, `goal`, `track`, `action`,
    `action-status` or `confirmed`."""
    item: str = Field(max_length=40)
    """The dimension's key, or the id of what changed."""
    old: str | None = None
    new: str | None = None
