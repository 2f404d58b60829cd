"""The HSDS 3 API: its lists and parameters, and the standard's own examples, which go in and come out."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.refusals import TooManyRequests
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.directory import ProviderPublished
from services.directory.actions.hsds.models import OrganizationWithServices
from services.directory.api import hsds_pages
from services.directory.api.hsds import organization_with_services_json
from services.directory.demo import organization_id, service_id
from services.directory.domain.taxonomies import (
    AREAS_TAXONOMY,
    PLACES_TAXONOMY,
    TOPICS_TAXONOMY,
    own_term,
    taxonomy_id,
    term_id,
)
from services.directory.imports import record_organizations
from services.directory.store import full_organizations, full_services, service_ids_of, versions
from tests.directory.standard import example, meaning, validator
from tests.directory.web import MANAGER, OPERATOR, Site
from tests.givens.directory import atelier
from tests.givens.events import emitted_events

APPRENTICESHIP = service_id("ifapme", 1)
LISTS = ("services", "service_at_locations", "organizations", "taxonomies", "taxonomy_terms")


async def send(site: Site, kind: str, *lines: Any) -> list[dict[str, Any]]:
    """The report of an import of these lines."""
    async with site.as_(OPERATOR) as client:
        answer = await client.post(
            f"/directory/api/v1/{kind}/import", content="\n".join(json.dumps(line) for line in lines)
        )
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def read(site: Site, path: str, **query: Any) -> Any:
    answer = await site.get(None, path, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ids(site: Site, path: str, **query: Any) -> list[str]:
    page = await read(site, path, **query)
    assert page["total_items"] == page["size"] == len(page["contents"])
    return [one["id"] for one in page["contents"]]


@asynccontextmanager
async def other_directory(folder: Path, clock: FixedClock) -> AsyncGenerator[Site]:
    """An empty directory of another region."""
    site = Site(folder, clock, demo=False)
    await site.open()
    try:
        yield site
    finally:
        await site.close()


async def whole_organizations(store: Store, today: date) -> list[dict[str, Any]]:
    """Every organisation of a store with its services, as the API answers it."""
    async with store.read() as session:
        owners = sorted(await versions(session))
        owned = await service_ids_of(session, owners)
        return [
            organization_with_services_json(
                owner, await full_services(session, owned[owner.organization.id]), today, full_services=True
            )
            for owner in await full_organizations(session, owners)
        ]


async def test_the_standards_examples_go_in_and_come_out(site: Site) -> None:
    whole = example("organization_full.json")
    assert await send(site, "organizations", whole) == [{"lines": 1, "accepted": 1, "unchanged": 0, "refused": 0}]
    assert (await send(site, "organizations", whole))[0]["unchanged"] == 1
    for path, name in (
        ("organizations", "organization"),
        ("services", "service"),
        ("service_at_locations", "service_at_location"),
    ):
        expected = example(f"{name}_full.json")
        came_out = await read(site, f"/{path}/{expected['id']}")
        assert meaning(came_out) == meaning(expected), name
        listed = example(f"{name}_list.json")["contents"]
        page = await read(site, f"/{path}", search="MyCity Example")
        assert meaning(page["contents"]) == meaning(listed), name
    for path, name in (("taxonomies", "taxonomy"), ("taxonomy_terms", "taxonomy_term")):
        expected = example(f"{name}.json")
        assert await read(site, f"/{path}/{expected['id']}") == expected
        assert (await read(site, f"/{path}", search="NAME"))["contents"] == example(f"{name}_list.json")["contents"]
    assert (await read(site, "/")).keys() == example("base.json").keys()
    async with site.as_(None, page=True) as client:
        for page in (
            f"services/{example('service_full.json')['id']}",
            f"organizations/{whole['id']}",
            "?q=mycity",
        ):
            shown = (await client.get(f"/directory/{page}")).text
            assert whole["name"] in shown
            assert [label for label in ("<dd></dd>", "Needs and topics") if label in shown] == [], "nothing is empty"


async def test_an_imported_provider_is_found_by_its_terms(site: Site) -> None:
    await send(site, "services", example("service_full.json"))
    term, service = example("taxonomy_term.json"), example("service_full.json")
    for query in (
        {"taxonomy_term_id": term["id"]},
        {"taxonomy_id": term["taxonomy_detail"]["id"]},
        {"organization_id": service["organization"]["id"]},
        {"postcode": "abc1234"},
    ):
        assert await ids(site, "/services", **query) == [service["id"]], query
        [place] = await ids(site, "/service_at_locations", **query)
        assert place == service["service_at_locations"][0]["id"]
    for query in ({"taxonomy_term_id": term["id"]}, {"taxonomy_id": term["taxonomy_detail"]["id"]}):
        assert await ids(site, "/organizations", **query) == [service["organization"]["id"]], query
    assert await ids(site, "/taxonomy_terms", parent_id=term["parent_id"]) == [term["id"]]
    assert await ids(site, "/taxonomy_terms", taxonomy_id=term["taxonomy_detail"]["id"]) == [term["id"]]


async def test_our_own_entries_go_in_elsewhere_and_come_out(town: Store, clock: FixedClock, tmp_path: Path) -> None:
    async with other_directory(tmp_path / "other", clock) as site:
        organizations = await whole_organizations(town, clock().date())
        assert (await send(site, "organizations", *organizations))[-1]["accepted"] == len(organizations) == 2
        for one in organizations:
            assert meaning(await read(site, f"/organizations/{one['id']}")) == meaning(one)
    everything = [*organizations, example("organization_full.json")]
    async with town.work() as work:
        lines = [(1, OrganizationWithServices.model_validate_json(json.dumps(one))) for one in everything]
        assert (await record_organizations(work, lines)).accepted == 3
    assert meaning(await whole_organizations(town, clock().date())) == meaning(everything), "on both stores"


async def test_a_reader_of_a_whole_list_waits_at_the_limit_and_loses_no_line(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, waited = iter([TooManyRequests(30)]), list[float]()

    async def count(_request: object) -> None:
        if (refused := next(counted, None)) is not None:
            raise refused

    def no_other(_name: str) -> Callable[[object], Awaitable[None]]:
        return count

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(hsds_pages, "LARGEST", 5)
    monkeypatch.setattr(hsds_pages, "LimitCheck", no_other)
    monkeypatch.setattr(hsds_pages, "asyncio", SimpleNamespace(sleep=wait))
    lines = (await site.get(None, "/services", format="ndjson")).text.splitlines()
    assert waited == [30]
    assert {json.loads(line)["id"] for line in lines} == set(await ids(site, "/services", per_page=200))


async def test_every_list_is_paged_and_valid(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hsds_pages, "LARGEST", 3)
    for path in LISTS:
        schema = validator(f"{path[:-1]}.json" if path != "taxonomies" else "taxonomy.json")
        whole = {"full": "true"} if path in LISTS[:3] else {}
        pages = [await read(site, f"/{path}", per_page=2, page=1), await read(site, f"/{path}", per_page=2, page=2)]
        everything = await read(site, f"/{path}", per_page=200, **whole)
        for one in [*everything["contents"], *pages[0]["contents"]]:
            assert [f"{path} {error.json_path}: {error.message}" for error in schema.iter_errors(one)] == []
        assert not any(isinstance(value, list) for one in pages[0]["contents"] for value in one.values()), path
        total = everything["total_items"]
        assert [one["id"] for page in pages for one in page["contents"]] == [
            one["id"] for one in everything["contents"][:4]
        ]
        assert [page["page_number"] for page in pages] == [1, 2]
        assert [page["first_page"] for page in pages] == [True, False]
        assert [page["total_pages"] for page in pages] == [-(-total // 2)] * 2
        lines = await site.get(None, f"/{path}", format="ndjson", **whole)
        assert lines.headers["content-type"].partition(";")[0] == "application/x-ndjson"
        assert [json.loads(line) for line in lines.text.splitlines()] == everything["contents"]
        if "next" in pages[0]:
            behind = await site.get(None, f"/{path}", format="ndjson", after=pages[0]["next"], **whole)
            assert [json.loads(line) for line in behind.text.splitlines()] == everything["contents"][2:]
        beyond = await read(site, f"/{path}", page=1000)
        assert (beyond["empty"], beyond["last_page"], beyond["size"]) == (True, True, 0)


@pytest.mark.parametrize(
    ("path", "query", "field", "rule"),
    [
        ("/services", {"format": "csv"}, "format", "format-not-offered"),
        ("/services", {"minimal": "true"}, "minimal", "parameter-not-offered"),
        ("/service_at_locations", {"proximity": "500"}, "proximity", "parameter-not-offered"),
        ("/taxonomy_terms", {"top_only": "true"}, "top_only", "parameter-not-offered"),
        ("/organizations", {"page": "0"}, "page", "greater-than-equal"),
        ("/organizations", {"per_page": "201"}, "per_page", "less-than-equal"),
        ("/taxonomies", {"colour": "red"}, "colour", "extra-forbidden"),
        ("/services", {"modified_after": "2026-03-02"}, "modified_after", "moment"),
        ("/services", {"taxonomy_term_id": "x"}, "taxonomy_term_id", "uuid-parsing"),
    ],
)
async def test_a_wrong_parameter_names_its_rule(
    site: Site, path: str, query: dict[str, str], field: str, rule: str
) -> None:
    answer = await site.get(None, path, **query)
    assert answer.status_code == 422
    assert [(one["field"], one["rule"]) for one in answer.json()["errors"]] == [(field, rule)]


async def test_services_are_found_by_term_organisation_postcode_and_change(site: Site, clock: FixedClock) -> None:
    training = str(term_id(TOPICS_TAXONOMY, "apprenticeship"))
    assert str(APPRENTICESHIP) in await ids(site, "/services", taxonomy_term_id=training)
    assert len(await ids(site, "/services", taxonomy_id=str(taxonomy_id(AREAS_TAXONOMY)))) == 21
    owner = str(organization_id("ifapme"))
    assert len(await ids(site, "/services", organization_id=owner)) == 3
    [place, *_] = (await read(site, "/service_at_locations", organization_id=owner, full="true"))["contents"]
    postcode = place["location"]["addresses"][0]["postal_code"]
    assert place["id"] in await ids(site, "/service_at_locations", postcode=postcode)
    assert await ids(site, "/services", postcode="0000") == await ids(site, "/services", postcode="\u200b-") == []
    clock.now += timedelta(hours=1)
    assert await ids(site, "/services", modified_after=clock().isoformat()) == []
    await site.put(MANAGER, f"/services/{APPRENTICESHIP}", {"places_open": 1, "capacity": 2})
    assert await ids(site, "/services", modified_after=clock().isoformat()) == [str(APPRENTICESHIP)]


async def test_a_provider_without_services_is_whole_and_one_that_withdrew_them_is_not_listed(site: Site) -> None:
    id, phone, place = str(uuid4()), "+32 4 223 45 67", str(uuid4())
    location = {"id": place, "name": "Siège", "address": "Rue 1", "postal_code": "4000", "city": "Liège"}
    entry: dict[str, Any] = {"name": "Xylothèque", "description": "d", "phones": [{"number": phone}]}
    assert (await site.put(MANAGER, f"/organizations/{id}", entry | {"locations": [location]})).status_code == 200
    one = await read(site, f"/organizations/{id}")
    assert ([one["number"] for one in one["phones"]], [one["id"] for one in one["locations"]]) == ([phone], [place])
    assert await ids(site, "/organizations", search="xylotheque") == [id]
    async with site.as_(None, page=True) as client:
        shown = (await client.get(f"/directory/organizations/{id}")).text
    assert [text for text in (phone, "Rue 1") if text not in shown] == []
    for service in (await read(site, f"/organizations/{organization_id('ifapme')}"))["services"]:
        await site.put(MANAGER, f"/services/{service['id']}", {"status": "inactive"})
    assert str(organization_id("ifapme")) not in await ids(site, "/organizations")
    assert await ids(site, "/service_at_locations", organization_id=str(organization_id("ifapme"))) == []


async def test_a_closing_time_of_24_00_comes_out_and_is_shown(site: Site) -> None:
    hours = {"weekdays": ["FR"], "opens_at": "18:00", "closes_at": "24:00", "valid_from": "2026-01-01"}
    id, entry = atelier()
    said = entry.model_dump(mode="json")
    said["services"][0]["places"][0]["schedules"] = [hours]
    assert (await site.put(MANAGER, f"/organizations/{id}", said)).status_code == 200
    service = said["services"][0]["id"]
    [place] = (await read(site, f"/services/{service}"))["service_at_locations"]
    assert place["schedules"][0]["closes_at"] == "24:00"
    async with site.as_(None, page=True) as client:
        assert "18:00–24:00" in (await client.get(f"/directory/services/{service}")).text
    late = await site.put(MANAGER, f"/organizations/{id}", json.loads(json.dumps(said).replace("24:00", "24:01")))
    assert late.json()["errors"][0]["rule"] == "closing-time"


async def test_a_service_that_is_imported_leaves_the_others_of_its_organisation(site: Site) -> None:
    before = await read(site, f"/organizations/{organization_id('ifapme')}")
    changed, *others = before["services"]
    line = changed | {"organization_id": before["id"], "name": "Autre nom", "alert": "Fermé le 24 décembre"}
    assert (await send(site, "services", line))[-1]["accepted"] == 1
    assert (await send(site, "services", line))[-1]["unchanged"] == 1
    after = {one["id"]: one for one in (await read(site, f"/organizations/{before['id']}"))["services"]}
    assert meaning(after[changed["id"]]) == meaning(line)
    assert [after[one["id"]] for one in others] == others
    [*_, event] = await emitted_events(site.store, ProviderPublished)
    assert "Autre nom" in [one.name for one in event.services]


async def test_a_service_changes_with_a_location_that_it_only_names(site: Site, clock: FixedClock) -> None:
    hall, yard = ({"id": str(uuid4()), "location_type": "physical", "name": name} for name in ("Halle", "Cour"))

    def offered(name: str, **more: Any) -> dict[str, Any]:
        return {"id": str(uuid4()), "name": name, "status": "active"} | more

    welding, sewing = (
        offered(name, service_at_locations=[{"id": str(uuid4()), "location_id": place["id"]}])
        for name, place in (("Soudure", hall), ("Couture", yard))
    )
    line = {"id": str(uuid4()), "name": "Ateliers", "description": "d", "services": [welding, sewing]}

    async def changed(kind: str, sent: dict[str, Any]) -> list[str]:
        clock.now += timedelta(hours=1)
        assert (await send(site, kind, sent))[-1]["accepted"] == 1
        return await ids(site, "/services", organization_id=line["id"], modified_after=clock().isoformat())

    assert len(await changed("organizations", line | {"locations": [hall, yard]})) == 2
    moved = hall | {"transportation": "Bus 4"}
    assert await changed("organizations", line | {"locations": [moved, yard]}) == [welding["id"]]
    owner = {"id": line["id"], "name": "Ateliers", "description": "d", "locations": [moved | {"name": "Salle"}, yard]}
    knitting = offered("Tricot", organization=owner)
    assert set(await changed("services", knitting)) == {welding["id"], knitting["id"]}


async def test_a_bad_line_of_an_import_takes_no_other_with_it(site: Site) -> None:
    mine, theirs = example("organization_full.json"), await read(site, f"/organizations/{organization_id('ifapme')}")
    stolen = mine | {"id": str(uuid4()), "locations": theirs["locations"], "services": []}
    unplaced = mine | {"id": str(uuid4()), "locations": [], "services": [dict(mine["services"][0], id=str(uuid4()))]}
    unplaced["services"][0]["service_at_locations"] = [{"id": str(uuid4()), "location_id": str(uuid4())}]
    unknown = mine | {"id": str(uuid4()), "colour": "red", "services": [dict(mine["services"][0], id=str(uuid4()))]}
    del unknown["services"][0]["name"]
    unknown["services"][0]["attributes"] = [{"id": str(uuid4()), "taxonomy_term": own_term(AREAS_TAXONOMY, "leisure")}]
    *faults, totals = await send(site, "organizations", stolen, unplaced, unknown, mine)
    assert [(one["line"], one["rule"]) for one in faults] == [
        (1, "different-organization"),
        (2, "unknown-location"),
        (3, "missing"),
        (3, "extra-forbidden"),
        (3, "unknown-area"),
    ]
    assert (totals["accepted"], totals["refused"]) == (1, 3)
    assert meaning(await read(site, f"/organizations/{mine['id']}")) == meaning(mine)
    assert (await site.get(MANAGER, "/services/import/schema")).status_code == 403


async def test_an_id_that_is_there_twice_in_a_line_is_named(site: Site) -> None:
    def offered(id: str, place: str) -> dict[str, Any]:
        places = [{"id": place, "location_id": hall["id"]}]
        return {"id": id, "name": "Soudure", "status": "active", "service_at_locations": places}

    hall = {"id": str(uuid4()), "location_type": "physical", "name": "Halle"}
    line: dict[str, Any] = {"id": str(uuid4()), "name": "Ateliers", "description": "d", "locations": [hall]}
    one, two, place = (str(uuid4()) for _ in range(3))
    repeated = [offered(one, place), offered(one, str(uuid4()))]
    placed_twice = [offered(one, place), offered(two, place)]
    *faults, totals = await send(
        site,
        "organizations",
        line | {"services": repeated},
        line | {"services": placed_twice},
        line | {"locations": [hall, hall]},
    )
    found = [(fault["line"], fault["field"], fault["rule"]) for fault in faults]
    assert found == [(1, "services", "not-distinct"), (2, "services", "not-distinct"), (3, "locations", "not-distinct")]
    assert totals["accepted"] == 0


@pytest.mark.parametrize(
    ("number", "rule"),
    [("٣", "whole-number"), ("99999999999", "less-than-equal"), ("-1", "greater-than-equal"), ("5.0", "whole-number")],
)
async def test_a_number_of_places_is_one_that_the_entry_takes(site: Site, number: str, rule: str) -> None:
    places = {"id": str(uuid4()), "value": number, "taxonomy_term": own_term(PLACES_TAXONOMY, "capacity")}
    service = {"id": str(uuid4()), "name": "Soudure", "status": "active", "attributes": [places]}
    line = {"id": str(uuid4()), "name": "Ateliers", "description": "d", "services": [service]}
    [fault, _totals] = await send(site, "organizations", line)
    assert (fault["field"], fault["rule"]) == ("services.0.attributes.0", rule)
