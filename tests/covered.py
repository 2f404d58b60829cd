"""The coverage of the services by their tests, and its decreases: `python -m tests.covered`.

`make test` measures, by the marks of `tests/statements.py`. `python -m tests.covered --keep` saves the figures in
`tests/covered.json`, in percent of the statements of each package. Decreases are printed; the command fails if the
total fell by more than `MOST` points. A change that lowers it intentionally commits the new figures.

What a test runs in its own process is measured, and not the processes that it starts, as faults and journeys do. Where
a real part is missing, tests are skipped; the figures are then shown and not compared.
"""

import json
import sys
from collections import Counter
from pathlib import Path

from tests.parts.presence import PARTS

ROOT = Path(__file__).parents[1]
MEASURED = ROOT / "build" / "coverage.json"
KEPT = Path(__file__).with_suffix(".json")
MOST = 1.0
"""Points by which the total may fall. A few lines run or not depending on the timing of tasks."""
PRINTED = 0.5
"""Points from which a package's decrease is printed."""

Figures = dict[str, float]


def package_of(file: str) -> str:
    """The package of a file: a service, the contracts, or a package of the chassis."""
    parts = Path(file).parts
    return "/".join(parts[: 3 if parts[1] == "chassis" and len(parts) > 3 else 2])


def figures(report: Path) -> Figures:
    """Percent of covered statements by package, and in total, from coverage's JSON report."""
    statements, covered = Counter[str](), Counter[str]()
    for file, found in json.loads(report.read_text())["files"].items():
        for name in (package_of(file), "total"):
            statements[name] += found["summary"]["num_statements"]
            covered[name] += found["summary"]["covered_lines"]
    return {name: round(100 * covered[name] / statements[name], 1) for name in sorted(statements) if statements[name]}


def decreases(kept: Figures, now: Figures) -> list[str]:
    """Decreases of `PRINTED` points or more, with both figures."""
    return [
        f"{name} fell from {was} % to {now.get(name, 0.0)} %"
        for name, was in kept.items()
        if was - now.get(name, 0.0) >= PRINTED
    ]


def main(keep: bool) -> int:
    """Print the total and the decreases. Returns 1 if the total fell by more than `MOST`, or cannot be kept."""
    kept: Figures = json.loads(KEPT.read_text())
    if not MEASURED.exists():
        sys.stdout.write(f"Coverage: not measured here yet (make test); kept: {kept['total']} %\n")
        return 0
    now = figures(MEASURED)
    sys.stdout.write(f"Coverage: {now['total']} % of the services' statements, as last measured by make test\n")
    missing = [part.name for part in PARTS if part.version() is None]
    if missing:
        sys.stdout.write(f"  not comparable: its tests need {', '.join(missing)}\n")
        return int(keep)
    if keep:
        KEPT.write_text(json.dumps(now, indent=1) + "\n")
        return 0
    for line in decreases(kept, now):
        sys.stdout.write(f"  {line}\n")
    if kept["total"] - now["total"] > MOST:
        advice = "test what is new, or keep the figures: python -m tests.covered --keep"
        sys.stdout.write(f"✗ The total may fall by {MOST} points: {advice}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(keep="--keep" in sys.argv[1:]))
