"""A provider's own entry: how fresh it is, how visible it is, and a form to keep it right."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.errors import NotFound, Refused, msg
from services.chassis.i18n import translate as _
from services.chassis.identity import Person, Role
from services.chassis.web import Body, Reading, Routes, Working, allow, faults_of, page, see_other
from services.directory import actions
from services.directory.entries import ServiceChange
from services.directory.pages.shown import WORDS, now_of, today_of
from services.directory.store import (
    Organization,
    Service,
    full_services,
    referral_counts,
    service_ids_of,
    views_since,
)

router = Routes("/directory", pages=True)
Provider = Annotated[Person, allow(Role.PROVIDER)]

PERIOD = timedelta(days=30)
"""How far back visibility is shown."""

STATUSES = ("active", "temporarily closed", "inactive", "defunct")


class ServiceForm(Body):
    """What a provider may change of a service, as it was typed."""

    name: str = Field(default="", max_length=300)
    description: str = Field(default="", max_length=6000)
    status: str = Field(default="", max_length=40)
    capacity: str = Field(default="", max_length=12)
    places_open: str = Field(default="", max_length=12)
    assured: str = Field(default="", max_length=5)
    version: int


class ConfirmForm(Body):
    """Nothing changed, and all of it is right."""

    version: int


@router.get("/entry")
async def entry(request: Request, read: Reading, person: Provider) -> Response:
    """Every service of the provider, with its freshness, its open places, and who looked and who came."""
    organization = await _own(read, person)
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
    return _form(request, service, _typed(service))


@router.post("/entry/{id}")
async def save(
    id: UUID, form: Annotated[ServiceForm, Form()], request: Request, work: Working, person: Provider
) -> Response:
    """Say anew what the service is."""
    service = await _own_service(work.session, id, person)
    typed = form.model_dump()
    try:
        change = ServiceChange.model_validate(
            {
                "name": form.name,
                "description": form.description,
                "status": form.status,
                "capacity": form.capacity or None,
                "places_open": form.places_open or None,
                "assured": bool(form.assured),
                "version": form.version,
            }
        )
        await actions.change_service(work, id, change, organization_id=person.organization_id)
    except (Refused, ValueError) as refused:
        errors = {fault["field"]: fault["message"] for fault in faults_of(_expected(refused))}
        return _form(request, service, typed, errors)
    return see_other(request, "/directory/entry", done=_("Your entry is up to date."))


@router.post("/entry/{id}/confirm")
async def confirm(
    id: UUID, form: Annotated[ConfirmForm, Form()], request: Request, work: Working, person: Provider
) -> Response:
    """One button: all of it was checked today and is right."""
    await _own_service(work.session, id, person)
    change = ServiceChange(assured=True, version=form.version)
    await actions.change_service(work, id, change, organization_id=person.organization_id)
    return see_other(request, "/directory/entry", done=_("Noted: checked today."))


def _form(request: Request, service: Service, typed: dict[str, Any], errors: dict[str, str] | None = None) -> Response:
    return page(
        request,
        "directory/entry_form.html",
        status=422 if errors else 200,
        **WORDS,
        service=service,
        typed=typed,
        errors=errors or {},
        statuses=STATUSES,
        day=today_of(request),
    )


def _typed(service: Service) -> dict[str, Any]:
    shown = {name: getattr(service, name) for name in ("name", "description", "status", "capacity", "places_open")}
    return {name: "" if value is None else value for name, value in shown.items()} | {"version": service.version}


async def _own(session: AsyncSession, person: Person) -> Organization:
    organization = await session.get(Organization, person.organization_id) if person.organization_id else None
    if organization is None:
        raise NotFound(what=msg("organization"))
    return organization


async def _own_service(session: AsyncSession, id: UUID, person: Person) -> Service:
    service = await session.get(Service, id)
    if service is None or service.organization_id != person.organization_id:
        raise NotFound(what=msg("service"))
    return service


def _expected(error: Exception) -> Any:
    """A rule's refusal or pydantic's; anything else is a fault of ours."""
    if isinstance(error, Refused) or hasattr(error, "errors"):
        return error
    raise error
