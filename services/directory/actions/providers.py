"""Sets a provider's whole entry, updates one service, and counts views of service pages."""

from datetime import date
from typing import Any
from uuid import UUID, uuid5

import orjson
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.refusals import NotFound, msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.bulk import upsert
from services.chassis.storage.checks import check_version, fingerprint
from services.chassis.storage.store import Work
from services.contracts.directory import ProviderPublished, ProviderService
from services.directory import domain
from services.directory.actions.entries import PlaceEntry, ProviderEntry, ServiceChange
from services.directory.store import (
    Location,
    Organization,
    Phone,
    Schedule,
    Service,
    ServiceAtLocation,
    ServiceViews,
    known_areas,
)


async def set_provider(work: Work, id: UUID, entry: ProviderEntry) -> bool:
    """Sets a provider's whole entry; the same entry again changes nothing. Returns whether anything changed.

    Raises `UnknownArea`, `UnknownTopic`, `UnknownLanguage`, `UnknownLocation`, `WrongHours`, `HoursOverlap`,
    `NotAZone`, `PlacesBeyondCapacity`, `CheckedLater`, `DifferentOrganization`.
    """
    _check(entry, await known_areas(work.session), work.now.astimezone(BRUSSELS).date())
    digest = fingerprint(orjson.dumps(entry.model_dump(mode="json")))
    organization = await work.find(Organization, id)
    if organization is None:
        organization = work.start(Organization(id=id, name=entry.name, description=entry.description))
    elif organization.fingerprint == digest:
        return False
    facts = entry.model_dump(include={"name", "alternate_name", "description", "email", "website"})
    for field, value in facts.items():
        setattr(organization, field, value)
    organization.fingerprint, organization.hsds = digest, None
    await set_services(work, organization, _service_facts(entry))
    await work.session.flush()
    await _replace_locations(work, organization, entry)
    await publish_provider(work, organization)
    return True


async def seed_providers(work: Work, entries: dict[UUID, ProviderEntry]) -> int:
    """Adds the providers that are missing; leaves existing ones unchanged. Returns how many were added."""
    existing = set((await work.session.scalars(sa.select(col(Organization.id)))).all())
    new = {id: entry for id, entry in entries.items() if id not in existing}
    for id, entry in new.items():
        await set_provider(work, id, entry)
    return len(new)


async def update_service(
    work: Work, service_id: UUID, change: ServiceChange, *, organization_id: UUID | None = None
) -> Service:
    """Updates a service; an omitted field keeps its value. `organization_id`, if given, must own it.

    Raises `NotFound` (also for a service of others), `Stale`, `PlacesBeyondCapacity`.
    """
    owner = await work.session.scalar(sa.select(col(Service.organization_id)).where(col(Service.id) == service_id))
    if owner is None or organization_id not in (None, owner):
        raise NotFound(what=msg("service"))
    # Locks the organisation before its service: its version counts the changes of all its services.
    organization = await work.load(Organization, owner, msg("provider"))
    service = await work.load(Service, service_id, msg("service"))
    check_version(service, change.version)
    changes = change.model_dump(exclude_unset=True, exclude={"version", "assured"})
    required = ("name", "description", "status")
    wanted = {field: value for field, value in changes.items() if value is not None or field not in required}
    if change.assured:
        wanted["assured_date"] = work.now.astimezone(BRUSSELS).date()
    domain.check_places(wanted.get("capacity", service.capacity), wanted.get("places_open", service.places_open))
    if any(getattr(service, field) != value for field, value in wanted.items()):
        for field, value in wanted.items():
            setattr(service, field, value)
        service.version += 1
        service.last_modified = work.now
        organization.fingerprint = ""
        await work.session.flush()
        await publish_provider(work, organization)
    return service


async def count_view(work: Work, service_id: UUID) -> None:
    """Counts one view of the service's page today. Raises `NotFound`."""
    if await work.session.get(Service, service_id) is None:
        raise NotFound(what=msg("service"))
    today = work.now.astimezone(BRUSSELS).date()
    await work.session.execute(_counted(work.session), {"service_id": service_id, "day": today, "views": 1})


@upsert
def _counted(insert: Any) -> Any:
    further = {"views": ServiceViews.views + 1}
    return insert(ServiceViews).on_conflict_do_update(index_elements=["service_id", "day"], set_=further)


def _check(entry: ProviderEntry, areas: tuple[str, ...], today: date) -> None:
    places = {location.id for location in entry.locations}
    for nth, service in enumerate(entry.services):
        domain.check_areas(service.areas, areas)
        domain.check_topics(service.topics)
        domain.check_languages(service.languages)
        domain.check_places(service.capacity, service.places_open)
        domain.check_checked(service.assured_date, today, field=f"services.{nth}.assured_date")
        for place in service.places:
            if place.location_id not in places:
                known = ", ".join(map(str, sorted(places))) or "–"
                raise domain.UnknownLocation(location=str(place.location_id), known=known)
            domain.check_opening((one.weekdays, one.opens_at, one.closes_at) for one in place.schedules)
            for schedule in place.schedules:
                domain.check_zone(schedule.timezone)


