"""The objects of the Human Services Data Specification 3: what an import reads, and what the API answers.

Field names and requirements are the standard's. Text, days, numbers and choices are read as everywhere.
"""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from services.contracts.directory import ServiceStatus
from services.contracts.text import Line, Text, Words
from services.contracts.values import AtLeast, Day, Decimal, Moment, Whole
from services.directory.actions.entries import Address as WebAddress
from services.directory.actions.entries import Age, Mail, check_distinct, distinct
from services.directory.actions.hsds.parts import (
    Accessibility,
    Address,
    Contact,
    Described,
    Language,
    LocationType,
    Phone,
    Schedule,
    Taxonomy,
    TaxonomyTerm,
)

__all__ = [
    "Location",
    "Organization",
    "OrganizationWithServices",
    "Schedule",
    "Service",
    "ServiceAtLocation",
    "ServiceAtLocationWithService",
    "Taxonomy",
    "TaxonomyTerm",
]

Extent = Annotated[str, Text(40_000, lines=True)]
"""An area as the standard's `extent_type` says, such as GeoJSON."""
Year = Annotated[int, Whole(1, 9999)]
Degrees = Annotated[float, Decimal(-180, 180)]
"""A latitude too: the standard's own example is at 100."""
Amount = Annotated[float, Decimal(-1_000_000_000, 1_000_000_000)]


class Location(Described):
    """A place, or a virtual one."""

    location_type: LocationType
    url: WebAddress | None = None
    organization_id: UUID | None = None
    name: Line | None = None
    alternate_name: Line | None = None
    description: Words | None = None
    transportation: Words | None = None
    latitude: Degrees | None = None
    longitude: Degrees | None = None
    external_identifier: Line | None = None
    external_identifier_type: Line | None = None
    languages: Annotated[list[Language] | None, Field(max_length=100)] = None
    addresses: Annotated[list[Address] | None, Field(max_length=20)] = None
    contacts: Annotated[list[Contact] | None, Field(max_length=50)] = None
    accessibility: Annotated[list[Accessibility] | None, Field(max_length=50)] = None
    phones: Annotated[list[Phone] | None, Field(max_length=50)] = None
    schedules: Annotated[list[Schedule] | None, Field(max_length=50)] = None


class Funding(Described):
    """Who pays for an organisation or a service."""

    organization_id: UUID | None = None
    service_id: UUID | None = None
    source: Words | None = None


class Program(Described):
    """A group of services of an organisation."""

    organization_id: UUID | None = None
    name: Line
    alternate_name: Line | None = None
    description: Words


class OrganizationIdentifier(Described):
    """The number of an organisation in a register."""

    organization_id: UUID | None = None
    identifier_scheme: Line | None = None
    identifier_type: Line
    identifier: Line


class Organization(Described):
    """An organisation, without its services."""

    name: Line
    alternate_name: Line | None = None
    description: Words
    email: Mail | None = None
    website: WebAddress | None = None
    tax_status: Line | None = None
    tax_id: Line | None = None
    year_incorporated: Year | None = None
    legal_status: Line | None = None
    logo: Words | None = None
    uri: WebAddress | None = None
    parent_organization_id: UUID | None = None
    funding: Annotated[list[Funding] | None, Field(max_length=50)] = None
    contacts: Annotated[list[Contact] | None, Field(max_length=50)] = None
    phones: Annotated[list[Phone] | None, Field(max_length=50)] = None
    locations: Annotated[list[Location] | None, Field(max_length=200), distinct("id")] = None
    programs: Annotated[list[Program] | None, Field(max_length=100)] = None
    organization_identifiers: Annotated[list[OrganizationIdentifier] | None, Field(max_length=50)] = None


class ServiceArea(Described):
    """Where the people live whom a service is for."""

    service_id: UUID | None = None
    name: Words | None = None
    description: Words | None = None
    extent: Extent | None = None
    extent_type: Line | None = None
    uri: WebAddress | None = None


class CostOption(Described):
    """A price of a service."""

    service_id: UUID | None = None
    valid_from: Day | None = None
    valid_to: Annotated[Day | None, AtLeast("valid_from", "dates_backwards")] = None
    option: Words | None = None
    currency: Line | None = None
    amount: Amount | None = None
    amount_description: Words | None = None


class RequiredDocument(Described):
    """A document that a person needs for a service."""

    service_id: UUID | None = None
    document: Words | None = None
    uri: WebAddress | None = None


class ServiceAtLocation(Described):
    """A service at a location, which is nested, or named by `location_id`."""

    service_id: UUID | None = None
    location_id: UUID | None = None
    description: Words | None = None
    contacts: Annotated[list[Contact] | None, Field(max_length=50)] = None
    phones: Annotated[list[Phone] | None, Field(max_length=50)] = None
    schedules: Annotated[list[Schedule] | None, Field(max_length=50)] = None
    location: Location | None = None

    @property
    def at(self) -> UUID | None:
        """The id of its location."""
        return self.location.id if self.location is not None else self.location_id


def _distinct_places(places: Any) -> Any:
    """Refuses two places of a service with one id, or at one location."""
    check_distinct([one.id for one in places or ()])
    check_distinct([one.at for one in places or ()])
    return places


class Service(Described):
    """A service, with its organisation and places."""

    organization_id: UUID | None = None
    program_id: UUID | None = None
    name: Line
    alternate_name: Line | None = None
    description: Words | None = None
    url: WebAddress | None = None
    email: Mail | None = None
    status: ServiceStatus
    interpretation_services: Words | None = None
    application_process: Words | None = None
    fees_description: Words | None = None
    wait_time: Words | None = None
    fees: Words | None = None
    accreditations: Words | None = None
    eligibility_description: Words | None = None
    minimum_age: Age | None = None
    maximum_age: Annotated[Age | None, AtLeast("minimum_age", "ages_backwards")] = None
    assured_date: Day | None = None
    assurer_email: Mail | None = None
    licenses: Words | None = None
    alert: Words | None = None
    last_modified: Moment | None = None
    phones: Annotated[list[Phone] | None, Field(max_length=50)] = None
    schedules: Annotated[list[Schedule] | None, Field(max_length=50)] = None
    service_areas: Annotated[list[ServiceArea] | None, Field(max_length=50)] = None
    service_at_locations: Annotated[
        list[ServiceAtLocation] | None, Field(max_length=200), AfterValidator(_distinct_places)
    ] = None
    languages: Annotated[list[Language] | None, Field(max_length=100)] = None
    organization: Organization | None = None
    funding: Annotated[list[Funding] | None, Field(max_length=50)] = None
    cost_options: Annotated[list[CostOption] | None, Field(max_length=50)] = None
    program: Program | None = None
    required_documents: Annotated[list[RequiredDocument] | None, Field(max_length=50)] = None
    contacts: Annotated[list[Contact] | None, Field(max_length=50)] = None


def _distinct_services(services: Any) -> Any:
    """Refuses two services with one id, and two places with one id, also of two services."""
    check_distinct([one.id for one in services or ()])
    check_distinct([place.id for one in services or () for place in one.service_at_locations or ()])
    return services


class OrganizationWithServices(Organization):
    """An organisation with its services."""

    services: Annotated[list[Service] | None, Field(max_length=500), AfterValidator(_distinct_services)] = None


class ServiceAtLocationWithService(ServiceAtLocation):
    """A service at a location, with the service."""

    service: Service
