"""The figures: a table in the terminal and in docs/speed.md, three lines in the README, all of bench.json."""

import json
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "bench.json"
BEGIN, END = "<!-- bench: made by `make bench` from bench.json -->", "<!-- /bench -->"
HEAD = "| | measure | ours | beside it | ratio | target | |\n|---|---|---|---|---|---|---|\n"


def save(rows: Sequence[dict[str, Any]], *, small: bool) -> dict[str, Any]:
    """Write bench.json: these rows, and the other rows of an earlier run on an equal machine."""
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
    """Three significant digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def main_figures(rows: Sequence[dict[str, Any]]) -> str:
    """Three lines of Markdown: throughput, latency, and a desk's day; then how many targets are met."""
    by_key = {row["key"]: row for row in rows}

    def ours(key: str) -> str:
        return f"**{_number(by_key[key]['ours'])} {by_key[key]['unit']}**"

    return (
        f"- An import of a season through all five services: {ours('a')}, {_number(by_key['a']['ratio'])} times"
        f" the same pipeline with one event per transaction.\n"
        f"- From a check-in's answer to the live boards, at 100 check-ins a second: p50 {ours('d-p50')},"
        f" p99 {ours('d-p99')}.\n"
        f"- Complete check-ins at 16 clients with 50,000 past visits: {ours('i')}; `cefo up --demo` to the first page:"
        f" {ours('h')}.\n\n"
        f"{sum(row['met'] for row in rows)} of {len(rows)} targets are met.\n"
    )


PARTS: dict[Path, Callable[[Sequence[dict[str, Any]]], str]] = {
    ROOT / "docs" / "speed.md": table,
    ROOT / "README.md": main_figures,
}
"""For each document, the function that makes the text between the markers."""


def into_documents(result: dict[str, Any]) -> None:
    """Write the figures between the markers of each document."""
    for document, part in PARTS.items():
        text = document.read_text()
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        document.write_text(before + between_markers(part(result["rows"])) + after)


def between_markers(part: str) -> str:
    """A part of a document with its markers."""
    return f"{BEGIN}\n{part}{END}"
