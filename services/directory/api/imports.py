"""Imports of providers as HSDS."""

from typing import Annotated, Any

from fastapi import Request
from starlette.responses import Response

from services.chassis.identity.people import Person
from services.chassis.web import Router, allow, import_lines, imports
from services.contracts.roles import Role
from services.directory.actions.hsds.models import OrganizationWithServices, Service
from services.directory.imports import organization_checks, record_organizations, record_services, service_checks

PREFIX = "/directory/api/v1"
IMPORT_PATHS = (f"{PREFIX}/organizations/import", f"{PREFIX}/services/import")

router = Router(PREFIX, tags=["imports"])
Operator = Annotated[Person, allow(region_wide=[Role.OPERATOR])]

LINES_PER_BATCH = 20
"""A line may have hundreds of services and places."""


@router.post("/organizations/import", **imports(OrganizationWithServices, tables=False))
async def import_organizations(request: Request, person: Operator) -> Response:
    """Set the whole entries of providers: NDJSON, each line an HSDS organisation with its services and locations.

    A service that is no longer in it becomes `defunct`.
    """
    return await import_lines(
        request,
        OrganizationWithServices,
        record_organizations,
        organization_checks,
        tables=False,
        batch_lines=LINES_PER_BATCH,
    )


@router.get("/organizations/import/schema")
async def organization_schema(person: Operator) -> dict[str, Any]:
    """The JSON Schema of one line."""
    return OrganizationWithServices.model_json_schema()


@router.post("/services/import", **imports(Service, tables=False))
async def import_services(request: Request, person: Operator) -> Response:
    """Set services: NDJSON, each line an HSDS service with its organisation and places. Other services stay."""
    return await import_lines(
        request, Service, record_services, service_checks, tables=False, batch_lines=LINES_PER_BATCH
    )


@router.get("/services/import/schema")
async def service_schema(person: Operator) -> dict[str, Any]:
    """The JSON Schema of one line."""
    return Service.model_json_schema()
