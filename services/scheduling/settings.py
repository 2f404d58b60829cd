"""Scheduling's own settings."""

from datetime import timedelta

from pydantic import Field

from services.chassis.runtime.settings import FromEnvironment
from services.chassis.service.definition import Runtime
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


def rules_of_settings(runtime: Runtime) -> BookingRules:
    """How a centre without booking rules of its own books."""
    return BookingRules(horizon=horizon_of(runtime), visitor_notice=notice_of(runtime))
