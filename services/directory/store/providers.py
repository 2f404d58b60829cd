"""Providers in the HSDS 3 model: organisations, services, locations, schedules, phones; and page views."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.i18n import by_name
from services.chassis.storage.store import Aggregate
from services.directory.store.table import Table


class Organization(Aggregate, Table, table=True):
    """A provider. It emits every change of it or of one of its services, so its version counts them all."""

    __tablename__ = "organizations"  # pyright: ignore[reportAssignmentType]

    name: str = Field(index=True)
    alternate_name: str | None = None
    description: str
    email: str | None = None
    website: str | None = None
    assured_date: date | None = None
    fingerprint: str = ""
    """Digest of the last whole entry, to recognise the same entry; empty after a change of a service."""
    hsds: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON)
    """Its imported HSDS, without its locations and services. None: it was not imported."""


class Service(Table, table=True):
    """A service of an organisation."""

    __tablename__ = "services"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(foreign_key="organizations.id", index=True)
    version: int = 1
    """Counts its changes; a request with an older version is refused."""
    name: str
    description: str
    url: str | None = None
    email: str | None = None
    status: str
    areas: list[str] = Field(sa_type=sa.JSON)
    topics: list[str] = Field(sa_type=sa.JSON)
    languages: list[str] = Field(sa_type=sa.JSON)
    eligibility_description: str | None = None
    minimum_age: int | None = None
    maximum_age: int | None = None
    fees_description: str | None = None
    application_process: str | None = None
    capacity: int | None = None
    places_open: int | None = None
    assured_date: date | None = None
    """When the provider last assured that every field is correct."""
    last_modified: datetime
    """When the service or one of its places was last changed here."""
    fingerprint: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Digest of its last entry, with its places."""
    hsds: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON)
    """Its imported HSDS, without the columns that change here, its organisation and its places."""


class Location(Table, table=True):
    """A location of an organisation. Its name and address are empty where an import of HSDS gave none."""

    __tablename__ = "locations"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(foreign_key="organizations.id", index=True)
    name: str
    address: str
    postal_code: str
    city: str
    town: str = Field(index=True)
    """The city as a key."""
    latitude: float | None = None
    longitude: float | None = None
    transportation: str | None = None
    accessibility: list[str] = Field(sa_type=sa.JSON)
    hsds: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON)
    """Its imported HSDS."""


class ServiceAtLocation(Table, table=True):
    """A service offered at a location."""

    __tablename__ = "service_at_locations"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (sa.UniqueConstraint("service_id", "location_id"),)

    id: UUID = Field(primary_key=True)
    service_id: UUID = Field(foreign_key="services.id", index=True)
    location_id: UUID = Field(foreign_key="locations.id", index=True)
    hsds: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON)
    """Its imported HSDS, with all its schedules; rows have only the weekly ones."""


class Schedule(Table, table=True):
    """A weekly schedule in local time of an IANA zone; the HSDS export derives the offset."""

    __tablename__ = "schedules"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    service_at_location_id: UUID = Field(foreign_key="service_at_locations.id", index=True)
    byday: str
    opens_at: str
    closes_at: str
    timezone: str
    valid_from: date
    valid_to: date | None = None
    description: str | None = None


class Phone(Table, table=True):
    """A phone number of an organisation, never of a person."""

    __tablename__ = "phones"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(foreign_key="organizations.id", index=True)
    number: str
    description: str | None = None


class ServiceViews(Table, table=True):
    """How often a service's page was opened on a day, without anything about the readers."""

    __tablename__ = "service_views"  # pyright: ignore[reportAssignmentType]

    service_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    views: int = 0


@dataclass(slots=True)
class FullOrganization:
    """An organisation with its phones and locations, whether a service uses them or not."""

    organization: Organization
    phones: list[Phone] = field(default_factory=list[Phone])
    locations: list[Location] = field(default_factory=list[Location])


Place = tuple[ServiceAtLocation, Location, list[Schedule]]


@dataclass(slots=True)
class FullService:
    """A service with its organisation, locations and schedules."""

    service: Service
    owner: FullOrganization
    places: list[Place] = field(default_factory=list[Place])

    @property
    def organization(self) -> Organization:
        """The organisation that offers it."""
        return self.owner.organization

    @property
    def phones(self) -> list[Phone]:
        """The organisation's phones."""
        return self.owner.phones

    @property
    def cities(self) -> list[str]:
        """The cities of its locations, sorted by name."""
        return sorted({location.city for _, location, _ in self.places if location.city})


