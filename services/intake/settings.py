"""Intake's own settings."""

from datetime import timedelta

from pydantic import Field

from services.chassis.runtime.settings import FromEnvironment
from services.chassis.service.definition import Runtime


class IntakeSettings(FromEnvironment):
    """What only intake asks for."""

    confirm_seconds: int = Field(
        default=1500,
        ge=300,
        le=1500,
        description="How long a visitor who books on the public pages has to confirm their contact, in seconds, after "
        "the five minutes for which a time is held. Name and contact are deleted then, and the time is free again.",
    )
    unconfirmed_bookings: int = Field(
        default=50,
        ge=1,
        le=1000,
        description="Most bookings on the public pages that wait for a confirmation at one centre at the same time.",
    )


def confirm_within(runtime: Runtime) -> timedelta:
    """How long a contact can be confirmed, from the time until which the time is held without it."""
    assert isinstance(runtime.own_settings, IntakeSettings)
    return timedelta(seconds=runtime.own_settings.confirm_seconds)


def most_unconfirmed(runtime: Runtime) -> int:
    """How many bookings may wait for a confirmation at one centre."""
    assert isinstance(runtime.own_settings, IntakeSettings)
    return runtime.own_settings.unconfirmed_bookings
