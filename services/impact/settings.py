"""Impact's own settings."""

from pydantic import Field

from services.chassis.runtime.settings import FromEnvironment
from services.chassis.service.definition import Runtime


class ImpactSettings(FromEnvironment):
    """What only impact asks for."""

    publish_days: int = Field(
        default=10,
        ge=1,
        le=90,
        description="How long after its end, and after its last change, a month's figures are published, in days.",
    )
    exact_log_days: int = Field(
        default=365,
        ge=1,
        description="Age at which an entry of the log of exact figures (who asked what, when) is removed, in days.",
    )


def settings_of(runtime: Runtime) -> ImpactSettings:
    """The settings that this process started with."""
    assert isinstance(runtime.own_settings, ImpactSettings)
    return runtime.own_settings
