"""Centres: reference data that managers edit."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.i18n import by_name
from services.chassis.refusals import UnknownArea, UnknownCentre
from services.chassis.storage.list_order import ListOrder
from services.chassis.storage.store import Aggregate
from services.contracts.opening import Hours
from services.directory.domain import ALL_AREAS
from services.directory.domain.centres import public_holidays
from services.directory.domain.opening_text import text_of, week_of_fields
from services.directory.store.table import Table


class Centre(Aggregate, Table, table=True):
    """A centre."""

    __tablename__ = "centres"  # pyright: ignore[reportAssignmentType]

    code: str = Field(unique=True)
    name: str
    town: str
    kind: str
    areas: list[str] = Field(sa_type=sa.JSON)
    timezone: str
    opening_hours: list[dict[str, Any]] = Field(sa_type=sa.JSON)
    """Objects with `weekdays`, `opens_at`, `closes_at`: local time, end excluded."""
    hours_text: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """The opening hours as text, from which the fields are derived. Empty: the fields were there first, see `text`."""
    closed_on: list[str] = Field(sa_type=sa.JSON)
    """ISO dates."""
    special_days: list[dict[str, Any]] = Field(
        default_factory=list[dict[str, Any]], sa_type=sa.JSON, sa_column_kwargs={"server_default": "[]"}
    )
    languages: list[str] = Field(sa_type=sa.JSON)
    holidays_through: int
    """The last year whose public holidays were added; what a manager changed before stays."""
    contact: dict[str, Any] = Field(
        default_factory=dict[str, Any], sa_type=sa.JSON, sa_column_kwargs={"server_default": "{}"}
    )
    """Where the centre is and how it is reached: the fields of `CentreContact` that are known."""

    @property
    def text(self) -> str:
        """The opening hours as text."""
        if self.hours_text or not (self.opening_hours or self.closed_on):
            return self.hours_text
        years = [int(day[:4]) for day in self.closed_on]
        through = min(max(years), self.holidays_through) if years else 0
        holidays = public_holidays(min(years), through) if years and through >= min(years) else ()
        return text_of(week_of_fields(self.opening_hours, self.closed_on, holidays))

    @property
    def hours(self) -> Hours:
        """The centre's opening hours."""
        return Hours.of_fields(self.timezone, self.opening_hours, self.closed_on, self.special_days)


class UnrestatedCentre(Table, table=True):
    """A centre of an older store whose hours others do not have. The migration that made the table filled it."""

    __tablename__ = "centres_to_restate"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)


class CentreChange(Table, table=True):
    """Who changed what in a centre, and when."""

    __tablename__ = "centre_changes"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (sa.Index("centre_changes_of_a_centre", "centre_id", "at"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    centre_id: UUID = Field(foreign_key="centres.id")
    at: datetime
    by: str = Field(max_length=200)
    """The `subject` of the person."""
    before: dict[str, Any] = Field(sa_type=sa.JSON)
    after: dict[str, Any] = Field(sa_type=sa.JSON)
    """The values that changed, by the name of the column."""


async def centres(session: AsyncSession) -> Sequence[Centre]:
    """All centres, by town."""
    return sorted(await session.scalars(sa.select(Centre)), key=lambda centre: by_name(centre.town))


async def unrestated_centres(session: AsyncSession) -> set[UUID]:
    """The centres that are still to be published after an update."""
    return set((await session.scalars(sa.select(col(UnrestatedCentre.id)))).all())


async def centre_codes(session: AsyncSession) -> list[str]:
    """Every centre's code, in order."""
    return list((await session.scalars(sa.select(col(Centre.code)).order_by(col(Centre.code)))).all())


async def unknown_centre(
    session: AsyncSession, code: str | None, field: str | None = None, among: Collection[str] | None = None
) -> UnknownCentre:
    """The refusal of a centre that does not exist, or is missing, with the names of those that do.

    `among`: only these can be chosen.
    """
    found = [one for one in await centres(session) if among is None or one.code in among]
    names = sorted((one.name for one in found), key=by_name)
    return UnknownCentre(field, centre=code, known=[one.code for one in found], choices=names)


async def check_centre_and_area(session: AsyncSession, centre: str | None, area: str | None) -> None:
    """The centre is one of the network, the area one in which some centre works. None is not checked.

    Raises `UnknownCentre`, `UnknownArea`.
    """
    if centre is not None and centre not in await centre_codes(session):
        raise await unknown_centre(session, centre)
    if area is not None and area not in (known := await known_areas(session)):
        raise UnknownArea(area=area, known=tuple(known))


async def known_areas(session: AsyncSession) -> tuple[str, ...]:
    """Every area in which some centre works; the four default areas while there is no centre."""
    found = {area for areas in await session.scalars(sa.select(col(Centre.areas))) for area in areas}
    return (*(area for area in ALL_AREAS if area in found), *sorted(found - set(ALL_AREAS))) or ALL_AREAS


_LAST_CHANGE = ListOrder(col(CentreChange.at), id=col(CentreChange.id), newest_first=True)


async def centre_changes(
    session: AsyncSession, centre_id: UUID, *, after: UUID | None = None, limit: int = 50
) -> Sequence[CentreChange]:
    """The changes of a centre behind the change `after`, the newest first."""
    mine = sa.select(CentreChange).where(col(CentreChange.centre_id) == centre_id)
    return (await session.scalars(await _LAST_CHANGE.page(session, mine, limit, after))).all()