async def full_organizations(session: AsyncSession, ids: Iterable[UUID]) -> list[FullOrganization]:
    """These organisations, in this order, with phones and locations: three queries in total."""
    wanted = list(ids)
    chosen = sa.select(Organization).where(col(Organization.id).in_(wanted))
    found = {one.id: FullOrganization(one) for one in await session.scalars(chosen)}
    phones = sa.select(Phone).where(col(Phone.organization_id).in_(wanted)).order_by(col(Phone.number))
    for phone in await session.scalars(phones):
        found[phone.organization_id].phones.append(phone)
    locations = sa.select(Location).where(col(Location.organization_id).in_(wanted)).order_by(col(Location.id))
    for location in await session.scalars(locations):
        found[location.organization_id].locations.append(location)
    return [found[id] for id in wanted if id in found]


async def full_services(session: AsyncSession, ids: Iterable[UUID]) -> list[FullService]:
    """These services, in this order, with organisations, locations, schedules and phones: six queries in total."""
    wanted = list(ids)
    services = {one.id: one for one in await session.scalars(sa.select(Service).where(col(Service.id).in_(wanted)))}
    owners = {
        one.organization.id: one
        for one in await full_organizations(session, {one.organization_id for one in services.values()})
    }
    found = {one.id: FullService(one, owners[one.organization_id]) for one in services.values()}
    placed = (
        sa.select(ServiceAtLocation, Location)
        .join(Location, col(Location.id) == col(ServiceAtLocation.location_id))
        .where(col(ServiceAtLocation.service_id).in_(wanted))
        .order_by(col(Location.city), col(Location.id))
    )
    places = (await session.execute(placed)).all()
    schedules: dict[UUID, list[Schedule]] = defaultdict(list)
    timed = (
        sa.select(Schedule)
        .where(col(Schedule.service_at_location_id).in_([at.id for at, _ in places]))
        .order_by(col(Schedule.opens_at), col(Schedule.byday), col(Schedule.id))
    )
    for schedule in await session.scalars(timed):
        schedules[schedule.service_at_location_id].append(schedule)
    for at, location in places:
        found[at.service_id].places.append((at, location, schedules[at.id]))
    return [found[id] for id in wanted if id in found]


async def services_at(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The services of these rows of `service_at_locations`, by the row's id."""
    chosen = sa.select(col(ServiceAtLocation.id), col(ServiceAtLocation.service_id)).where(
        col(ServiceAtLocation.id).in_(list(ids))
    )
    return {row[0]: row[1] for row in await session.execute(chosen)}


async def service_ids_of(session: AsyncSession, organizations: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """The ids of the services of each organisation, sorted by the services' names."""
    chosen = sa.select(col(Service.organization_id), col(Service.id), col(Service.name)).where(
        col(Service.organization_id).in_(list(organizations))
    )
    rows = [(row[0], row[1], row[2]) for row in await session.execute(chosen)]
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for owner, id, _name in sorted(rows, key=lambda row: (by_name(row[2]), row[1])):
        found[owner].append(id)
    return found


async def store_fingerprint(session: AsyncSession) -> tuple[int, int]:
    """Count and sum of the organisations' versions, which differ after every change: both only grow."""
    row = (
        await session.execute(
            sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(col(Organization.version)), 0)).select_from(
                Organization
            )
        )
    ).one()
    return int(row[0]), int(row[1])


async def versions(session: AsyncSession) -> dict[UUID, int]:
    """Every organisation's version."""
    rows = await session.execute(sa.select(col(Organization.id), col(Organization.version)))
    return {row[0]: row[1] for row in rows}


async def towns(session: AsyncSession) -> list[tuple[str, str]]:
    """Towns with services: key and name, sorted by name."""
    chosen = sa.select(col(Location.town), sa.func.min(col(Location.city))).where(col(Location.town) != "")
    rows = await session.execute(chosen.group_by("town"))
    return sorted(((town, city) for town, city in rows), key=lambda pair: by_name(pair[1]))


async def views_since(session: AsyncSession, services: Iterable[UUID], since: date) -> dict[UUID, int]:
    """How often the pages of these services were opened since that day."""
    chosen = (
        sa.select(col(ServiceViews.service_id), sa.func.sum(col(ServiceViews.views)))
        .where(col(ServiceViews.service_id).in_(list(services)), col(ServiceViews.day) >= since)
        .group_by(col(ServiceViews.service_id))
    )
    return {id: int(views) for id, views in await session.execute(chosen)}
