"""Entries as HSDS 3 objects, checked against the specification's own per-object schemas (tests/directory/hsds)."""

import json
from datetime import date
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
from referencing import Registry, Resource

from services.chassis.storage.store import Store
from services.directory import actions
from services.directory.api.hsds import Json, organization_json, service_json
from services.directory.demo import demo_providers
from services.directory.store import Organization, full_services, service_ids_of, versions
from tests.givens.directory import WELDING

SCHEMAS = Path(__file__).parent / "hsds" / "schema"


def _validator(name: str) -> Any:
    pairs = [(path.name, Resource.opaque(json.loads(path.read_text()))) for path in SCHEMAS.glob("*.json")]
    registry = cast(Any, Registry)().with_resources(pairs)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    schema = json.loads((SCHEMAS / name).read_text())
    return jsonschema.Draft202012Validator(schema, registry=registry, format_checker=checker)


async def _export(store: Store, today: date) -> tuple[list[Json], list[Json]]:
    async with store.read() as session:
        owners = sorted(await versions(session))
        owned = await service_ids_of(session, owners)
        services = await full_services(session, [id for ids in owned.values() for id in ids])
        organizations = [
            organization_json(found, await full_services(session, owned[id]), today)
            for id in owners
            if (found := await session.get(Organization, id)) is not None
        ]
    return [service_json(full, today) for full in services], organizations


async def test_every_exported_object_is_valid_hsds(town: Store) -> None:
    async with town.work() as work:
        await actions.seed_providers(work, demo_providers(date(2026, 3, 2)))
    services, organizations = await _export(town, date(2026, 3, 2))
    assert len(services) >= 20
    assert len(organizations) >= 8
    for name, objects in (("service.json", services), ("organization.json", organizations)):
        validator = _validator(name)
        for one in objects:
            assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(one)] == []


async def test_the_schemas_would_find_a_fault(town: Store) -> None:
    services, _ = await _export(town, date(2026, 3, 2))
    broken = services[0] | {"status": "asleep", "service_at_locations": [{"id": 3}]}
    assert len(list(_validator("service.json").iter_errors(broken))) >= 2


@pytest.mark.parametrize(("day", "offset"), [(date(2026, 3, 2), 1), (date(2026, 7, 1), 2)])
async def test_a_schedule_keeps_its_zone_and_exports_the_offset_of_the_day(town: Store, day: date, offset: int) -> None:
    services, _ = await _export(town, day)
    welding = next(one for one in services if one["id"] == str(WELDING))
    (schedule,) = welding["service_at_locations"][0]["schedules"]
    assert (schedule["timezone"], schedule["byday"], schedule["opens_at"]) == (offset, "MO,WE", "09:00")
    assert schedule["notes"] == "timezone: Europe/Brussels"


async def test_open_places_travel_as_attributes(town: Store) -> None:
    services, _ = await _export(town, date(2026, 3, 2))
    welding = next(one for one in services if one["id"] == str(WELDING))
    attributes = {one["taxonomy_term"]["code"]: one.get("value") for one in welding["attributes"]}
    assert attributes == {"select-training": None, "vocational-training": None, "capacity": "12", "places-open": "4"}
