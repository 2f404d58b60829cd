"""Routes by which a person sees and takes along what a service holds about them, and staff export it at their request.

A service answers for itself, under its own authorisation. The page of one service fetches the parts of the others in
the browser; without JavaScript it links to them.
"""

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import Request
from sqlmodel import col
from starlette.responses import HTMLResponse, Response

from services.chassis.copies.accounts import account_names
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.service.personal_data import PersonalData, document_of, part_of
from services.chassis.storage.list_order import ListOrder
from services.chassis.web.pages import fragment, page
from services.chassis.web.routing import Reading, Router, Running, Working, allow
from services.contracts.roles import Role

Myself = Annotated[Person, allow(Role.VISITOR)]
Exporter = Annotated[Person, allow(region_wide=[Role.MANAGER, Role.OPERATOR])]
"""Not the managers of a centre: an export has the plan's texts, which the person may have closed to the centre."""
SHOWN = 200
"""Entries on a page of the log."""


def add_to(router: Router, service: str, data: PersonalData[Any]) -> None:
    """Add the routes of a service that holds something about persons."""

    @router.get("/mine/data", include_in_schema=False)
    async def own_page(request: Request, read: Reading, running: Running, person: Myself) -> Response:
        """What the service holds about the signed-in visitor; the whole page, or its part of another's."""
        document = await document_of(read, service, data, _reference(person), running.clock())
        held = [one.data for one in (document, *document.merged) if one.data is not None]
        title = request.app.state.site.own_data[service].label
        values: dict[str, Any] = {
            "service": service,
            "title": title,
            "parts": [part_of(one) for one in held],
            "exports": document.exports,
        }
        if "hx-request" in request.headers:
            return HTMLResponse(fragment(request, "personal_data_part.html", **values))
        return page(request, "personal_data.html", others=_others(request, service), **values)

    @router.get("/mine/data.json", include_in_schema=False)
    async def own_document(read: Reading, running: Running, person: Myself) -> Response:
        """The same as JSON, to take along."""
        document = await document_of(read, service, data, _reference(person), running.clock())
        headers = {"Content-Disposition": f'attachment; filename="{service}.json"'}
        return Response(document.model_dump_json(indent=2), media_type="application/json", headers=headers)

    @router.post("/api/v1/people/{subject_ref}/export", response_model=data.document)
    async def export(subject_ref: UUID, work: Working, person: Exporter) -> Any:
        """Export all that this service holds about a person. It is logged: what cannot be logged is not exported."""
        document = await document_of(work.session, service, data, subject_ref, work.now)
        work.add(data.exports(at=work.now, subject_ref=subject_ref, person=person.subject[:200]))
        return document

    @router.get("/exports", include_in_schema=False)
    async def log_page(
        request: Request, read: Reading, running: Running, person: Exporter, after: UUID | None = None
    ) -> Response:
        """Who exported whose data, for the region and for operators. `after`: the last entry of the page before."""
        newest = ListOrder(col(data.exports.at), id=col(data.exports.id), newest_first=True)
        found = list(await read.scalars(await newest.page(read, sa.select(data.exports), SHOWN + 1, after)))
        entries = found[:SHOWN]
        names = await account_names(read, running.service.accounts, (one.person for one in entries))
        site = request.app.state.site
        return page(
            request,
            "exports.html",
            service=service,
            titles={name: site.titles[name] for name in site.own_data},
            entries=[(one.at, names.get(one.person, one.person), one.subject_ref) for one in entries],
            last=entries[-1].id if len(found) > SHOWN else None,
            days=running.settings.export_log_days,
        )


def _reference(person: Person) -> UUID:
    """The signed-in visitor's reference. Raises `NotFound`."""
    if person.subject_ref is None:
        raise NotFound(what=msg("registered person"))
    return person.subject_ref


def _others(request: Request, service: str) -> dict[str, str]:
    """The pages of the other services, by address, with their titles."""
    return {link.href: link.label for name, link in request.app.state.site.own_data.items() if name != service}
