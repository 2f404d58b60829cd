"""How much of the services the measured tests run, and what fell: `python -m tests.covered`.

`make coverage` measures; `tests/covered.json` keeps, in percent of the statements of each package, what was measured
when somebody last ran `python -m tests.covered --keep`. What fell is printed; it fails when the total fell by more than
`MOST` points. A change that makes it fall knowingly keeps the new figures with it.

Only quick tests are measured, in one process and without a real part. What needs a broker (`chassis/brokers`, half of
`chassis/events`) is run by conformance and fault tests, and is low here for that reason.
"""

import json
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
MEASURED = ROOT / "build" / "coverage.json"
KEPT = Path(__file__).with_suffix(".json")
MOST = 1.0
"""Points by which the total may fall. A few lines run or not as tasks happen to meet."""
SEEN = 0.5
"""Points from which a package's fall is told."""

Figures = dict[str, float]


def package_of(file: str) -> str:
    """The package that a file counts for: a service, the contracts, a room of the chassis."""
    parts = Path(file).parts
    return "/".join(parts[: 3 if parts[1] == "chassis" and len(parts) > 3 else 2])


def figures(report: Path) -> Figures:
    """Percent of statements by package, and in all, from coverage's JSON report."""
    there, run = Counter[str](), Counter[str]()
    for file, found in json.loads(report.read_text())["files"].items():
        for name in (package_of(file), "total"):
            there[name] += found["summary"]["num_statements"]
            run[name] += found["summary"]["covered_lines"]
    return {name: round(100 * run[name] / there[name], 1) for name in sorted(there) if there[name]}


def fallen(kept: Figures, now: Figures) -> list[str]:
    """What fell by `SEEN` points or more, with both figures."""
    return [
        f"{name} fell from {was} % to {now.get(name, 0.0)} %"
        for name, was in kept.items()
        if was - now.get(name, 0.0) >= SEEN
    ]


def main(keep: bool) -> int:
    """Print the total and what fell. 1 when the total fell by more than `MOST`."""
    kept: Figures = json.loads(KEPT.read_text())
    if not MEASURED.exists():
        sys.stdout.write(f"Coverage: not measured here yet (make coverage); kept: {kept['total']} %\n")
        return 0
    now = figures(MEASURED)
    if keep:
        KEPT.write_text(json.dumps(now, indent=1) + "\n")
    sys.stdout.write(f"Coverage: {now['total']} % of the services' statements, as last measured by make coverage\n")
    for line in [] if keep else fallen(kept, now):
        sys.stdout.write(f"  {line}\n")
    if not keep and kept["total"] - now["total"] > MOST:
        way_out = "test what is new, or keep the figures: python -m tests.covered --keep"
        sys.stdout.write(f"✗ The total may fall by {MOST} points: {way_out}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(keep="--keep" in sys.argv[1:]))