async def set_services(
    work: Work, organization: Organization, facts: dict[UUID, dict[str, Any]], *, whole: bool = True
) -> None:
    """Updates or adds services: values by column, by id. `whole`: other ones of the organisation become `defunct`.

    Raises `DifferentOrganization`.
    """
    chosen = sa.select(Service).where(
        sa.or_(col(Service.organization_id) == organization.id, col(Service.id).in_(facts))
    )
    existing = {service.id: service for service in await work.session.scalars(chosen.with_for_update())}
    for id, values in facts.items():
        service = existing.pop(id, None)
        if service is None:
            work.add(Service(id=id, organization_id=organization.id, last_modified=work.now, **values))
            continue
        if service.organization_id != organization.id:
            raise domain.DifferentOrganization(id=str(id))
        if any(getattr(service, field) != value for field, value in values.items()):
            for field, value in values.items():
                setattr(service, field, value)
            service.version += 1
            service.last_modified = work.now
    for service in existing.values() if whole else ():
        if service.status != "defunct":
            service.status, service.last_modified = "defunct", work.now
            service.version += 1


async def delete_places(work: Work, at: Any) -> None:
    """Deletes the rows of services at locations that meet this condition, with their schedules."""
    chosen = sa.select(col(ServiceAtLocation.id)).where(at)
    await _delete(work, Schedule, col(Schedule.service_at_location_id).in_(chosen))
    await _delete(work, ServiceAtLocation, at)


async def delete_all_places(work: Work, organization: Organization) -> None:
    """Deletes an organisation's locations, with what is there, and its phones: nothing else refers to their rows."""
    mine = sa.select(col(Location.id)).where(col(Location.organization_id) == organization.id)
    await delete_places(work, col(ServiceAtLocation.location_id).in_(mine))
    await _delete(work, Location, col(Location.organization_id) == organization.id)
    await _delete(work, Phone, col(Phone.organization_id) == organization.id)


async def _delete(work: Work, table: Any, condition: Any) -> None:
    await work.session.execute(sa.delete(table).where(condition), execution_options={"synchronize_session": False})


async def check_free(work: Work, table: type[Location | ServiceAtLocation], ids: list[UUID]) -> None:
    """None of these rows is there. Raises `DifferentOrganization`."""
    taken = await work.session.scalar(sa.select(col(table.id)).where(col(table.id).in_(ids)).limit(1))
    if taken is not None:
        raise domain.DifferentOrganization(id=str(taken))


async def _replace_locations(work: Work, organization: Organization, entry: ProviderEntry) -> None:
    """Deletes and inserts locations, schedules and phones."""
    await delete_all_places(work, organization)
    await check_free(work, Location, [one.id for one in entry.locations])
    owner = {"organization_id": organization.id, "hsds": None}
    await work.insert(
        Location,
        [one.model_dump() | owner | {"town": domain.town_key(one.city)} for one in entry.locations],
    )
    await work.insert(
        Phone,
        [
            one.model_dump() | {"organization_id": organization.id, "id": uuid5(organization.id, f"phone {number}")}
            for number, one in enumerate(entry.phones)
        ],
    )
    placed = [(service.id, place) for service in entry.services for place in service.places]
    await work.insert(
        ServiceAtLocation,
        [
            {
                "id": uuid5(service, str(place.location_id)),
                "service_id": service,
                "location_id": place.location_id,
                "hsds": None,
            }
            for service, place in placed
        ],
    )
    await work.insert(Schedule, [row for service, place in placed for row in _schedules(service, place)])


def _service_facts(entry: ProviderEntry) -> dict[UUID, dict[str, Any]]:
    """The columns of an entry's services. A service changes when one of its locations does."""
    locations = {one.id: one for one in entry.locations}
    facts: dict[UUID, dict[str, Any]] = {}
    for one in entry.services:
        parts = [one, *(locations[place.location_id] for place in one.places)]
        digest = fingerprint(b"".join(part.model_dump_json().encode() for part in parts))
        facts[one.id] = one.model_dump(exclude={"id", "places"}) | {"fingerprint": digest, "hsds": None}
    return facts


def _schedules(service: UUID, place: PlaceEntry) -> list[dict[str, Any]]:
    at = uuid5(service, str(place.location_id))
    return [
        one.model_dump(exclude={"weekdays"})
        | {"id": uuid5(at, f"schedule {number}"), "service_at_location_id": at, "byday": ",".join(one.weekdays)}
        for number, one in enumerate(place.schedules)
    ]


async def publish_provider(work: Work, organization: Organization) -> None:
    """Emits `ProviderPublished` with the provider's present services."""
    chosen = sa.select(Service).where(col(Service.organization_id) == organization.id).order_by(col(Service.id))
    services = (await work.session.scalars(chosen)).all()
    assured: list[date] = [service.assured_date for service in services if service.assured_date is not None]
    organization.assured_date = max(assured, default=None)
    work.emit(
        organization,
        ProviderPublished(
            organization_id=organization.id,
            name=organization.name,
            services=tuple(
                ProviderService.model_validate(
                    {
                        "service_id": service.id,
                        "name": service.name,
                        "areas": service.areas,
                        "status": service.status,
                    }
                )
                for service in services
            ),
            assured_date=organization.assured_date.isoformat() if organization.assured_date else None,
        ),
    )
    work.notify_board(f"directory:entry:{organization.id}")
