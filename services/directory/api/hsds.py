"""Entries as JSON of the Human Services Data Specification 3, without unknown values.

Imported HSDS that has no column comes out as it came in (`hsds`). HSDS `schedule.timezone` is a numeric
offset, which is wrong for half of the year in Belgium. The store keeps the IANA zone; this module derives the offset
for the day of the export (or the first day of validity, if that is later). Open places and capacity have no field in
HSDS 3.0: they are `attributes` with a term of the taxonomy `cefo-places`.
"""

from datetime import date, datetime, time
from typing import Any, cast
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from services.chassis.runtime.clock import BRUSSELS
from services.directory.domain import LANGUAGE_LABELS, region_of
from services.directory.domain.taxonomies import (
    AREAS_TAXONOMY,
    CAPACITY,
    PLACES_OPEN,
    PLACES_TAXONOMY,
    TOPICS_TAXONOMY,
    Json,
    own_term,
)
from services.directory.store import FullOrganization, FullService, Location, Phone, Schedule, Service
from services.directory.store.providers import Place


def service_json(full: FullService, today: date) -> Json:
    """A service, with its organisation, places, schedules, phones, languages and taxonomy terms."""
    return _without_organization(full, today) | {"organization": organization_json(full.owner, today)}


def organization_json(full: FullOrganization, today: date) -> Json:
    """An organisation, with its phones and locations, whether a service uses them or not."""
    one = full.organization
    whole = _said(
        one.hsds,
        today,
        id=str(one.id),
        name=one.name,
        alternate_name=one.alternate_name,
        description=one.description,
        email=one.email,
        website=one.website,
        phones=[_phone(phone) for phone in full.phones],
    )
    return whole | _known(locations=[_location(location, today) for location in full.locations])


def organization_with_services_json(
    full: FullOrganization, services: list[FullService], today: date, *, full_services: bool
) -> Json:
    """An organisation with its services, which are whole, or ids with names and states."""
    nested = [_without_organization(one, today) for one in services]
    if not full_services:
        nested = [{field: one[field] for field in ("id", "name", "status")} for one in nested]
    return organization_json(full, today) | {"services": nested}


def service_at_location_json(full: FullService, place: Place, today: date) -> Json:
    """A service at a location, with both."""
    service = service_json(full, today)
    service.pop("service_at_locations", None)
    return _place(place, today) | {"service": service}


def listed(one: Json) -> Json:
    """An object as the standard's lists have it: without its lists, and so are the objects inside."""
    return {
        field: listed(cast(Json, value)) if isinstance(value, dict) else value
        for field, value in one.items()
        if not isinstance(value, list)
    }


def offset_hours(zone: str, day: date) -> float:
    """The zone's offset from UTC at noon of a day, in hours: for Belgium 1 in winter, 2 in summer."""
    offset = datetime.combine(day, time(12), ZoneInfo(zone)).utcoffset()
    return offset.total_seconds() / 3600 if offset is not None else 0.0


def _without_organization(full: FullService, today: date) -> Json:
    service = full.service
    whole = _said(
        service.hsds,
        today,
        id=str(service.id),
        organization_id=str(service.organization_id),
        url=service.url,
        email=service.email,
        eligibility_description=service.eligibility_description,
        minimum_age=service.minimum_age,
        maximum_age=service.maximum_age,
        fees_description=service.fees_description,
        application_process=service.application_process,
        phones=[_phone(phone) for phone in full.phones] if service.hsds is None else [],
        languages=[_language(service.id, code) for code in service.languages],
    )
    return whole | _known(
        name=service.name,
        description=service.description,
        status=service.status,
        assured_date=service.assured_date.isoformat() if service.assured_date else None,
        last_modified=service.last_modified.isoformat(),
        service_at_locations=[_place(place, today) for place in full.places],
        attributes=[*whole.get("attributes", ()), *_attributes(service)],
    )


def _phone(phone: Phone) -> Json:
    return _known(
        id=str(phone.id),
        organization_id=str(phone.organization_id),
        number=phone.number,
        type="voice",
        description=phone.description,
    )


