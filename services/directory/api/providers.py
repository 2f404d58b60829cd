"""Providers and their services as HSDS, search, and changes of services and entries."""

from dataclasses import replace
from datetime import date
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import JSONResponse, Response

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.service.definition import Runtime
from services.chassis.web import Reading, Router, Running, Working, allow, anyone, limited
from services.contracts.roles import Role
from services.contracts.text import Key, Line, Text
from services.contracts.values import Moment, Whole, YesNo
from services.directory import actions, store
from services.directory.actions.entries import ProviderEntry, ServiceChange
from services.directory.actions.hsds import models
from services.directory.api.hsds import listed, organization_json, organization_with_services_json, service_json
from services.directory.api.hsds_pages import (
    AS_LINES,
    Full,
    HsdsPage,
    NotOffered,
    PageQuery,
    Part,
    answer,
    reachable,
)
from services.directory.claims import own_organization
from services.directory.domain.taxonomies import Json
from services.directory.search import BAND, BOOSTS, Kind, Ranked, SearchParams, postcode_key, search_of
from services.directory.search.params import search_params
from services.directory.store import FullOrganization, full_organizations, full_services, service_ids_of

router = Router("/directory/api/v1", tags=["providers"])
Anyone = Annotated[Person | None, anyone]


class ApiDescription(BaseModel):
    """What this API is."""

    version: str
    profile: str
    openapi_url: str


class ServiceSearch(PageQuery):
    """Which services are listed: the standard's parameters, then ours."""

    taxonomy_term_id: UUID | None = Field(None, description="Classified by this term.")
    taxonomy_id: UUID | None = Field(None, description="Classified by a term of this taxonomy.")
    organization_id: UUID | None = None
    postcode: Key | None = Field(None, description="At a location with this postal code.")
    modified_after: Moment | None = None
    full: Full = False
    minimal: NotOffered = None
    proximity: NotOffered = None
    q: Line = Field("", description="Our older name of `search`.")
    area: Key | None = None
    town: Annotated[str, Text(80)] | None = Field(None, description="A town: `La Louvière` or `la-louviere`.")
    centre: Key | None = Field(None, description="A centre's code: services in its town.")
    language: Key | None = None
    after: Line | None = Field(None, description="`next` of the page before, instead of `page`.")
    limit: Annotated[int, Whole(1, 200)] | None = Field(None, description="Our older name of `per_page`.")
    explain: YesNo = Field(default=False, description="Return the numbers that decide the order.")


class OrganizationsQuery(PageQuery):
    """Which organisations are listed, and how much of them."""

    taxonomy_term_id: UUID | None = Field(None, description="Itself, or a service it offers, is classified by this.")
    taxonomy_id: UUID | None = Field(None, description="The same by any term of this taxonomy.")
    full: Full = False
    full_service: Annotated[YesNo, Field(description="With everything inside, and whole services.")] = False


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


class ServicesPage(HsdsPage):
    """An HSDS page of services, with a cursor too."""

    contents: list[models.Service]
    next: str | None
    relaxed: bool
    """Nothing matched all words; these match some."""
    ranking: Ranking | None = None


class OrganizationsPage(HsdsPage):
    """An HSDS page of organisations."""

    contents: list[models.OrganizationWithServices]


class ChangedService(models.Service):
    """A service, with the number of its changes."""

    version: Annotated[int, Whole()]


class Kept(BaseModel):
    """Whether the entry differs from before."""

    organization_id: UUID
    changed: bool


@router.get("/")
async def describe(running: Running, person: Anyone) -> ApiDescription:
    """The version of the standard that this API implements."""
    return ApiDescription(
        version="3.0",
        profile="https://docs.openreferral.org/en/3.0/",
        openapi_url=f"{running.settings.public_url.rstrip('/')}/directory/api/v1/openapi.json",
    )


@router.get("/services", dependencies=[limited("search")], response_model=ServicesPage, responses=AS_LINES)
async def search_services(
    query: Annotated[ServiceSearch, Query()], request: Request, read: Reading, running: Running, person: Anyone
) -> Response:
    """Search. Neutral: only the match and the day's lot decide the order; `explain=1` shows both."""
    query.check_offered("minimal", "proximity")
    query = query.model_copy(update={"search": query.search or query.q, "per_page": query.limit or query.per_page})
    return await answer(request, read, query, partial(_found_services, running))


