"""By which registered persons are found, and the logs of exports and openings of their data by staff."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlmodel import Field

from services.chassis.service.personal_data import ExportRow
from services.intake.store.table import Table


class Export(ExportRow, Table, table=True):
    """An export of a person's data by staff."""

    __tablename__ = "personal_data_exports"  # pyright: ignore[reportAssignmentType]


class PersonKey(Table, table=True):
    """A word of a person's name as it is searched: written, or by its sound (`domain.names`)."""

    __tablename__ = "person_keys"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (sa.Index("person_keys_of_centre", "centre", "key", "subject_ref"),)

    subject_ref: UUID = Field(primary_key=True)
    key: bytes = Field(primary_key=True, max_length=200)
    centre: str = Field(max_length=40)


class PersonAccess(Table, table=True):
    """Staff opened a person's data, or recorded a visit as theirs. What was searched for is stored nowhere."""

    __tablename__ = "person_accesses"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (sa.Index("person_accesses_of_person", "subject_ref", "person", "at"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    at: datetime = Field(index=True)
    subject_ref: UUID
    person: str = Field(max_length=200)
    """The account (`account/…`) or the machine."""
    how: str = Field(max_length=20)
    """Of `domain.accesses.AccessKind`."""
    reason: str | None = Field(default=None, max_length=20)
    """Of `domain.accesses.Reason`, where the person is registered at another centre."""
