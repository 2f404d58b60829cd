"""Objects of HSDS as values of our columns, and what is kept beside them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from pydantic import BaseModel

from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.checks import fingerprint
from services.contracts.directory import WEEKDAYS
from services.directory import domain
from services.directory.actions.hsds.models import Location, Organization, Schedule, Service, ServiceAtLocation
from services.directory.domain.taxonomies import (
    AREAS_TAXONOMY,
    CAPACITY,
    OWN,
    PLACES_OPEN,
    PLACES_TAXONOMY,
    TOPICS_TAXONOMY,
    Json,
)

Row = dict[str, Any]
_DIGITS = re.compile("[0-9]{1,18}")
_FIRST_DAY = date(1900, 1, 1)
_RARER = {"bymonthday", "byweekno", "byyearday", "count"}
"""Fields of a schedule that a weekly one does not have."""
_BELGIAN = (1.0, 2.0)
"""Offsets from UTC in winter and summer."""


def kept(model: BaseModel, *without: str) -> Json:
    """The object as it came, without these fields."""
    return model.model_dump(mode="json", exclude_none=True, exclude=set(without))


def digest(*models: BaseModel) -> str:
    """By which the same objects are recognised."""
    return fingerprint(b"".join(one.model_dump_json(exclude_none=True).encode() for one in models))


def organization_columns(one: Organization) -> Row:
    """An organisation's columns."""
    facts = one.model_dump(include={"name", "alternate_name", "description", "email", "website"})
    return facts | {"hsds": kept(one, "locations", "services")}


def phone_rows(one: Organization) -> list[Row]:
    """The rows of an organisation's phones."""
    return [
        {
            "id": uuid5(one.id, f"phone {number}"),
            "organization_id": one.id,
            "number": phone.number,
            "description": phone.description,
        }
        for number, phone in enumerate(one.phones or ())
    ]


@dataclass(frozen=True, slots=True)
class Classified:
    """What a service's terms of our own taxonomies say of it, and its attributes with other terms."""

    areas: list[str]
    topics: list[str]
    capacity: int | None
    places_open: int | None
    others: list[Json]


def classified(one: BaseModel) -> Classified:
    """The terms of a service. A line that could not be read whole may have none."""
    own = {taxonomy: list[tuple[str, str | None]]() for taxonomy in OWN}
    others = list[Json]()
    for attribute in kept(one).get("attributes", ()):
        if (found := _own_term(attribute)) is not None:
            own[found[0]].append((found[1], attribute.get("value")))
        else:
            others.append(attribute)
    places = {code: int(value) for code, value in own[PLACES_TAXONOMY] if value and _DIGITS.fullmatch(value)}
    areas, topics = ([code for code, _ in own[taxonomy]] for taxonomy in (AREAS_TAXONOMY, TOPICS_TAXONOMY))
    return Classified(areas, topics, places.get(CAPACITY), places.get(PLACES_OPEN), others)


def service_columns(one: Service, locations: Mapping[UUID, Location]) -> Row:
    """A service's columns. Terms of our own taxonomies become areas, topics and places.

    `locations`: those of the line. A service changes when one at which it is does.
    """
    terms = classified(one)
    ids = (place.at for place in one.service_at_locations or ())
    places = [locations[id] for id in ids if id is not None and id in locations]
    beside = kept(one, *_CHANGED_HERE, "organization", "organization_id", "service_at_locations", "attributes")
    return one.model_dump(include=_FACTS) | {
        "description": one.description or "",
        "areas": terms.areas,
        "topics": terms.topics,
        "languages": [code for code in (one.code for one in one.languages or ()) if code in domain.LANGUAGE_LABELS],
        "capacity": terms.capacity,
        "places_open": terms.places_open,
        "fingerprint": digest(one, *places),
        "hsds": beside | ({"attributes": terms.others} if terms.others else {}),
    }


_CHANGED_HERE = ("id", "name", "description", "status", "assured_date", "last_modified")
_FACTS = {
    "name",
    "url",
    "email",
    "status",
    "eligibility_description",
    "minimum_age",
    "maximum_age",
    "fees_description",
    "application_process",
    "assured_date",
}


def _own_term(attribute: Json) -> tuple[str, str] | None:
    """The taxonomy and code of the attribute's term, if it is one of ours."""
    term: Json = attribute.get("taxonomy_term", {})
    return (term["taxonomy"], term["code"]) if term.get("taxonomy") in OWN and "code" in term else None


def location_row(one: Location, owner: UUID) -> Row:
    """A location's row. Its address is the first one that can be visited, else the first one."""
    addresses = sorted(one.addresses or (), key=lambda address: address.address_type != "physical")
    address = addresses[0] if addresses else None
    return {
        "id": one.id,
        "organization_id": owner,
        "name": one.name or "",
        "address": address.address_1 if address else "",
        "postal_code": address.postal_code if address else "",
        "city": address.city if address else "",
        "town": domain.town_key(address.city) if address else "",
        "latitude": one.latitude,
        "longitude": one.longitude,
        "transportation": one.transportation,
        "accessibility": [text.description for text in one.accessibility or () if text.description],
        "hsds": kept(one, "organization_id"),
    }


def place_row(one: ServiceAtLocation, service: UUID) -> Row:
    """The row of a service at a location."""
    beside = kept(one, "service_id", "location_id", "location")
    return {"id": one.id, "service_id": service, "location_id": one.at, "hsds": beside}


def schedule_rows(one: ServiceAtLocation) -> list[Row]:
    """The rows of its schedules that are open on the same weekdays each week; others have none."""
    return [
        {
            "id": uuid5(one.id, f"schedule {number}"),
            "service_at_location_id": one.id,
            "byday": schedule.byday,
            "opens_at": (schedule.opens_at or "")[:5],
            "closes_at": (schedule.closes_at or "")[:5],
            "timezone": _zone(schedule.timezone),
            "valid_from": schedule.valid_from or schedule.dtstart or _FIRST_DAY,
            "valid_to": schedule.valid_to or schedule.until,
            "description": schedule.description,
        }
        for number, schedule in enumerate(one.schedules or ())
        if _is_weekly(schedule)
    ]


def _is_weekly(one: Schedule) -> bool:
    times = (one.opens_at or "", one.closes_at or "")
    return (
        one.freq in (None, "WEEKLY")
        and one.interval in (None, 1)
        and not one.model_dump(include=_RARER, exclude_none=True)
        and set((one.byday or "").split(",")).issubset(WEEKDAYS)
        and all(time and not time.endswith("Z") and not set("+-") & set(time) for time in times)
        and times[0] < times[1]
        and (one.timezone is None or one.timezone.is_integer())
    )


def _zone(offset: float | None) -> str:
    """The zone of an offset in hours; those of Belgium are Belgium's, which has one in winter and one in summer."""
    if offset is None or offset in _BELGIAN:
        return BRUSSELS.key
    return f"Etc/GMT{-int(offset):+d}"
