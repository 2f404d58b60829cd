"""Providers and their services as HSDS, search, and changes of services and entries."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.web import Body, Reading, Router, Running, Working, allow, anyone, limited
from services.contracts.roles import Role
from services.contracts.text import Key, Line, Text
from services.contracts.values import Whole, YesNo
from services.directory import actions
from services.directory.actions.entries import ProviderEntry, ServiceChange
from services.directory.api.hsds import organization_json, service_json
from services.directory.claims import own_organization
from services.directory.search import BAND, BOOSTS, Ranked, search_of
from services.directory.search.params import search_params
from services.directory.store import Organization, full_services, organizations_page, service_ids_of

router = Router("/directory/api/v1", tags=["providers"])
Anyone = Annotated[Person | None, anyone]


class ServiceSearch(Body):
    """Search parameters, all optional."""

    q: Line = Field("", description="Words, in any of the four languages for topics and areas.")
    area: Key | None = None
    town: Annotated[str, Text(80)] | None = Field(None, description="A town: `La Louvière` or `la-louviere`.")
    centre: Key | None = Field(None, description="A centre's code: services in its town.")
    language: Key | None = None
    after: Line | None = Field(None, description="`next` of the page before.")
    limit: Annotated[int, Whole(1, 200)] = 20
    explain: YesNo = Field(default=False, description="Return the numbers that decide the order.")


class Why(BaseModel):
    """The numbers that decide a result's rank: `band` first, then `lot`."""

    service_id: UUID
    score: float
    band: float
    lot: int
    fields: dict[str, float]


class Ranking(BaseModel):
    """The rules of the order, and their numbers for each result."""

    boosts: dict[str, float]
    band: float
    results: list[Why]


class ServicesPage(BaseModel):
    """An HSDS page of services, with a cursor instead of page numbers."""

    total_items: int
    size: int
    first_page: bool
    last_page: bool
    empty: bool
    contents: list[dict[str, Any]]
    next: str | None
    relaxed: bool
    """Nothing matched all words; these match some."""
    ranking: Ranking | None = None


class OrganizationsPage(BaseModel):
    """An HSDS page of organisations, in the order of their ids."""

    size: int
    contents: list[dict[str, Any]]
    next: UUID | None


class Kept(BaseModel):
    """Whether the entry differs from before."""

    organization_id: UUID
    changed: bool


@router.get("/services", dependencies=[limited("search")])
async def search_services(
    query: Annotated[ServiceSearch, Query()], read: Reading, running: Running, person: Anyone
) -> ServicesPage:
    """Search. Neutral: only the match and the day's lot decide the order; `explain=1` shows both."""
    params = await search_params(
        read, words=query.q, area=query.area, town=query.town, centre=query.centre, language=query.language
    )
    today = running.clock().astimezone(BRUSSELS).date()
    found = await search_of(running).find(
        read, params, today=today, after=query.after, limit=query.limit, explain=query.explain
    )
    full = await full_services(read, [one.id for one in found.results])
    return ServicesPage(
        total_items=found.total,
        size=len(full),
        first_page=query.after is None,
        last_page=found.next is None,
        empty=not full,
        contents=[service_json(one, today) for one in full],
        next=found.next,
        relaxed=found.relaxed,
        ranking=_ranking(found.results) if query.explain else None,
    )


@router.get("/services/{id}")
async def get_service(id: UUID, read: Reading, running: Running, person: Anyone) -> dict[str, Any]:
    """One service with its organisation, places, schedules, phones, languages and terms."""
    full = await full_services(read, [id])
    if not full:
        raise NotFound(what=msg("service"))
    return service_json(full[0], running.clock().astimezone(BRUSSELS).date())


@router.put("/services/{id}")
async def put_service(
    id: UUID,
    body: ServiceChange,
    work: Working,
    running: Running,
    person: Annotated[Person, allow(Role.PROVIDER, region_wide=[Role.MANAGER])],
) -> dict[str, Any]:
    """Change a service. The region changes any, a provider its own; for another provider's it gets 404."""
    mine = own_organization(person) if person.has(Role.PROVIDER) else None
    await actions.update_service(work, id, body, organization_id=mine)
    await work.session.flush()
    full = await full_services(work.session, [id])
    return service_json(full[0], running.clock().astimezone(BRUSSELS).date()) | {"version": full[0].service.version}


@router.get("/organizations")
async def list_organizations(
    read: Reading,
    running: Running,
    person: Anyone,
    after: UUID | None = None,
    limit: Annotated[int, Whole(1, 200)] = 50,
) -> OrganizationsPage:
    """Every organisation, without its services."""
    rows = await organizations_page(read, after, limit + 1)
    today = running.clock().astimezone(BRUSSELS).date()
    return OrganizationsPage(
        size=len(rows[:limit]),
        contents=[organization_json(row, [], today) for row in rows[:limit]],
        next=rows[limit - 1].id if len(rows) > limit else None,
    )


@router.get("/organizations/{id}")
async def get_organization(id: UUID, read: Reading, running: Running, person: Anyone) -> dict[str, Any]:
    """One organisation, with its locations and services."""
    organization = await read.get(Organization, id)
    if organization is None:
        raise NotFound(what=msg("provider"))
    ids = (await service_ids_of(read, [id])).get(id, [])
    return organization_json(organization, await full_services(read, ids), running.clock().astimezone(BRUSSELS).date())


@router.put("/organizations/{id}")
async def put_organization(
    id: UUID, body: ProviderEntry, work: Working, person: Annotated[Person, allow(region_wide=[Role.MANAGER])]
) -> Kept:
    """Set a provider's whole entry, as the region adds one to the directory. The same entry again changes nothing."""
    return Kept(organization_id=id, changed=await actions.set_provider(work, id, body))


def _ranking(results: list[Ranked]) -> Ranking:
    return Ranking(
        boosts=BOOSTS,
        band=BAND,
        results=[
            Why(service_id=one.id, score=one.score, band=one.band, lot=one.lot, fields=one.fields) for one in results
        ],
    )
