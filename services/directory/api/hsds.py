"""Entries as JSON of the Human Services Data Specification 3, without unknown values.

HSDS `schedule.timezone` is a numeric offset, which is wrong for half of the year. The store keeps the IANA zone; this
module derives the offset for the day of the export (or the first day of validity, if that is later). Open places and
capacity have no field in HSDS 3.0: they are `attributes` with a term of the taxonomy `cefo-places`.
"""

from datetime import date, datetime, time
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from services.chassis.i18n import word_of
from services.directory.domain import LANGUAGE_LABELS, TOPICS
from services.directory.store import FullService, Location, Organization, Phone, Schedule, ServiceAtLocation

Json = dict[str, Any]


def service_json(full: FullService, today: date) -> Json:
    """A service, with its organisation, places, schedules, phones, languages and taxonomy terms."""
    service = full.service
    return _drop_none(
        id=str(service.id),
        organization_id=str(service.organization_id),
        name=service.name,
        description=service.description,
        url=service.url,
        email=service.email,
        status=service.status,
        eligibility_description=service.eligibility_description,
        minimum_age=service.minimum_age,
        maximum_age=service.maximum_age,
        fees_description=service.fees_description,
        application_process=service.application_process,
        assured_date=service.assured_date.isoformat() if service.assured_date else None,
        last_modified=service.last_modified.isoformat(),
        organization=_organization(full.organization),
        phones=[_phone(phone) for phone in full.phones],
        languages=[_language(service.id, code) for code in service.languages],
        service_at_locations=[_at_location(*place, today=today) for place in full.places],
        attributes=[
            *(_attribute(service.id, area_term(area)) for area in service.areas),
            *(_attribute(service.id, topic_term(topic)) for topic in service.topics),
            *_places(full),
        ],
    )


def organization_json(organization: Organization, services: list[FullService], today: date) -> Json:
    """An organisation, with its phones, locations and, beside HSDS' own fields, its services."""
    locations = {location.id: location for full in services for _, location, _ in full.places}
    whole = _organization(organization)
    return whole | _drop_none(
        phones=[_phone(phone) for phone in services[0].phones] if services else None,
        locations=[_location(locations[id]) for id in sorted(locations)],
        services=[_without_organization(service_json(full, today)) for full in services],
    )


def area_term(area: str) -> Json:
    """One of the centres' areas, as a taxonomy term."""
    return _term("cefo-areas", area, word_of(area, "Area", "en"))


def topic_term(topic: str) -> Json:
    """A topic of a service, as a taxonomy term."""
    return _term("cefo-topics", topic, TOPICS.get(topic, topic))


def offset_hours(zone: str, day: date) -> float:
    """The zone's offset from UTC at noon of a day, in hours: for Belgium 1 in winter, 2 in summer."""
    offset = datetime.combine(day, time(12), ZoneInfo(zone)).utcoffset()
    return offset.total_seconds() / 3600 if offset is not None else 0.0


def _organization(organization: Organization) -> Json:
    return _drop_none(
        id=str(organization.id),
        name=organization.name,
        alternate_name=organization.alternate_name,
        description=organization.description,
        email=organization.email,
        website=organization.website,
    )


def _without_organization(service: Json) -> Json:
    return {field: value for field, value in service.items() if field != "organization"}


def _phone(phone: Phone) -> Json:
    return _drop_none(
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


def _at_location(at: ServiceAtLocation, location: Location, schedules: list[Schedule], *, today: date) -> Json:
    return _drop_none(
        id=str(at.id),
        service_id=str(at.service_id),
        location_id=str(at.location_id),
        location=_location(location),
        schedules=[_schedule(schedule, today) for schedule in schedules],
    )


def _location(location: Location) -> Json:
    address = {
        "id": str(uuid5(location.id, "address")),
        "location_id": str(location.id),
        "address_1": location.address,
        "city": location.city,
        "state_province": "Wallonie",
        "postal_code": location.postal_code,
        "country": "BE",
        "address_type": "physical",
    }
    return _drop_none(
        id=str(location.id),
        location_type="physical",
        organization_id=str(location.organization_id),
        name=location.name,
        transportation=location.transportation,
        latitude=location.latitude,
        longitude=location.longitude,
        addresses=[address],
        accessibility=[
            {
                "id": str(uuid5(location.id, f"accessibility {number}")),
                "location_id": str(location.id),
                "description": text,
            }
            for number, text in enumerate(location.accessibility)
        ],
    )


def _schedule(schedule: Schedule, today: date) -> Json:
    return _drop_none(
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


def _places(full: FullService) -> list[Json]:
    counts = {"capacity": full.service.capacity, "places-open": full.service.places_open}
    return [
        _attribute(full.service.id, _term("cefo-places", code, code)) | {"value": str(number)}
        for code, number in counts.items()
        if number is not None
    ]


def _attribute(service_id: UUID, term: Json) -> Json:
    return {
        "id": str(uuid5(service_id, f"attribute {term['id']}")),
        "link_id": str(service_id),
        "link_entity": "service",
        "taxonomy_term_id": term["id"],
        "taxonomy_term": term,
    }


def _term(taxonomy: str, code: str, name: str) -> Json:
    return {
        "id": str(uuid5(NAMESPACE_URL, f"https://cefo.example/taxonomy/{taxonomy}/{code}")),
        "code": code,
        "name": name,
        "description": name,
        "taxonomy": taxonomy,
        "language": "en",
    }


def _drop_none(**fields: Any) -> Json:
    return {field: value for field, value in fields.items() if value is not None}
