"""The coverage of the services by the measured tests, and its decreases: `python -m tests.covered`.

`make coverage` measures, by the marks of `tests/statements.py`. `python -m tests.covered --keep` saves the figures in
`tests/covered.json`, in percent of the statements of each package. Decreases are printed; the command fails if the
total fell by more than `MOST` points. A change that lowers it intentionally commits the new figures.

Only quick tests are measured, in one process and without a real part. Code that needs a broker (`chassis/brokers`,
half of `chassis/events`) is tested by conformance and fault tests, so its figures are low.
"""

import json
import sys
from collections import Counter
from pathlib import Path

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
    """Print the total and the decreases. Returns 1 if the total fell by more than `MOST`."""
    kept: Figures = json.loads(KEPT.read_text())
    if not MEASURED.exists():
        sys.stdout.write(f"Coverage: not measured here yet (make coverage); kept: {kept['total']} %\n")
        return 0
    now = figures(MEASURED)
    if keep:
        KEPT.write_text(json.dumps(now, indent=1) + "\n")
    sys.stdout.write(f"Coverage: {now['total']} % of the services' statements, as last measured by make coverage\n")
    for line in [] if keep else decreases(kept, now):
        sys.stdout.write(f"  {line}\n")
    if not keep and kept["total"] - now["total"] > MOST:
        advice = "test what is new, or keep the figures: python -m tests.covered --keep"
        sys.stdout.write(f"✗ The total may fall by {MOST} points: {advice}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(keep="--keep" in sys.argv[1:]))
