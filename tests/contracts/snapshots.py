"""Keeps the JSON Schema of every event version: `make snapshots` writes what is missing or grew.

A schema that no longer takes what the kept one takes is not written: a breaking change is a new event type.
"""

import json
import sys
from pathlib import Path
from typing import Any, cast

from jsoncompat import check_compat

from services.contracts import EVENTS, Event

FOLDER = Path(__file__).parent / "snapshots"


def schema_of(event: type[Event]) -> dict[str, Any]:
    """The event's schema, without words: what the wire must keep to."""
    return cast(dict[str, Any], without_words(event.model_json_schema()))


def without_words(part: Any) -> Any:
    """The same without titles and descriptions; a field may be called `title`."""
    if isinstance(part, list):
        return [without_words(one) for one in cast(list[Any], part)]
    if not isinstance(part, dict):
        return part
    named = cast(dict[str, Any], part)
    return {
        name: {field: without_words(one) for field, one in value.items()}
        if name in ("properties", "$defs")
        else without_words(value)
        for name, value in named.items()
        if name not in ("title", "description")
    }


def kept(event_type: str) -> dict[str, Any] | None:
    """The snapshot of this event type; None when it has none yet."""
    path = FOLDER / f"{event_type}.json"
    return json.loads(path.read_text()) if path.exists() else None


def breaks(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Why `new` is no additive change of `old`; nothing: old readers read new events, new readers old ones."""
    faults: list[str] = []
    for place, before, after in _objects(old, new):
        was, is_now = before.get("properties", {}), after.get("properties", {})
        faults += [f"{place}{name} is gone" for name in was if name not in is_now]
        required = set(after.get("required", [])) - set(before.get("required", []))
        faults += [f"{place}{name} became required" for name in required]
        optional = set(before.get("required", [])) - set(after.get("required", []))
        faults += [f"{place}{name} became optional" for name in optional]
        for name in was.keys() & is_now.keys():
            if was[name].get("x-privacy") != is_now[name].get("x-privacy"):
                faults.append(f"{place}{name} changed its privacy class")
    # New events for old readers (serializer), and old events, which the outboxes keep, for new readers.
    for role in ("serializer", "deserializer"):
        if not check_compat(_closed(old, new), json.dumps(new), role):
            faults.append(f"values are not compatible ({role})")
    return faults


def _closed(old: dict[str, Any], new: dict[str, Any]) -> str:
    """The old schema with the new one's added fields: readers ignore the unknown, so adding breaks nothing."""
    grown = json.loads(json.dumps(old))
    for place, before, after in _objects(old, new):
        target = grown["$defs"][place[:-1]] if place else grown
        added = {n: p for n, p in after.get("properties", {}).items() if n not in before.get("properties", {})}
        target.setdefault("properties", {}).update(added)
    grown["$defs"] = {**new.get("$defs", {}), **grown.get("$defs", {})}
    if not grown["$defs"]:
        del grown["$defs"]
    return json.dumps(grown)


def _objects(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    defs = [
        (f"{name}.", part, new.get("$defs", {}).get(name, {}))
        for name, part in old.get("$defs", {}).items()
        if "properties" in part
    ]
    return [("", old, new), *defs]


def main() -> int:
    """Write snapshots. 1 when an event type broke with its own."""
    failed = 0
    FOLDER.mkdir(exist_ok=True)
    for kind, event in sorted(EVENTS.items()):
        old, new = kept(kind), schema_of(event)
        if old == new:
            continue
        if old is not None and (faults := breaks(old, new)):
            failed = 1
            sys.stderr.write(f"{kind}: {'; '.join(faults)}. Declare a new version of the type instead.\n")
            continue
        (FOLDER / f"{kind}.json").write_text(json.dumps(new, indent=1, sort_keys=True) + "\n")
        sys.stdout.write(f"{kind}: {'added' if old is None else 'grew'}\n")
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
