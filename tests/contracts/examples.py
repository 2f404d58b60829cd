"""Any event there could be, made from its own JSON Schema."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from services.contracts import Event


def events(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Valid events of this type."""
    schema = kind.model_json_schema()
    return _values(schema, schema.get("$defs", {})).map(kind.model_validate)


def _values(schema: dict[str, Any], defs: dict[str, Any]) -> st.SearchStrategy[Any]:
    made: st.SearchStrategy[Any]
    match schema:
        case {"$ref": str(reference)}:
            made = _values(defs[reference.rpartition("/")[2]], defs)
        case {"anyOf": choices}:
            made = st.one_of([_values(one, defs) for one in choices])
        case {"enum": choices}:
            made = st.sampled_from(choices)
        case {"type": "object", "properties": fields}:
            made = st.fixed_dictionaries({name: _values(field, defs) for name, field in fields.items()})
        case {"type": "array", "items": items}:
            made = st.lists(_values(items, defs), max_size=3)
        case {"type": "string"}:
            made = _texts(schema)
        case {"type": "integer"}:
            made = st.integers(schema.get("minimum"), 10_000)
        case {"type": "boolean"}:
            made = st.booleans()
        case {"type": "null"}:
            made = st.none()
        case _:
            raise AssertionError(f"an event field like {schema}: teach this file")
    return made


def _texts(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    if schema.get("format") == "uuid":
        return st.uuids().map(str)
    if schema.get("format") == "date-time":
        moments = st.datetimes(datetime(2013, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
        return moments.map(datetime.isoformat)
    if "pattern" in schema:
        fitting = st.from_regex(str(schema["pattern"]), fullmatch=True)
        return fitting.filter(_one_line)
    return st.text(max_size=schema["maxLength"])


def _one_line(text: str) -> bool:
    return "\n" not in text  # Python's `$` would let one pass, the patterns of the contracts do not
