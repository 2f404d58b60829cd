"""Imports providers as HSDS. An organisation replaces its whole entry, a service itself alone."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel
from sqlmodel import col

from services.chassis.refusals import msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.bulk import upsert
from services.chassis.storage.store import Work
from services.contracts.text import fold
from services.directory import domain
from services.directory.actions.hsds import columns, models
from services.directory.actions.providers import (
    check_free,
    delete_all_places,
    delete_places,
    publish_provider,
    set_services,
)
from services.directory.domain.taxonomies import OWN, Json, terms_in
from services.directory.store import (
    Location,
    Organization,
    Phone,
    Schedule,
    Service,
    ServiceAtLocation,
    Taxonomy,
    TaxonomyTerm,
)

Check = Callable[[], None]


async def import_organization(work: Work, line: models.OrganizationWithServices) -> bool:
    """Sets a provider's whole entry; the same again changes nothing. Returns whether anything changed.

    Raises `DifferentOrganization` and `UnknownLocation`.
    """
    digest = columns.digest(line)
    organization = await _organization(work, line)
    if organization.fingerprint == digest:
        return False
    organization.fingerprint = digest
    services = line.services or []
    locations = _locations(line, services)
    await set_services(work, organization, {one.id: columns.service_columns(one, locations) for one in services})
    await work.session.flush()
    await delete_all_places(work, organization)
    await work.insert(Phone, columns.phone_rows(line))
    await _insert_places(work, organization, services, locations)
    await _keep_terms(work, [line])
    await publish_provider(work, organization)
    return True


async def import_service(work: Work, line: models.Service) -> bool:
    """Sets one service, and those facts of its organisation that the line has; other services stay.

    Returns whether anything changed. Raises `NotFound` for an organisation that is neither known nor in the line,
    `DifferentOrganization` and `UnknownLocation`.
    """
    locations = _locations(line.organization, [line])
    facts = columns.service_columns(line, locations)
    known = await work.session.get(Service, line.id)
    if known is not None and known.fingerprint == facts["fingerprint"] and _is_unchanged(known, facts):
        return False
    organization = await _owner(work, line)
    organization.fingerprint = ""
    await set_services(work, organization, {line.id: facts}, whole=False)
    await work.session.flush()
    await delete_places(work, col(ServiceAtLocation.service_id) == line.id)
    if line.organization is not None and line.organization.phones is not None:
        await work.session.execute(sa.delete(Phone).where(col(Phone.organization_id) == organization.id))
        await work.insert(Phone, columns.phone_rows(line.organization))
    await _insert_places(work, organization, [line], locations)
    await _keep_terms(work, [line])
    await publish_provider(work, organization)
    return True


def checks_of(services: Iterable[BaseModel], areas: tuple[str, ...], now: datetime) -> list[Check]:
    """The rules for services that come in. Each raises a refusal."""
    found: list[Check] = []
    today = now.astimezone(BRUSSELS).date()
    for one in services:
        terms, checked = columns.classified(one), getattr(one, "assured_date", None)
        found += [
            partial(domain.check_areas, terms.areas, areas),
            partial(domain.check_topics, terms.topics),
            partial(domain.check_places, terms.capacity, terms.places_open),
            partial(domain.check_checked, checked, today),
        ]
    return found


def owner_of(line: models.Service) -> UUID:
    """The organisation that a service names; where it names none, an id that is none's."""
    return line.organization.id if line.organization is not None else line.organization_id or line.id


def _is_unchanged(known: Service, facts: columns.Row) -> bool:
    return all(getattr(known, field) == value for field, value in facts.items())


async def _organization(work: Work, line: models.Organization) -> Organization:
    """The organisation's row with the line's values, new if there is none."""
    values = columns.organization_columns(line)
    organization = await work.find(Organization, line.id)
    if organization is None:
        return work.start(Organization(id=line.id, **values))
    for field, value in values.items():
        setattr(organization, field, value)
    return organization


async def _owner(work: Work, line: models.Service) -> Organization:
    """The organisation of a service. Each field of the line replaces that of earlier lines."""
    if line.organization is None:
        return await work.load(Organization, owner_of(line), msg("provider"))
    before = await work.find(Organization, line.organization.id)
    if before is None:
        return await _organization(work, line.organization)
    imported = columns.organization_columns(line.organization)
    hsds = (before.hsds or {}) | imported.pop("hsds")
    for field, value in imported.items():
        setattr(before, field, value if value is not None else getattr(before, field))
    before.hsds = hsds
    return before


