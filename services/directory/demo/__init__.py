"""Demonstration providers. Only their names, seen with the centres, are real; every name is marked as demonstration.

Ids are the same on every start: `uuid5(NAMESPACE_URL, "https://cefo.example/demo/organization/<key>")`, and
`…/service/<key>/<number>`. No phone number is assigned, no e-mail address delivers.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import BaseModel, ConfigDict, TypeAdapter

from services.directory.actions.entries import ProviderEntry
from services.directory.domain import town_key

MARK = "données de démonstration"
VALID_FROM = date(2026, 1, 1)

POSTAL_CODES = {
    "Arlon": "6700",
    "Charleroi": "6000",
    "Huy": "4500",
    "La Louvière": "7100",
    "Liège": "4000",
    "Marche-en-Famenne": "6900",
    "Mons": "7000",
    "Mouscron": "7700",
    "Namur": "5000",
    "Nivelles": "1400",
    "Tournai": "7500",
    "Verviers": "4800",
}
_WEEK = ["MO", "TU", "WE", "TH", "FR"]
_HOURS: dict[str, tuple[tuple[list[str], str, str], ...]] = {
    "daytime": ((_WEEK, "09:00", "12:00"), (_WEEK, "13:00", "16:30")),
    "evening": ((["MO", "TU", "TH"], "18:00", "21:30"),),
    "mornings": ((["TU", "WE", "TH"], "09:00", "12:30"),),
}


class _Offer(BaseModel):
    """One service in `providers.json`."""

    model_config = ConfigDict(extra="forbid")

    name: str
    description: str
    areas: list[str]
    topics: list[str]
    towns: list[str]
    hours: str = "daytime"
    languages: list[str] = ["fr"]
    eligibility: str | None = None
    fees: str | None = None
    apply: str | None = None
    capacity: int | None = None
    places_open: int | None = None
    assured_days_ago: int | None = None
    status: str = "active"


class _Provider(BaseModel):
    """One organisation in `providers.json`."""

    model_config = ConfigDict(extra="forbid")

    key: str
    name: str
    description: str
    offers: list[_Offer]


def organization_id(key: str) -> UUID:
    """The id of a demonstration organisation."""
    return uuid5(NAMESPACE_URL, f"https://cefo.example/demo/organization/{key}")


def service_id(key: str, number: int) -> UUID:
    """The id of an organisation's demonstration service, counted from 1."""
    return uuid5(NAMESPACE_URL, f"https://cefo.example/demo/service/{key}/{number}")


def demo_providers(today: date) -> dict[UUID, ProviderEntry]:
    """Every demonstration provider, by id. Its services were assured `assured_days_ago` days before `today`."""
    providers = TypeAdapter(list[_Provider]).validate_json((Path(__file__).parent / "providers.json").read_bytes())
    return {organization_id(one.key): _entry(one, today) for one in providers}


def _entry(provider: _Provider, today: date) -> ProviderEntry:
    key, name = provider.key, provider.name
    towns = sorted({town for offer in provider.offers for town in offer.towns})
    return ProviderEntry.model_validate(
        {
            "name": f"{name} ({MARK})",
            "alternate_name": name,
            "description": provider.description,
            "email": f"{key}@demo.cefo.example",
            "website": f"https://{key}.demo.cefo.example/",
            "phones": [{"number": f"+32 00 00 00 {len(key):02d}", "description": f"Accueil ({MARK})"}],
            "locations": [_location(key, name, town) for town in towns],
            "services": [_service(key, number, offer, today) for number, offer in enumerate(provider.offers, 1)],
        }
    )


def _location(key: str, name: str, town: str) -> dict[str, Any]:
    return {
        "id": uuid5(organization_id(key), f"location {town}"),
        "name": f"{name}, {town} (démo)",
        "address": "Rue de la Démonstration 1",
        "postal_code": POSTAL_CODES[town],
        "city": town,
        "transportation": "À dix minutes à pied de la gare (démo).",
        "accessibility": ["Entrée de plain-pied", "Boucle magnétique à l’accueil"]
        if town_key(town) in ("liege", "namur", "charleroi")
        else ["Entrée de plain-pied"],
    }


def _service(key: str, number: int, offer: _Offer, today: date) -> dict[str, Any]:
    schedules = [
        {"weekdays": weekdays, "opens_at": opens, "closes_at": closes, "valid_from": VALID_FROM}
        for weekdays, opens, closes in _HOURS[offer.hours]
    ]
    days = offer.assured_days_ago
    return {
        "id": service_id(key, number),
        "name": f"{offer.name} (démo)",
        "description": offer.description,
        "url": f"https://{key}.demo.cefo.example/{number}",
        "status": offer.status,
        "areas": offer.areas,
        "topics": offer.topics,
        "languages": offer.languages,
        "eligibility_description": offer.eligibility,
        "minimum_age": 18,
        "fees_description": offer.fees,
        "application_process": offer.apply,
        "capacity": offer.capacity,
        "places_open": offer.places_open,
        "assured_date": None if days is None else today - timedelta(days=days),
        "places": [
            {"location_id": uuid5(organization_id(key), f"location {town}"), "schedules": schedules}
            for town in offer.towns
        ],
    }
