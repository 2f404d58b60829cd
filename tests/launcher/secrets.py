"""The settings that hold a secret or name the file with one, found by type and name: a new one is among them."""

from collections.abc import Iterator

from pydantic.fields import FieldInfo

from services.launcher.documents import settings

PUBLIC_FILES = ("_ca_file", "_certificate_file", "erased_file")
"""Ends of the names of settings that name a file without a secret."""


def is_secret(name: str, field: FieldInfo) -> bool:
    """Whether a setting is a secret, or the path of one."""
    return "SecretStr" in str(field.annotation) or (name.endswith("_file") and not name.endswith(PUBLIC_FILES))


def secret_settings() -> Iterator[str]:
    """Their names, as fields."""
    for kind in settings().values():
        yield from (name for name, field in kind.model_fields.items() if is_secret(name, field))


def is_file(name: str) -> bool:
    """Whether the setting names a file."""
    return name.endswith("_file")