def _locations(owner: models.Organization | None, services: list[models.Service]) -> dict[UUID, models.Location]:
    """Every location in a line, by its id. The one at its service counts, where the organisation has it too."""
    found = {one.id: one for one in (owner.locations if owner is not None else None) or ()}
    places = [place for one in services for place in one.service_at_locations or ()]
    return found | {place.location.id: place.location for place in places if place.location is not None}


async def _insert_places(
    work: Work, organization: Organization, services: list[models.Service], locations: dict[UUID, models.Location]
) -> None:
    """Sets these locations, and adds the services' places with their schedules.

    Other services change too when a location at which they are does.
    """
    rows = [columns.location_row(one, organization.id) for one in locations.values()]
    mine = col(Location.organization_id) == organization.id
    chosen = sa.select(col(Location.id), col(Location.hsds)).where(mine, col(Location.id).in_(locations))
    known = {row[0]: row[1] for row in await work.session.execute(chosen)}
    await check_free(work, Location, [id for id in locations if id not in known])
    for row in rows:
        if row["id"] in known:
            await work.session.execute(sa.update(Location).where(col(Location.id) == row["id"]).values(row))
    await _mark_changed(work, [row["id"] for row in rows if row["id"] in known and row["hsds"] != known[row["id"]]])
    await work.insert(Location, [row for row in rows if row["id"] not in known])
    places = [(place, one.id) for one in services for place in one.service_at_locations or ()]
    await _check_locations(work, organization, {place.at for place, _ in places} - locations.keys())
    await check_free(work, ServiceAtLocation, [place.id for place, _ in places])
    await work.insert(ServiceAtLocation, [columns.place_row(place, service) for place, service in places])
    await work.insert(Schedule, [row for place, _ in places for row in columns.schedule_rows(place)])


async def _mark_changed(work: Work, locations: list[UUID]) -> None:
    """The services at these locations changed with them."""
    placed = sa.select(col(ServiceAtLocation.service_id)).where(col(ServiceAtLocation.location_id).in_(locations))
    for service in await work.session.scalars(sa.select(Service).where(col(Service.id).in_(placed))):
        service.version += 1
        service.last_modified = work.now


async def _check_locations(work: Work, organization: Organization, ids: set[UUID | None]) -> None:
    """These are locations of the organisation. Raises `UnknownLocation`."""
    mine = sa.select(col(Location.id)).where(col(Location.organization_id) == organization.id)
    known = set((await work.session.scalars(mine)).all()) if ids else set[UUID]()
    for id in ids - known:
        raise domain.UnknownLocation(location=str(id or "–"), known=", ".join(map(str, sorted(known))) or "–")


async def _keep_terms(work: Work, lines: list[BaseModel]) -> None:
    """Keeps the terms in these lines, and their taxonomies, for those who look for services by them."""
    terms, taxonomies = dict[UUID, columns.Row](), dict[UUID, columns.Row]()
    for found in terms_in([columns.kept(line) for line in lines]):
        if found.term.get("taxonomy") in OWN or not found.term:
            continue
        terms[UUID(found.id)] = {
            "id": UUID(found.id),
            "taxonomy_id": UUID(found.taxonomy_id) if found.taxonomy_id else None,
            "parent_id": UUID(found.term["parent_id"]) if "parent_id" in found.term else None,
            "folded": _folded(found.term),
            "hsds": found.term,
        }
        if detail := found.term.get("taxonomy_detail"):
            taxonomies[UUID(detail["id"])] = {"id": UUID(detail["id"]), "folded": _folded(detail), "hsds": detail}
    for statement, rows in ((_put_taxonomy, taxonomies), (_put_term, terms)):
        if rows:
            await work.session.execute(statement(work.session), list(rows.values()))


def _folded(one: Json) -> str:
    return fold(" ".join(one.get(field, "") for field in ("name", "code", "description")))


def _replacing(table: Any, insert: Any) -> Any:
    statement = insert(table)
    values = {column.name: statement.excluded[column.name] for column in table.__table__.columns if column.name != "id"}
    return statement.on_conflict_do_update(index_elements=["id"], set_=values)


_put_taxonomy = upsert(partial(_replacing, Taxonomy))
_put_term = upsert(partial(_replacing, TaxonomyTerm))
