"""The events of directory: centres and providers as compacted state, and referrals."""

from enum import StrEnum
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict

from services.contracts.envelope import (
    AreaCode,
    At,
    CentreCode,
    Code,
    Event,
    Flag,
    PersonalReference,
    Privacy,
    PublicText,
    Reference,
    SubjectRef,
    private,
)
from services.contracts.topics import CENTRES, PROVIDERS, REFERRAL_EVENTS, REFERRALS
from services.contracts.values import Shape


class ReferralStatus(StrEnum):
    """As FHIR Task, plus `expired`."""

    REQUESTED = "requested"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class ServiceStatus(StrEnum):
    """As in HSDS 3."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DEFUNCT = "defunct"
    TEMPORARILY_CLOSED = "temporarily closed"


OpeningText = Annotated[str, Shape("code", r"^[A-Za-z0-9 ,;:-]+$", 20_000), private(Privacy.PUBLIC)]

ServiceStatusCode = Annotated[ServiceStatus, private(Privacy.PUBLIC)]
_Weekday = Literal["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
Weekday = Annotated[_Weekday, private(Privacy.PUBLIC)]
WEEKDAYS: tuple[_Weekday, ...] = get_args(_Weekday)
"""As RFC 5545 names them, Monday first."""
LocalTime = Annotated[str, Shape("local_time", r"^([01][0-9]|2[0-3]):[0-5][0-9]$"), private(Privacy.PUBLIC)]
ClosingTime = Annotated[str, Shape("closing_time", r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"), private(Privacy.PUBLIC)]
"""A local time, or the midnight at which the day ends: 24:00."""
_WITH_SECONDS = r"(:[0-5][0-9])?(Z|[+-][0-9]{2}:[0-9]{2})?$"
OpensAt = Annotated[str, Shape("local_time", rf"^([01][0-9]|2[0-3]):[0-5][0-9]{_WITH_SECONDS}")]
ClosesAt = Annotated[str, Shape("closing_time", rf"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00){_WITH_SECONDS}")]
"""Times as HSDS writes them: with seconds and an offset or without."""
LocalDate = Annotated[str, Shape("day", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), private(Privacy.PUBLIC)]
Status = Annotated[ReferralStatus, private(Privacy.OPERATIONAL)]


class OpeningHours(BaseModel):
    """Open on these weekdays (RFC 5545 names), local time, from `opens_at` up to but not including `closes_at`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    weekdays: tuple[Weekday, ...]
    opens_at: LocalTime
    closes_at: ClosingTime


class DayOpening(BaseModel):
    """Local time, from `opens_at` up to but not including `closes_at`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    opens_at: LocalTime
    closes_at: ClosingTime


class SpecialDay(BaseModel):
    """A date with other hours than usual."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    day: LocalDate
    openings: tuple[DayOpening, ...]


class CentrePublished(Event, type="cefo.directory.centre-published.v1", topic=CENTRES, about="centre"):
    """The current state of a centre: name, areas, zone, hours and closing days.

    `hours`: all opening hours as OpenStreetMap's `opening_hours`; the fields say the same. A day of `special_days` is
    also in `closed_on`, for readers who know only that; its own hours count.
    """

    centre: CentreCode
    name: PublicText
    kind: Annotated[Literal["cite", "carrefour"], private(Privacy.PUBLIC)]
    areas: tuple[AreaCode, ...]
    timezone: PublicText
    opening_hours: tuple[OpeningHours, ...]
    closed_on: tuple[LocalDate, ...] = ()
    languages: tuple[Code, ...] = ("fr",)
    hours: OpeningText | None = None
    special_days: tuple[SpecialDay, ...] = ()


class ProviderService(BaseModel):
    """One service of a provider, as far as other services need it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    service_id: Reference
    name: PublicText
    areas: tuple[AreaCode, ...]
    status: ServiceStatusCode


class ProviderPublished(Event, type="cefo.directory.provider-published.v1", topic=PROVIDERS, about="organization_id"):
    """The current state of a provider, with its services."""

    organization_id: Reference
    name: PublicText
    services: tuple[ProviderService, ...]
    assured_date: LocalDate | None


class ReferralRequested(Event, type="cefo.directory.referral-requested.v1", topic=REFERRALS, about="referral_id"):
    """A centre refers a person to a provider's service. The provider reads details by an authorised, logged call."""

    referral_id: PersonalReference
    subject_ref: SubjectRef
    centre: CentreCode
    area: AreaCode | None
    organization_id: Reference
    service_id: Reference
    reason: Code
    plan_id: PersonalReference | None = None
    action_id: PersonalReference | None = None
    at: At


class ReferralProgressed(Event, type="cefo.directory.referral-progressed.v1", topic=REFERRALS, about="referral_id"):
    """The referral changed state; tells the centre that opened it."""

    referral_id: PersonalReference
    centre: CentreCode
    organization_id: Reference
    service_id: Reference
    status: Status
    reason: Code | None = None
    plan_id: PersonalReference | None = None
    action_id: PersonalReference | None = None
    at: At


class ReferralChanged(Event, type="cefo.directory.referral-changed.v1", topic=REFERRAL_EVENTS, about="referral_id"):
    """The state of a referral, for partners: it contains nothing that links two referrals of one person.

    A partner reads the person by an authorised call, under a reference of its own. `reason`: why the person is referred
    (`requested`), or why it ended (`rejected`, `cancelled`).
    """

    referral_id: PersonalReference
    centre: CentreCode
    area: AreaCode | None
    organization_id: Reference
    service_id: Reference
    status: Status
    reason: Code | None
    at: At


class DirectoryPurged(Event, type="cefo.directory.subject-purged.v1", topic=REFERRALS, about="subject_ref"):
    """Directory has erased all data under this reference; `found`: it had some. None: an earlier version."""

    subject_ref: SubjectRef
    at: At
    found: Flag | None = None
