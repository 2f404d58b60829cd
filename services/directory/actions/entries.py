"""Input of provider data: a whole entry, or a change of one service."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.contracts.directory import LocalTime, ServiceStatus, ServiceStatusCode, Weekday
from services.contracts.envelope import AreaCode, Code

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Mail = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=200)]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=500)]
Places = Annotated[int, Field(ge=0, le=100_000)]


def _distinct(key: str) -> AfterValidator:
    """Refuses a list in which two items have the same `key`."""

    def check(items: list[Any]) -> list[Any]:
        if len({getattr(item, key) for item in items}) < len(items):
            raise PydanticCustomError("not_distinct", "Two entries of this list have the same id.")
        return items

    return AfterValidator(check)


class Entry(BaseModel):
    """Base of the input models: refuses a field that is not declared."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ScheduleEntry(Entry):
    """Open on these weekdays, in local time of `timezone`, end excluded."""

    weekdays: list[Weekday] = Field(min_length=1, max_length=7)
    opens_at: LocalTime
    closes_at: LocalTime
    timezone: str = Field(default="Europe/Brussels", max_length=60)
    valid_from: date
    valid_to: date | None = None
    description: ShortText | None = None


class LocationEntry(Entry):
    """A location of the provider."""

    id: UUID
    name: Name
    address: Name
    postal_code: str = Field(pattern=r"^[0-9A-Z -]{3,10}$")
    city: Name
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)
    transportation: ShortText | None = None
    accessibility: list[ShortText] = Field(default_factory=list[str], max_length=20)


class PlaceEntry(Entry):
    """One of the entry's locations at which a service is offered, with its schedules."""

    location_id: UUID
    schedules: list[ScheduleEntry] = Field(default_factory=list[ScheduleEntry], max_length=30)


class PhoneEntry(Entry):
    """A phone number of the organisation, never of a person."""

    number: str = Field(pattern=r"^\+?[0-9 ()/.-]{4,30}$")
    description: ShortText | None = None


class ServiceEntry(Entry):
    """A whole service."""

    id: UUID
    name: Name
    description: Text
    url: Address | None = None
    email: Mail | None = None
    status: ServiceStatusCode = ServiceStatus.ACTIVE
    areas: list[AreaCode] = Field(min_length=1, max_length=10)
    topics: list[Code] = Field(default_factory=list[str], max_length=20)
    languages: list[Code] = Field(default_factory=lambda: ["fr"], max_length=20)
    eligibility_description: Text | None = None
    minimum_age: int | None = Field(default=None, ge=0, le=120)
    maximum_age: int | None = Field(default=None, ge=0, le=120)
    fees_description: ShortText | None = None
    application_process: Text | None = None
    capacity: Places | None = None
    places_open: Places | None = None
    assured_date: date | None = None
    places: Annotated[list[PlaceEntry], _distinct("location_id")] = Field(
        default_factory=list[PlaceEntry], max_length=50
    )


class ProviderEntry(Entry):
    """A provider's whole entry. A service that is no longer in it becomes `defunct`; it is never deleted."""

    name: Name
    alternate_name: Name | None = None
    description: Text
    email: Mail | None = None
    website: Address | None = None
    phones: list[PhoneEntry] = Field(default_factory=list[PhoneEntry], max_length=20)
    locations: Annotated[list[LocationEntry], _distinct("id")] = Field(
        default_factory=list[LocationEntry], max_length=200
    )
    services: Annotated[list[ServiceEntry], _distinct("id")] = Field(default_factory=list[ServiceEntry], max_length=200)


class ServiceChange(Entry):
    """A provider's change of one of its services; an omitted field keeps its value."""

    name: Name | None = None
    description: Text | None = None
    status: ServiceStatusCode | None = None
    capacity: Places | None = None
    places_open: Places | None = None
    assured: bool = Field(default=False, description="The provider checked today that every field is correct.")
    version: int | None = Field(
        default=None, description="The version that you read; the change is refused if it is no longer the current one."
    )