def _language(owner: UUID, code: str) -> Json:
    return {
        "id": str(uuid5(owner, f"language {code}")),
        "service_id": str(owner),
        "name": LANGUAGE_LABELS.get(code, code),
        "code": code,
    }


def _place(place: Place, today: date) -> Json:
    at, location, schedules = place
    whole = _said(
        at.hsds,
        today,
        id=str(at.id),
        service_id=str(at.service_id),
        location_id=str(at.location_id),
        schedules=[_schedule(schedule, today) for schedule in schedules] if at.hsds is None else [],
    )
    return whole | {"location": _location(location, today)}


def _location(location: Location, today: date) -> Json:
    address = {
        "id": str(uuid5(location.id, "address")),
        "location_id": str(location.id),
        "address_1": location.address,
        "city": location.city,
        "state_province": region_of(location.postal_code),
        "postal_code": location.postal_code,
        "country": "BE",
        "address_type": "physical",
    }
    accessibility = [
        {
            "id": str(uuid5(location.id, f"accessibility {number}")),
            "location_id": str(location.id),
            "description": text,
        }
        for number, text in enumerate(location.accessibility)
    ]
    own: Json = {} if location.hsds is not None else {"addresses": [address], "accessibility": accessibility}
    return _said(
        location.hsds,
        today,
        id=str(location.id),
        location_type="physical",
        organization_id=str(location.organization_id),
        name=location.name,
        transportation=location.transportation,
        latitude=location.latitude,
        longitude=location.longitude,
        **own,
    )


def _schedule(schedule: Schedule, today: date) -> Json:
    return _known(
        id=str(schedule.id),
        service_at_location_id=str(schedule.service_at_location_id),
        dtstart=schedule.valid_from.isoformat(),
        valid_from=schedule.valid_from.isoformat(),
        valid_to=schedule.valid_to.isoformat() if schedule.valid_to else None,
        timezone=offset_hours(schedule.timezone, max(today, schedule.valid_from)),
        freq="WEEKLY",
        interval=1,
        byday=schedule.byday,
        opens_at=schedule.opens_at,
        closes_at=schedule.closes_at,
        description=schedule.description,
        notes=f"timezone: {schedule.timezone}",
    )


def _attributes(service: Service) -> list[Json]:
    """The terms of our own taxonomies, as attributes."""
    counts = {CAPACITY: service.capacity, PLACES_OPEN: service.places_open}
    return [
        *(_attribute(service.id, own_term(AREAS_TAXONOMY, area)) for area in service.areas),
        *(_attribute(service.id, own_term(TOPICS_TAXONOMY, topic)) for topic in service.topics),
        *(
            _attribute(service.id, own_term(PLACES_TAXONOMY, code)) | {"value": str(number)}
            for code, number in counts.items()
            if number is not None
        ),
    ]


def _attribute(service_id: UUID, term: Json) -> Json:
    return {
        "id": str(uuid5(service_id, f"attribute {term['id']}")),
        "link_id": str(service_id),
        "link_entity": "service",
        "taxonomy_term_id": term["id"],
        "taxonomy_term": term,
    }


def _said(imported: Json | None, today: date, **own: Any) -> Json:
    """The imported fields of an object, over our own. Belgian schedules have the offset of the day."""
    schedules = [_of_the_day(one, today) for one in (imported or {}).get("schedules", ())]
    return _known(**own) | (imported or {}) | _known(schedules=schedules)


def _of_the_day(schedule: Json, today: date) -> Json:
    """An imported schedule. An offset that Belgium has in winter or in summer is Belgium's."""
    if schedule.get("timezone") not in (1, 2):
        return schedule
    first = date.fromisoformat(schedule.get("valid_from", today.isoformat()))
    return schedule | {"timezone": offset_hours(BRUSSELS.key, max(today, first))}


def _known(**fields: Any) -> Json:
    return {field: value for field, value in fields.items() if value not in (None, "", [])}
