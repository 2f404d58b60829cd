"""Scheduling's own settings."""

from datetime import timedelta

from pydantic import Field

from services.chassis.runtime.settings import FromEnvironment
from services.chassis.service.definition import Runtime


class SchedulingSettings(FromEnvironment):
    """What only scheduling asks for."""

    booking_days: int = Field(
        default=365,
        ge=1,
        le=365,
        description="How far ahead interviews and workshops can be booked, in days. Public holidays are known as far.",
    )


def horizon_of(runtime: Runtime) -> timedelta:
    """How far ahead this process books."""
    assert isinstance(runtime.own_settings, SchedulingSettings)
    return timedelta(days=runtime.own_settings.booking_days)
