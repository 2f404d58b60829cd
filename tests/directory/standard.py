"""The schemas and examples of HSDS 3, as the standard's authors published them."""

import json
from functools import cache
from pathlib import Path
from typing import Any, cast

import jsonschema
from referencing import Registry, Resource

_FOLDER = Path(__file__).parent / "hsds"
_OURS = {"organization_id", "service_id", "location_id", "service_at_location_id", "last_modified"}
"""What we add to nested objects, the ids of what is around them, and the time of the last change, which is ours."""


@cache
def validator(name: str) -> Any:
    """The validator of one schema."""
    schemas = _FOLDER / "schema"
    pairs = [(path.name, Resource.opaque(json.loads(path.read_text()))) for path in schemas.glob("*.json")]
    registry = cast(Any, Registry)().with_resources(pairs)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(
        json.loads((schemas / name).read_text()), registry=registry, format_checker=checker
    )


def example(name: str) -> Any:
    """One of the standard's examples."""
    return json.loads((_FOLDER / "examples" / name).read_text())


def meaning(value: Any) -> Any:
    """What an object says, without what is ours to say, and without spaces around texts."""
    if isinstance(value, list):
        return [meaning(one) for one in cast(list[Any], value)]
    if isinstance(value, dict):
        return {name: meaning(one) for name, one in cast(dict[str, Any], value).items() if name not in _OURS}
    return value.strip() if isinstance(value, str) else value
