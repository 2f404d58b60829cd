"""Input of provider data: a whole entry, or a change of one service."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from services.chassis.mail.addresses import WrongEmail, check_address
from services.contracts.directory import ClosingTime, LocalTime, ServiceStatus, ServiceStatusCode, Weekday
from services.contracts.envelope import AreaCode, Code
from services.contracts.phones import PhoneNumber
from services.contracts.text import Input, Key, Line, Text, Words
from services.contracts.values import AtLeast, Day, Decimal, Shape, Version, Whole, YesNo, refused

_HIDDEN = r"\s\p{Cc}\p{Cf}"
"""Spaces and what cannot be shown."""
ShortText = Annotated[str, Text(500, lines=True)]


def _deliverable(address: str) -> str:
    """The address as it is written. Raises the refusal `email_address`."""
    try:
        check_address(address)
    except WrongEmail:
        raise refused("email_address") from None
    return address


Mail = Annotated[
    str, Shape("email_address", rf"^[^@{_HIDDEN}]+@[^@{_HIDDEN}]+\.[^@{_HIDDEN}]+$", 200), AfterValidator(_deliverable)
]
"""An e-mail address: the check is the same as of a person's."""
Address = Annotated[str, Shape("web_address", rf"^https?://[^{_HIDDEN}]+$", 500)]
PLACES_MAX = 100_000
Places = Annotated[int, Whole(0, PLACES_MAX)]
Age = Annotated[int, Whole(0, 120)]


def check_distinct(ids: Sequence[UUID | None]) -> None:
    """Refuses a list in which an id is there twice."""
    if len(set(ids)) < len(ids):
        raise PydanticCustomError("not_distinct", "Two entries of this list have the same id.")


def distinct(key: str) -> AfterValidator:
    """Refuses a list in which two items have the same `key`."""

    def check(items: list[Any] | None) -> list[Any] | None:
        check_distinct([getattr(item, key) for item in items or ()])
        return items

    return AfterValidator(check)


class ScheduleEntry(Input):
    """Open on these weekdays, in local time of `timezone`, end excluded."""

    weekdays: list[Weekday] = Field(min_length=1, max_length=7)
    opens_at: LocalTime
    closes_at: ClosingTime
    timezone: Key = "Europe/Brussels"
    valid_from: Day
    valid_to: Annotated[Day | None, AtLeast("valid_from", "dates_backwards")] = None
    description: ShortText | None = None


class LocationEntry(Input):
    """A location of the provider."""

    id: UUID
    name: Line
    address: Line
    postal_code: Annotated[str, Shape("postal_code", r"^[0-9A-Z -]{3,10}$")]
    city: Line
    latitude: Annotated[float, Decimal(-90, 90)] | None = None
    longitude: Annotated[float, Decimal(-180, 180)] | None = None
    transportation: ShortText | None = None
    accessibility: list[ShortText] = Field(default_factory=list[str], max_length=20)


class PlaceEntry(Input):
    """One of the entry's locations at which a service is offered, with its schedules."""

    location_id: UUID
    schedules: list[ScheduleEntry] = Field(default_factory=list[ScheduleEntry], max_length=30)


class PhoneEntry(Input):
    """A phone number of the organisation, never of a person."""

    number: PhoneNumber
    description: ShortText | None = None


class ServiceEntry(Input):
    """A whole service."""

    id: UUID
    name: Line
    description: Words
    url: Address | None = None
    email: Mail | None = None
    status: ServiceStatusCode = ServiceStatus.ACTIVE
    areas: list[AreaCode] = Field(min_length=1, max_length=10)
    topics: list[Code] = Field(default_factory=list[str], max_length=20)
    languages: list[Code] = Field(default_factory=lambda: ["fr"], max_length=20)
    eligibility_description: Words | None = None
    minimum_age: Age | None = None
    maximum_age: Annotated[Age | None, AtLeast("minimum_age", "ages_backwards")] = None
    fees_description: ShortText | None = None
    application_process: Words | None = None
    capacity: Places | None = None
    places_open: Places | None = None
    assured_date: Day | None = None
    places: Annotated[list[PlaceEntry], distinct("location_id")] = Field(
        default_factory=list[PlaceEntry], max_length=50
    )


class ProviderEntry(Input):
    """A provider's whole entry. A service that is no longer in it becomes `defunct`; it is never deleted."""

    name: Line
    alternate_name: Line | None = None
    description: Words
    email: Mail | None = None
    website: Address | None = None
    phones: list[PhoneEntry] = Field(default_factory=list[PhoneEntry], max_length=20)
    locations: Annotated[list[LocationEntry], distinct("id")] = Field(
        default_factory=list[LocationEntry], max_length=200
    )
    services: Annotated[list[ServiceEntry], distinct("id")] = Field(default_factory=list[ServiceEntry], max_length=200)


class ServiceChange(Input):
    """A provider's change of one of its services; an omitted field keeps its value."""

    name: Line | None = None
    description: Words | None = None
    status: ServiceStatusCode | None = None
    capacity: Places | None = None
    places_open: Places | None = None
    assured: YesNo = Field(default=False, description="The provider checked today that every field is correct.")
    version: Version | None = Field(
        default=None, description="The version that you read; the change is refused if it is no longer the current one."
    )
