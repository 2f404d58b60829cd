"""The directory's own settings."""

from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from services.chassis.runtime.settings import FromEnvironment
from services.chassis.service.definition import Runtime
from services.directory.oidc import Issuer, issuers_of


class DirectorySettings(FromEnvironment):
    """What only the directory asks for."""

    referral_days: int = Field(
        default=30,
        ge=1,
        le=365,
        description="How long a provider may leave a referral unanswered, in days; then it expires.",
    )
    account_name_days: int = Field(
        default=400,
        ge=30,
        le=3650,
        description="How long the name and the e-mail address of a person whose account was deactivated are kept, "
        "in days. Afterwards the account is shown by its code.",
    )
    directory_oidc: Annotated[tuple[Issuer, ...], NoDecode, BeforeValidator(issuers_of)] = Field(
        default=(),
        description="The OpenID providers where staff sign in: a JSON list, or the path of a file with one; "
        "see [sign-in.md](sign-in.md).",
    )


def settings_of(runtime: Runtime) -> DirectorySettings:
    """The settings that this process started with."""
    assert isinstance(runtime.own_settings, DirectorySettings)
    return runtime.own_settings
