"""The directory's own settings."""

from pydantic import Field

from services.chassis.runtime.settings import FromEnvironment
from services.chassis.service.definition import Runtime


class DirectorySettings(FromEnvironment):
    """What only the directory asks for."""

    referral_days: int = Field(
        default=30,
        ge=1,
        le=365,
        description="How long a provider may leave a referral unanswered, in days; then it expires.",
    )


def settings_of(runtime: Runtime) -> DirectorySettings:
    """The settings that this process started with."""
    assert isinstance(runtime.own_settings, DirectorySettings)
    return runtime.own_settings
