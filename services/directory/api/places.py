"""Services at locations, as HSDS lists them."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import JSONResponse, Response

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.service.definition import Runtime
from services.chassis.web import Reading, Router, Running, anyone, limited
from services.contracts.text import Key
from services.contracts.values import Moment
from services.directory.actions.hsds import models
from services.directory.api.hsds import listed, service_at_location_json
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
from services.directory.search import Kind, SearchParams, postcode_key, search_of
from services.directory.store import full_services, services_at

router = Router("/directory/api/v1/service_at_locations", tags=["providers"])
Anyone = Annotated[Person | None, anyone]


class PlacesQuery(PageQuery):
    """Which services at locations are listed."""

    taxonomy_term_id: UUID | None = None
    taxonomy_id: UUID | None = None
    organization_id: UUID | None = None
    postcode: Annotated[Key | None, Field(description="At a location with this postal code.")] = None
    modified_after: Moment | None = None
    full: Full = False
    proximity: NotOffered = None


class ServiceAtLocationsPage(HsdsPage):
    """Services at locations, with both."""

    contents: list[models.ServiceAtLocationWithService]


@router.get("", dependencies=[limited("search")], response_model=ServiceAtLocationsPage, responses=AS_LINES)
async def list_service_at_locations(
    query: Annotated[PlacesQuery, Query()], request: Request, read: Reading, running: Running, person: Anyone
) -> Response:
    """Services that are offered, at each of their locations. Neutral order, as for services."""
    query.check_offered("proximity")
    return await answer(request, read, query, partial(_places, running))


async def _places(running: Runtime, read: AsyncSession, query: PlacesQuery) -> Part:
    today = running.clock().astimezone(BRUSSELS).date()
    params = SearchParams(
        words=query.search,
        kind=Kind.PLACE,
        term=query.taxonomy_term_id,
        taxonomy=query.taxonomy_id,
        organization=query.organization_id,
        postcode=postcode_key(query.postcode) if query.postcode else None,
        modified_after=query.modified_after,
    )
    found = await search_of(running).find(read, params, today=today, skipped=query.skipped, limit=query.per_page)
    ids = [one.id for one in found.results]
    services = await services_at(read, ids)
    full = {one.service.id: one for one in await full_services(read, set(services.values()))}
    placed = {place[0].id: (one, place) for one in full.values() for place in one.places}
    contents = [service_at_location_json(*placed[id], today) for id in ids if id in placed]
    return Part(reachable(found, query.search), contents if query.full else [listed(one) for one in contents])


@router.get("/{id}", response_model=models.ServiceAtLocationWithService)
async def get_service_at_location(id: UUID, read: Reading, running: Running, person: Anyone) -> Response:
    """One service at one location, with everything inside."""
    today = running.clock().astimezone(BRUSSELS).date()
    for one in await full_services(read, (await services_at(read, [id])).values()):
        for place in one.places:
            if place[0].id == id:
                return JSONResponse(service_at_location_json(one, place, today))
    raise NotFound(what=msg("service"))
