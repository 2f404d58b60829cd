"""The settings of one service's process, where several are set up from one environment."""

import os
from collections.abc import Mapping
from pathlib import Path

from services.chassis.runtime.settings import Settings

NAME = "{service}"


def environment_of(service: str, env: Mapping[str, str]) -> dict[str, str]:
    """The environment of one service's process: in `CEFO_…` variables, `{service}` becomes its name."""
    return {key: value.replace(NAME, service) if key.startswith("CEFO_") else value for key, value in env.items()}


def settings_of_service(service: str, env: Mapping[str, str]) -> Settings:
    """The settings that this environment gives one service. Raises `ValidationError` and `UnusableSecret`."""
    own, variables = environment_of(service, env), {field: f"CEFO_{field.upper()}" for field in Settings.model_fields}
    return Settings.model_validate({field: own[key] for field, key in variables.items() if key in own})


def settings_of_command(data: Path | None = None) -> Settings:
    """The settings of a command that acts for no service, also in the environment of `deploy/local/start`.

    `{service}` is then the directory: no such command opens a store. Raises `ValidationError` and `UnusableSecret`.
    """
    return settings_of_service("directory", os.environ if data is None else {**os.environ, "CEFO_DATA": str(data)})
