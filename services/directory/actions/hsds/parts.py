"""The smaller objects of the Human Services Data Specification 3, which are inside organisations and services."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticKnownError

from services.chassis.refusals import msg, with_words
from services.contracts.directory import ClosesAt, OpensAt, Weekday
from services.contracts.phones import PhoneNumber
from services.contracts.text import Input, Line, Words
from services.contracts.values import AtLeast, Day, Decimal, Whole, whole_number_of
from services.directory.actions.entries import PLACES_MAX, Mail
from services.directory.actions.entries import Address as WebAddress
from services.directory.domain.taxonomies import PLACES_TAXONOMY

Number = Annotated[int, Whole(0, 1_000_000)]
LocationType = Literal["physical", "postal", "virtual"]
Frequency = Literal["WEEKLY", "MONTHLY"]

LOCATION_TYPES = {
    "physical": msg("Place to visit"),
    "postal": msg("Postal address"),
    "virtual": msg("Online"),
}
FREQUENCIES = {"WEEKLY": msg("Every week"), "MONTHLY": msg("Every month")}
with_words(LOCATION_TYPES)
with_words(FREQUENCIES)


class Metadata(Input):
    """A change of an object, as its publisher recorded it."""

    id: UUID
    resource_id: UUID | None = None
    resource_type: Line | None = None
    last_action_date: Line
    last_action_type: Line
    field_name: Line
    previous_value: Words
    replacement_value: Words
    updated_by: Line


class Taxonomy(Input):
    """A set of terms."""

    id: UUID
    name: Line
    description: Words
    uri: WebAddress | None = None
    version: Line | None = None
    metadata: Annotated[list[Metadata] | None, Field(max_length=200)] = None


class TaxonomyTerm(Input):
    """A term of a taxonomy."""

    id: UUID
    code: Line | None = None
    name: Line
    description: Words
    parent_id: UUID | None = None
    taxonomy: Line | None = None
    taxonomy_detail: Taxonomy | None = None
    language: Line | None = None
    taxonomy_id: UUID | None = None
    term_uri: WebAddress | None = None
    metadata: Annotated[list[Metadata] | None, Field(max_length=200)] = None


class Attribute(Input):
    """A term that classifies an object, perhaps with a value."""

    id: UUID
    link_id: UUID | None = None
    taxonomy_term_id: UUID | None = None
    link_type: Line | None = None
    link_entity: Line | None = None
    value: Words | None = None
    taxonomy_term: TaxonomyTerm | None = None
    metadata: Annotated[list[Metadata] | None, Field(max_length=200)] = None

    @model_validator(mode="after")
    def _with_places(self) -> Self:
        """A number of places, which is a value of our own taxonomy, is one that the entry's door takes."""
        if self.value and self.taxonomy_term is not None and self.taxonomy_term.taxonomy == PLACES_TAXONOMY:
            number = whole_number_of(self.value)
            if number < 0:
                raise PydanticKnownError("greater_than_equal", {"ge": 0})
            if number > PLACES_MAX:
                raise PydanticKnownError("less_than_equal", {"le": PLACES_MAX})
        return self


class Described(Input):
    """What every object has that is described further."""

    id: UUID
    attributes: Annotated[list[Attribute] | None, Field(max_length=500)] = None
    metadata: Annotated[list[Metadata] | None, Field(max_length=200)] = None


class Language(Described):
    """A language in which a service is offered, or a phone answered."""

    service_id: UUID | None = None
    location_id: UUID | None = None
    phone_id: UUID | None = None
    name: Line | None = None
    code: Line | None = None
    note: Words | None = None


class Phone(Described):
    """A phone number."""

    location_id: UUID | None = None
    service_id: UUID | None = None
    organization_id: UUID | None = None
    contact_id: UUID | None = None
    service_at_location_id: UUID | None = None
    number: PhoneNumber
    extension: Number | None = None
    type: Line | None = None
    description: Words | None = None
    languages: Annotated[list[Language] | None, Field(max_length=100)] = None


class Contact(Described):
    """A person or a department to turn to."""

    organization_id: UUID | None = None
    service_id: UUID | None = None
    service_at_location_id: UUID | None = None
    location_id: UUID | None = None
    name: Line | None = None
    title: Line | None = None
    department: Line | None = None
    email: Mail | None = None
    phones: Annotated[list[Phone] | None, Field(max_length=20)] = None


class Schedule(Described):
    """When something is open. `timezone`: hours from UTC."""

    service_id: UUID | None = None
    location_id: UUID | None = None
    service_at_location_id: UUID | None = None
    valid_from: Day | None = None
    valid_to: Annotated[Day | None, AtLeast("valid_from", "dates_backwards")] = None
    dtstart: Day | None = None
    timezone: Annotated[float, Decimal(-12, 14)] | None = None
    until: Day | None = None
    count: Number | None = None
    wkst: Weekday | None = None
    freq: Frequency | None = None
    interval: Number | None = None
    byday: Line | None = None
    byweekno: Line | None = None
    bymonthday: Line | None = None
    byyearday: Line | None = None
    description: Words | None = None
    opens_at: OpensAt | None = None
    closes_at: ClosesAt | None = None
    schedule_link: WebAddress | None = None
    attending_type: Line | None = None
    notes: Words | None = None


class Address(Described):
    """An address of a location."""

    location_id: UUID | None = None
    attention: Line | None = None
    address_1: Line
    address_2: Line | None = None
    city: Line
    region: Line | None = None
    state_province: Line
    postal_code: Line
    country: Line
    address_type: LocationType


class Accessibility(Described):
    """How people with disabilities can use a location."""

    location_id: UUID | None = None
    description: Words | None = None
    details: Words | None = None
    url: WebAddress | None = None
