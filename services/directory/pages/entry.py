"""A provider's own entry: its freshness, its views and referrals, and a form to update it."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.storage.store import Work
from services.chassis.web import Body, Reading, Router, Running, Working, allow, apply_form, page, read_form, see_other
from services.contracts.directory import ServiceStatus
from services.contracts.roles import Role
from services.contracts.text import Line, Words
from services.contracts.values import Version, YesNo
from services.directory import actions
from services.directory.actions.entries import Places, ServiceChange
from services.directory.claims import organization_of, own_organization
from services.directory.pages.views import WORDS, now_of, today_of
from services.directory.store import (
    Organization,
    Service,
    full_services,
    referral_counts,
    service_ids_of,
    views_since,
)

router = Router("/directory", pages=True)
Provider = Annotated[Person, allow(Role.PROVIDER)]

PERIOD = timedelta(days=30)
"""The period of which views and referrals are shown."""

STATUSES = ("active", "temporarily closed", "inactive", "defunct")


class ServiceForm(Body):
    """The fields of a service that a provider may change. Each is replaced; an empty number means none."""

    name: Line
    description: Words
    status: ServiceStatus
    capacity: Places | None = None
    places_open: Places | None = None
    assured: YesNo = False
    version: Version


class ConfirmForm(Body):
    """The provider's assurance that every field is correct, without a change."""

    version: Version


@router.get("/entry")
async def entry(request: Request, read: Reading, person: Provider) -> Response:
    """Every service of the provider, with its freshness, open places, views and referrals."""
    organization = await _organization(read, person)
    ids = (await service_ids_of(read, [organization.id])).get(organization.id, [])
    views = await views_since(read, ids, today_of(request) - PERIOD)
    referrals = await referral_counts(read, ids, now_of(request) - PERIOD)
    return page(
        request,
        "directory/entry.html",
        **WORDS,
        organization=organization,
        services=[full.service for full in await full_services(read, ids)],
        views=views,
        referrals=referrals,
        days=PERIOD.days,
        day=today_of(request),
    )


@router.get("/entry/{id}")
async def edit(id: UUID, request: Request, read: Reading, person: Provider) -> Response:
    """The form of one service."""
    service = await _own_service(read, id, person)
    return _form(request, service)


@router.post("/entry/{id}")
async def save(id: UUID, request: Request, read: Reading, running: Running, person: Provider) -> Response:
    """Save the service."""
    filled, typed, errors = await read_form(request, ServiceForm)
    if filled is not None:
        change = ServiceChange(**filled.model_dump())
        _changed, errors = await apply_form(request, running, lambda work: _change(work, id, change, person))
    if not errors:
        return see_other(request, "/directory/entry", done=_("Your entry is saved."))
    return _form(request, await _own_service(read, id, person), typed, errors)


@router.post("/entry/{id}/confirm")
async def confirm(
    id: UUID, form: Annotated[ConfirmForm, Form()], request: Request, work: Working, person: Provider
) -> Response:
    """Assure that every field is correct today, with one button."""
    await _change(work, id, ServiceChange(assured=True, version=form.version), person)
    return see_other(request, "/directory/entry", done=_("Check recorded with today’s date."))


async def _change(work: Work, id: UUID, change: ServiceChange, person: Person) -> Service:
    await _own_service(work.session, id, person)
    return await actions.update_service(work, id, change, organization_id=organization_of(person))


def _form(
    request: Request,
    service: Service,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    return page(
        request,
        "directory/entry_form.html",
        status=422 if errors else 200,
        **WORDS,
        service=service,
        typed=_form_values(service) | (typed or {}),
        errors=errors or {},
        statuses=STATUSES,
        day=today_of(request),
    )


def _form_values(service: Service) -> dict[str, Any]:
    shown = {name: getattr(service, name) for name in ("name", "description", "status", "capacity", "places_open")}
    return {name: "" if value is None else value for name, value in shown.items()} | {"version": service.version}


async def _organization(session: AsyncSession, person: Person) -> Organization:
    organization = await session.get(Organization, own_organization(person))
    if organization is None:
        raise NotFound(what=msg("provider"))
    return organization


async def _own_service(session: AsyncSession, id: UUID, person: Person) -> Service:
    service = await session.get(Service, id)
    if service is None or service.organization_id != organization_of(person):
        raise NotFound(what=msg("service"))
    return service
