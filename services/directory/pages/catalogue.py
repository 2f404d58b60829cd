"""The public pages of the directory: search, a service, an organisation."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, Refused, msg
from services.chassis.web import Body, Reading, Router, Working, anyone, explain, limited, page
from services.contracts.roles import Role
from services.contracts.text import Key, Line, Text
from services.contracts.values import YesNo
from services.directory import actions
from services.directory.claims import organization_of
from services.directory.domain import LANGUAGE_LABELS
from services.directory.pages.views import WORDS, opening_lines, today_of
from services.directory.search import BOOSTS, Found, SearchParams, search_of
from services.directory.search.params import search_params
from services.directory.store import full_organizations, full_services, known_areas, service_ids_of, towns

router = Router("/directory", pages=True)
Anyone = Annotated[Person | None, anyone]


class SearchForm(Body, extra="ignore"):
    """The query parameters of a search; unknown ones, which others' links add, are ignored."""

    q: Line = ""
    area: Key = ""
    town: Annotated[str, Text(80)] = ""
    language: Key = ""
    after: Line | None = None
    why: YesNo = False
    searched: YesNo = False
    """The form was sent, so that an area that is not in it was not chosen."""


async def search_values(
    request: Request, session: AsyncSession, form: SearchForm, *, path: str, area: str | None = None
) -> dict[str, Any]:
    """The template values of a page with a search. `area`: the filter while the request names none."""
    errors: dict[str, str] = {}
    found = Found(0, [], None)
    chosen_area = form.area or ("" if form.searched else area) or ""
    try:
        params = await search_params(session, words=form.q, area=chosen_area, town=form.town, language=form.language)
        found = await _find(request, session, params, form)
    except Refused as refused:
        errors = {refused.about or "q": explain(refused)}
    full = await full_services(session, [one.id for one in found.results])
    kept = {"q": form.q, "area": chosen_area, "town": form.town, "language": form.language}
    query = {name: value for name, value in kept.items() if value} | ({"searched": "true"} if area else {})
    why = {"why": "1"} if form.why else {}
    return {
        **WORDS,
        "errors": errors,
        "form": kept,
        "preset": area,
        "areas": await known_areas(session),
        "towns": await towns(session),
        "languages_offered": list(LANGUAGE_LABELS),
        "found": found,
        "results": list(zip(full, found.results, strict=True)),
        "why": form.why,
        "why_url": f"{path}?{urlencode(query | ({} if form.why else {'why': '1'}))}",
        "next_url": f"{path}?{urlencode(query | why | {'after': found.next})}" if found.next else None,
        "first_page": form.after is None,
        "path": path,
        "boosts": BOOSTS,
        "day": today_of(request),
    }


async def _find(request: Request, session: AsyncSession, params: SearchParams, form: SearchForm) -> Found:
    search = search_of(request.app.state.runtime)
    return await search.find(session, params, today=today_of(request), after=form.after, limit=20, explain=form.why)


@router.get("/", dependencies=[limited("search")])
async def search(request: Request, read: Reading, form: Annotated[SearchForm, Query()], person: Anyone) -> Response:
    """Search services by words, area, town and language, the same for every reader."""
    values = await search_values(request, read, form, path="/directory/")
    return page(request, "directory/search.html", status=422 if values["errors"] else 200, **values)


@router.get("/services/{id}")
async def service_page(id: UUID, request: Request, read: Reading, person: Anyone) -> Response:
    """One service with its conditions, locations, opening hours and freshness."""
    full = await full_services(read, [id])
    if not full:
        raise NotFound(what=msg("service"))
    mine = person is not None and organization_of(person) == full[0].service.organization_id
    return page(
        request,
        "directory/service.html",
        **WORDS,
        full=full[0],
        service=full[0].service,
        organization=full[0].organization,
        places=[(location, opening_lines(schedules)) for _, location, schedules in full[0].places],
        day=today_of(request),
        may_refer=person is not None and person.has(Role.COUNSELLOR) and full[0].service.status == "active",
        mine=mine,
        count_views=not mine,
    )


@router.post("/services/{id}/views", status_code=204, dependencies=[limited("search")])
async def count_view(id: UUID, work: Working, person: Anyone) -> None:
    """Count a view of the page in a browser, per day, without anything about the reader."""
    await actions.count_view(work, id)


@router.get("/organizations/{id}")
async def organization_page(id: UUID, request: Request, read: Reading, person: Anyone) -> Response:
    """A provider and its services."""
    owners = await full_organizations(read, [id])
    if not owners:
        raise NotFound(what=msg("provider"))
    ids = (await service_ids_of(read, [id])).get(id, [])
    offered = [full for full in await full_services(read, ids) if full.service.status in _SHOWN]
    return page(
        request,
        "directory/organization.html",
        **WORDS,
        organization=owners[0].organization,
        services=offered,
        phones=owners[0].phones,
        locations=[] if offered else owners[0].locations,
        day=today_of(request),
        manages_team=person is not None and person.has(Role.MANAGER) and person.region_wide,
    )


_SHOWN = ("active", "temporarily closed")
