"""Entries as HSDS 3 objects, checked against the specification's own per-object schemas (tests/directory/hsds)."""

from datetime import date

import pytest

from services.chassis.storage.store import Store
from services.directory.api.hsds import service_json
from services.directory.domain.taxonomies import Json
from services.directory.store import full_services, service_ids_of, versions
from tests.directory.standard import validator
from tests.givens.directory import WELDING


async def _services(store: Store, today: date) -> list[Json]:
    async with store.read() as session:
        owned = await service_ids_of(session, sorted(await versions(session)))
        return [
            service_json(one, today)
            for one in await full_services(session, [id for ids in owned.values() for id in ids])
        ]


async def test_the_schemas_would_find_a_fault(town: Store) -> None:
    services = await _services(town, date(2026, 3, 2))
    broken = services[0] | {"status": "asleep", "service_at_locations": [{"id": 3}]}
    assert len(list(validator("service.json").iter_errors(broken))) >= 2


@pytest.mark.parametrize(("day", "offset"), [(date(2026, 3, 2), 1), (date(2026, 7, 1), 2)])
async def test_a_schedule_keeps_its_zone_and_exports_the_offset_of_the_day(town: Store, day: date, offset: int) -> None:
    services = await _services(town, day)
    welding = next(one for one in services if one["id"] == str(WELDING))
    (schedule,) = welding["service_at_locations"][0]["schedules"]
    assert (schedule["timezone"], schedule["byday"], schedule["opens_at"]) == (offset, "MO,WE", "09:00")
    assert schedule["notes"] == "timezone: Europe/Brussels"


async def test_open_places_travel_as_attributes(town: Store) -> None:
    services = await _services(town, date(2026, 3, 2))
    welding = next(one for one in services if one["id"] == str(WELDING))
    attributes = {one["taxonomy_term"]["code"]: one.get("value") for one in welding["attributes"]}
    assert attributes == {"select-training": None, "vocational-training": None, "capacity": "12", "places-open": "4"}