async def _found_services(running: Runtime, read: AsyncSession, query: ServiceSearch) -> Part:
    params = await search_params(
        read, words=query.search, area=query.area, town=query.town, centre=query.centre, language=query.language
    )
    params = replace(
        params,
        term=query.taxonomy_term_id,
        taxonomy=query.taxonomy_id,
        organization=query.organization_id,
        postcode=postcode_key(query.postcode) if query.postcode else None,
        modified_after=query.modified_after,
    )
    today, skipped = _today(running), query.skipped if query.after is None else 0
    found = await search_of(running).find(
        read, params, today=today, after=query.after, skipped=skipped, limit=query.per_page, explain=query.explain
    )
    full = [service_json(one, today) for one in await full_services(read, [one.id for one in found.results])]
    cursor = {"page_number": None, "first_page": False, "last_page": found.next is None} if query.after else {}
    ranking = _ranking(found.results).model_dump(mode="json") if query.explain else None
    return Part(
        reachable(found, query.search),
        full if query.full else [listed(one) for one in full],
        {"next": found.next, "relaxed": found.relaxed, "ranking": ranking, **cursor},
    )


@router.get("/services/{id}", response_model=models.Service)
async def get_service(id: UUID, read: Reading, running: Running, person: Anyone) -> Response:
    """One service with its organisation, places, schedules, phones, languages and terms."""
    full = await full_services(read, [id])
    if not full:
        raise NotFound(what=msg("service"))
    return JSONResponse(service_json(full[0], _today(running)))


@router.put("/services/{id}", response_model=ChangedService)
async def put_service(
    id: UUID,
    body: ServiceChange,
    work: Working,
    running: Running,
    person: Annotated[Person, allow(Role.PROVIDER, region_wide=[Role.MANAGER])],
) -> Response:
    """Change a service. The region changes any, a provider its own; for another provider's it gets 404."""
    mine = own_organization(person) if person.has(Role.PROVIDER) else None
    await actions.update_service(work, id, body, organization_id=mine)
    await work.session.flush()
    full = await full_services(work.session, [id])
    return JSONResponse(service_json(full[0], _today(running)) | {"version": full[0].service.version})


@router.get("/organizations", dependencies=[limited("search")], response_model=OrganizationsPage, responses=AS_LINES)
async def list_organizations(
    query: Annotated[OrganizationsQuery, Query()], request: Request, read: Reading, running: Running, person: Anyone
) -> Response:
    """Organisations, in the neutral order of services. Those whose services are all withdrawn are not listed."""
    query.check_offered()
    return await answer(request, read, query, partial(_found_organizations, running))


async def _found_organizations(running: Runtime, read: AsyncSession, query: OrganizationsQuery) -> Part:
    today = _today(running)
    params = SearchParams(
        words=query.search, kind=Kind.ORGANIZATION, term=query.taxonomy_term_id, taxonomy=query.taxonomy_id
    )
    found = await search_of(running).find(read, params, today=today, skipped=query.skipped, limit=query.per_page)
    owners = await full_organizations(read, [one.id for one in found.results])
    if query.full or query.full_service:
        contents = [await _with_services(read, one, today, full_services=query.full_service) for one in owners]
    else:
        contents = [listed(organization_json(one, today)) for one in owners]
    return Part(reachable(found, query.search), contents)


@router.get("/organizations/{id}", response_model=models.OrganizationWithServices)
async def get_organization(
    id: UUID, read: Reading, running: Running, person: Anyone, full_service: YesNo = True
) -> Response:
    """One organisation with its phones, locations and services. `full_service=false`: these with id and name alone."""
    owners = await full_organizations(read, [id])
    if not owners:
        raise NotFound(what=msg("provider"))
    return JSONResponse(await _with_services(read, owners[0], _today(running), full_services=full_service))


@router.put("/organizations/{id}")
async def put_organization(
    id: UUID, body: ProviderEntry, work: Working, person: Annotated[Person, allow(region_wide=[Role.MANAGER])]
) -> Kept:
    """Set a provider's whole entry, as the region adds one to the directory. The same entry again changes nothing."""
    return Kept(organization_id=id, changed=await actions.set_provider(work, id, body))


def _today(running: Runtime) -> date:
    return running.clock().astimezone(BRUSSELS).date()


async def _with_services(read: AsyncSession, owner: FullOrganization, today: date, *, full_services: bool) -> Json:
    ids = (await service_ids_of(read, [owner.organization.id])).get(owner.organization.id, [])
    services = await store.full_services(read, ids)
    return organization_with_services_json(owner, services, today, full_services=full_services)


def _ranking(results: list[Ranked]) -> Ranking:
    return Ranking(
        boosts=BOOSTS,
        band=BAND,
        results=[
            Why(service_id=one.id, score=one.score, band=one.band, lot=one.lot, fields=one.fields) for one in results
        ],
    )
