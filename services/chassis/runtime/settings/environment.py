"""Where settings come from, and how docs/settings.md shows them."""

from typing import Any, cast

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict


class FromEnvironment(BaseSettings):
    """Settings. Unknown variables are ignored; an invalid value prevents the start, and is not printed: it may be
    a secret."""

    model_config = SettingsConfigDict(env_prefix="CEFO_", frozen=True, hide_input_in_errors=True)


def as_markdown(settings: type[FromEnvironment]) -> str:
    """A table of docs/settings.md: variable, default, allowed values, meaning."""
    rows = ["| variable | default | values | meaning |", "|---|---|---|---|"]
    for name, field in settings.model_fields.items():
        value: Any = field.default
        value = ",".join(cast("tuple[str, ...]", value)) if isinstance(value, tuple) else value
        default = "–" if value in (None, "") else f"`{value}`"
        rows.append(f"| `CEFO_{name.upper()}` | {default} | {_values(field)} | {field.description} |")
    return "\n".join(rows) + "\n"


def _values(field: FieldInfo) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    bounds = [
        f"{sign} {getattr(rule, name)}"
        for rule in field.metadata
        for name, sign in signs.items()
        if hasattr(rule, name)
    ]
    patterns = [str(rule.pattern).strip("^$()").split("|") for rule in field.metadata if getattr(rule, "pattern", None)]
    words = ["true, false"] if field.annotation is bool else [", ".join(words) for words in patterns]
    return ", ".join([*bounds, *words]) or "–"
