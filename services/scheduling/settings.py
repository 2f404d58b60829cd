"""Scheduling's own settings."""

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from services.chassis.egress.client import GuardedClient
from services.chassis.identity.encryption import Encryption
from services.chassis.runtime.settings import FromEnvironment, names
from services.chassis.service.definition import Runtime
from services.scheduling.actions.external import Reading
from services.scheduling.domain.availability import BookingRules


class SchedulingSettings(FromEnvironment):
    """What only scheduling asks for."""

    booking_days: int = Field(
        default=365,
        ge=1,
        le=365,
        description="How far ahead interviews and workshops can be booked, in days. Public holidays are known as far. "
        "The booking rules of a centre can be stricter for interviews.",
    )
    notice_hours: int = Field(
        default=24,
        ge=0,
        le=336,
        description="Until how long before an appointment visitors can cancel or move it on their own page, in hours. "
        "Later they telephone the centre. The booking rules of a centre replace it.",
    )
    reflection_days: int = Field(
        default=7,
        ge=0,
        le=60,
        description="How long the time for reflection between two interviews of an individual path is, in days. The "
        "next one is proposed after it; the team can book it sooner, and is asked first.",
    )
    offer_hours: int = Field(
        default=48,
        ge=1,
        le=336,
        description="How long a person on the waiting list of a workshop has to answer when a place is offered to "
        "them, in hours. Shortly before the workshop it is half of the time that is left.",
    )
    earlier_hours: int = Field(
        default=24,
        ge=1,
        le=336,
        description="How long a person who asked for an earlier appointment has to answer when a time is offered to "
        "them, in hours. Shortly before that time it is half of what is left until the notice.",
    )
    calendar_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(names)] = Field(
        default=(),
        description="Sites whose calendars counsellors may enter to be read: `calendar.example.org`, or with all sites "
        "below it `.example.org`, with commas. Without any, every site of the internet may be entered.",
    )
    calendar_seconds: int = Field(
        default=1800,
        ge=300,
        le=86_400,
        description="Pause between two readings of a calendar that a counsellor has in another program, in seconds. A "
        "part of it is random, so that they are not all read at once.",
    )
    calendar_days: int = Field(
        default=7,
        ge=1,
        le=60,
        description="How long the busy times of such a calendar count after it was last read, in days.",
    )


def horizon_of(runtime: Runtime) -> timedelta:
    """How far ahead this process books."""
    assert isinstance(runtime.own_settings, SchedulingSettings)
    return timedelta(days=runtime.own_settings.booking_days)


def notice_of(runtime: Runtime) -> timedelta:
    """How long before an appointment visitors of this region may change it themselves."""
    assert isinstance(runtime.own_settings, SchedulingSettings)
    return timedelta(hours=runtime.own_settings.notice_hours)


def reflection_of(runtime: Runtime) -> timedelta:
    """How long the time for reflection between two interviews is."""
    assert isinstance(runtime.own_settings, SchedulingSettings)
    return timedelta(days=runtime.own_settings.reflection_days)


def answer_of(runtime: Runtime) -> timedelta:
    """How long a person has to answer the offer of a seat."""
    assert isinstance(runtime.own_settings, SchedulingSettings)
    return timedelta(hours=runtime.own_settings.offer_hours)


def earlier_answer_of(runtime: Runtime) -> timedelta:
    """How long a person has to answer the offer of an earlier time."""
    assert isinstance(runtime.own_settings, SchedulingSettings)
    return timedelta(hours=runtime.own_settings.earlier_hours)


def calendar_hosts_of(runtime: Runtime) -> tuple[str, ...]:
    """The sites whose calendars may be entered; none: all of the internet."""
    assert isinstance(runtime.own_settings, SchedulingSettings)
    return runtime.own_settings.calendar_hosts


def calendar_age_of(runtime: Runtime) -> timedelta:
    """How long the busy times of a calendar count that is no longer read."""
    assert isinstance(runtime.own_settings, SchedulingSettings)
    return timedelta(days=runtime.own_settings.calendar_days)


def reading_of(runtime: Runtime) -> Reading:
    """How calendars of other programs are read."""
    assert isinstance(runtime.own_settings, SchedulingSettings)
    return Reading(
        client=GuardedClient(hosts=calendar_hosts_of(runtime)),
        encryption=calendar_encryption(runtime),
        every=timedelta(seconds=runtime.own_settings.calendar_seconds),
        horizon=horizon_of(runtime),
    )


def calendar_encryption(runtime: Runtime) -> Encryption:
    """Encrypts the addresses of calendars of other programs."""
    return Encryption(runtime.settings, "external-calendars")


def rules_of_settings(runtime: Runtime) -> BookingRules:
    """How a centre without booking rules of its own books."""
    return BookingRules(horizon=horizon_of(runtime), visitor_notice=notice_of(runtime))
