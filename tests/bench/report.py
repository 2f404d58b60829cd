"""The table: in the terminal, in bench.json, and in the README between its two markers."""

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "bench.json"
README = ROOT / "README.md"
BEGIN, END = "<!-- bench: made by `make bench` from bench.json -->", "<!-- /bench -->"
HEAD = "| | measure | ours | beside it | ratio | target | |\n|---|---|---|---|---|---|---|\n"


def save(rows: Sequence[dict[str, Any]], *, small: bool) -> dict[str, Any]:
    """Write bench.json: these rows, and what an earlier run on a like machine left of the others."""
    machine = {"cores": _cores(), "system": platform.system(), "python": platform.python_version()}
    kept = {row["key"]: row for row in _earlier(machine, small=small)} | {row["key"]: row for row in rows}
    result = {"machine": machine, "small": small, "rows": [kept[key] for key in sorted(kept)]}
    RESULT.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n")
    return result


def _earlier(machine: dict[str, Any], *, small: bool) -> list[dict[str, Any]]:
    if not RESULT.exists():
        return []
    before = json.loads(RESULT.read_text())
    return before["rows"] if (before["machine"], before["small"]) == (machine, small) else []


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0))


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    return HEAD + "".join(f"| {' | '.join(_cells(row))} |\n" for row in rows)


def _cells(row: dict[str, Any]) -> list[str]:
    beside = f"{_with_spread(row, 'comparator')}: {row['against']}" if row["comparator"] is not None else row["against"]
    ratio = f"{_number(row['ratio'])} ×" if row["ratio"] is not None else "–"
    return [
        row["key"],
        row["measure"],
        _with_spread(row, "ours"),
        beside,
        ratio,
        row["target"],
        "✓" if row["met"] else "✗",
    ]


def _with_spread(row: dict[str, Any], whose: str) -> str:
    least, most = row[f"{whose}_spread"]
    spread = f" ({_number(least)}–{_number(most)})" if row["rounds"] > 1 and least != most else ""
    return f"{_number(row[whose])} {row['unit']}{spread}"


def _number(value: float) -> str:
    """Three figures are enough."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def into_readme(result: dict[str, Any]) -> None:
    """Put the table between the README's markers."""
    text = README.read_text()
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    README.write_text(before + between_markers(result) + after)


def between_markers(result: dict[str, Any]) -> str:
    """What stands in the README, with its markers."""
    return f"{BEGIN}\n{table(result['rows'])}{END}"
