"""Impact's tables: counts, their publications, the log of who read exact ones; copies of centres and accounts."""

from datetime import date, datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from services.chassis.copies.accounts import AccountCopy
from services.chassis.copies.centres import CentreCopy
from services.chassis.storage.tables import read_model_metadata


class Table(SQLModel):
    """Impact's own tables."""

    metadata = read_model_metadata()


class Tally(Table, table=True):
    """The count of one measure on a centre's local day, in an area (`""`: no area)."""

    __tablename__ = "tallies"  # pyright: ignore[reportAssignmentType]

    day: date = Field(primary_key=True)
    centre: str = Field(primary_key=True)
    measure: str = Field(primary_key=True)
    area: str = Field(primary_key=True)
    number: int


class Publication(Table, table=True):
    """An ended month with counts, and when it was published."""

    __tablename__ = "publications"  # pyright: ignore[reportAssignmentType]

    month: str = Field(primary_key=True, max_length=7)
    counted: int
    """The sum of all its counts at the last look."""
    unchanged_since: datetime
    looked_at: datetime
    published_at: datetime | None = None
    """When its published figures last changed. None: they are not published yet."""


class PublishedCount(Table, table=True):
    """A published count. `*` as centre or area: all. What has no row in a published month is 0. It never falls."""

    __tablename__ = "published_counts"  # pyright: ignore[reportAssignmentType]

    month: str = Field(primary_key=True, max_length=7)
    measure: str = Field(primary_key=True)
    centre: str = Field(primary_key=True)
    area: str = Field(primary_key=True)
    number: int
    """The sum of the published parts."""
    withheld: bool
    """Whether a part is not published."""


class CoveredCount(Table, table=True):
    """How many of a month's exact counts its publications include. What was counted later is left for the next one."""

    __tablename__ = "covered_counts"  # pyright: ignore[reportAssignmentType]

    month: str = Field(primary_key=True, max_length=7)
    measure: str = Field(primary_key=True)
    centre: str = Field(primary_key=True)
    area: str = Field(primary_key=True)
    number: int


class ExactRead(Table, table=True):
    """An entry of the log: who read exact figures, which and when."""

    __tablename__ = "exact_reads"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    at: datetime = Field(index=True)
    person: str = Field(max_length=200)
    """The account (`account/…`) or the machine."""
    form: str = Field(max_length=10)
    """A code of `ReadForm`."""
    since: date
    until: date
    centres: list[str] = Field(sa_type=sa.JSON)
    """None: all."""
    areas: list[str] = Field(sa_type=sa.JSON)


class Centre(CentreCopy, Table, table=True):
    """A centre's name, as the directory published it."""

    __tablename__ = "centres"  # pyright: ignore[reportAssignmentType]


class Account(AccountCopy, Table, table=True):
    """An account, as the directory published it."""

    __tablename__ = "accounts"  # pyright: ignore[reportAssignmentType]
