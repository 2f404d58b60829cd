"""The facts of each guidance path, from scheduling's events, and erased persons."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from services.chassis.storage.store import Aggregate
from services.chassis.storage.tables import chassis_metadata
from services.contracts.consent import Purpose


class Table(SQLModel):
    """Every table of this service."""

    metadata = chassis_metadata()


_ERASED = sa.text("erased_at is not null")


class Subject(Aggregate, Table, table=True):
    """A person's reference that occurred in an event. Locked before a row under it is added or erased.

    After erasure only this row stays, so that a replay does not restore the person.
    """

    __tablename__ = "subjects"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (sa.Index("subjects_erased", "id", postgresql_where=_ERASED, sqlite_where=_ERASED),)

    erased_at: datetime | None = None
    purposes: list[str] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    """Those to which the person consents. None: intake never registered them, as those of imported paths."""

    @property
    def plan_is_closed(self) -> bool:
        """Whether the plan is closed to the centre: the person is registered, without consent to it."""
        return self.purposes is not None and Purpose.PLAN not in self.purposes

    @property
    def may_be_referred(self) -> bool:
        """Whether the person consents to referrals."""
        return self.purposes is not None and Purpose.REFERRAL in self.purposes


class Path(Aggregate, Table, table=True):
    """One guidance path. Its facts arrive in any order; until `PathOpened`, `method` is None.

    After erasure only the id stays, with `erased`.
    """

    __tablename__ = "paths"  # pyright: ignore[reportAssignmentType]

    subject_ref: UUID | None = Field(default=None, index=True)
    centre: str | None = Field(default=None, max_length=40)
    method: str | None = Field(default=None, max_length=20)
    opened_at: datetime | None = None
    workshop_id: UUID | None = Field(default=None, index=True)
    """The workshop of the seat taken last."""
    seated_at: datetime | None = None
    first_held_at: datetime | None = None
    """Start of the first interview held."""
    first_attended_at: datetime | None = None
    """When the first attendance was recorded."""
    finalising_due_at: datetime | None = None
    stopped_at: datetime | None = None
    """When the path was closed without a confirmed plan."""
    reopened_at: datetime | None = None
    """When it was reopened last."""
    erased: bool = Field(default=False, sa_column_kwargs={"name": "forgotten"})


class HeldInterview(Aggregate, Table, table=True):
    """An interview of a path that took place."""

    __tablename__ = "held_interviews"  # pyright: ignore[reportAssignmentType]

    path_id: UUID = Field(index=True)
    starts_at: datetime


class Attendance(Aggregate, Table, table=True):
    """Whether the path's person attended one session of a workshop; `id` is derived from path and session."""

    __tablename__ = "attendances"  # pyright: ignore[reportAssignmentType]

    path_id: UUID = Field(index=True)
    session_id: UUID
    workshop_id: UUID
    attended: bool
    final: bool
    at: datetime


class Workshop(Aggregate, Table, table=True):
    """How many sessions a workshop has."""

    __tablename__ = "workshops"  # pyright: ignore[reportAssignmentType]

    sessions: int
