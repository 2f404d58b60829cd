"""Copies of published centres: columns, update and lookups."""

from collections.abc import Collection, Mapping
from typing import TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel

from services.chassis.i18n import by_name
from services.chassis.refusals import AreaNotServed, UnknownCentre
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.store import Work
from services.contracts.directory import CentrePublished


class CentreCopy(SQLModel):
    """The columns of every copy. A service that needs more declares further fields of `CentrePublished`."""

    code: str = Field(primary_key=True)
    name: str
    areas: list[str] = Field(sa_type=sa.JSON)


class LocalCentreCopy(CentreCopy):
    """A copy with the centre's time zone, for services that have a centre's day."""

    timezone: str

    @property
    def zone(self) -> ZoneInfo:
        """The centre's time zone."""
        return ZoneInfo(self.timezone)


Copy = TypeVar("Copy", bound=CentreCopy)
Local = TypeVar("Local", bound=LocalCentreCopy)


async def copy_centre(work: Work, table: type[Copy], published: CentrePublished) -> None:
    """Insert or update the copy of a centre, with the fields for which the service's table has columns."""
    facts = published.model_dump(mode="json", include=set(table.model_fields))
    copy = await work.find(table, published.centre)
    if copy is None:
        work.add(table(code=published.centre, **facts))
        return
    for name, value in facts.items():
        setattr(copy, name, value)


async def centre_copies(session: AsyncSession, table: type[Copy]) -> dict[str, Copy]:
    """All centres by code, in the order of their names."""
    found = await session.scalars(sa.select(table))
    return {copy.code: copy for copy in sorted(found, key=lambda copy: by_name(copy.name))}


async def centre_names(session: AsyncSession, table: type[Copy]) -> dict[str, str]:
    """All centres' names by code, in the order of the names."""
    return {code: copy.name for code, copy in (await centre_copies(session, table)).items()}


async def known_centre(session: AsyncSession, table: type[Copy], code: str, area: str | None = None) -> Copy:
    """The centre; `area`: an area that it must serve. Raises `UnknownCentre`, `AreaNotServed`."""
    copy = await session.get(table, code)
    copies = {code: copy} if copy is not None else await centre_copies(session, table)
    return centre_in(copies, code, area)


def centre_in(copies: Mapping[str, Copy], code: str, area: str | None = None) -> Copy:
    """Like `known_centre`, among centres that are loaded already. Raises `UnknownCentre`, `AreaNotServed`."""
    if code not in copies:
        names = sorted((copy.name for copy in copies.values()), key=by_name)
        raise UnknownCentre(centre=code, known=sorted(copies), choices=names)
    check_area(area, code, copies[code].areas)
    return copies[code]


def zone_of(copies: Mapping[str, Local], code: str) -> ZoneInfo:
    """The time zone of a centre; of one that nobody knows, Belgium's."""
    return copies[code].zone if code in copies else BRUSSELS


def check_area(area: str | None, centre: str, served: Collection[str], *, field: str | None = None) -> None:
    """The area is None (no visit needs a reason), or the centre serves it. Raises `AreaNotServed`, about `field`."""
    if area is not None and area not in served:
        raise AreaNotServed(field, centre=centre, area=area, known=tuple(served))
