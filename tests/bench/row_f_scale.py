"""Season files ×1, ×3 and ×10: time should grow linearly, and memory should not grow.

Each scale is written by `cefo season 2017 --scale N` and imported completely into fresh parts, a process per service.
Time: from the first line sent until every service has caught up. Memory: the peak of each service's process (VmHWM).
One run of each scale, the figures exact at the end of each: the tenfold season has 2.7 million lines.

The row of time compares the seconds per thousand lines at the largest scale with those at ×1; the row of memory, the
peak of the process that grew most.
"""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter

from services.launcher.catalogue import SERVICES
from tests.bench.measuring import Row, Size, row
from tests.bench.parts import Services, fresh_parts
from tests.bench.pipeline import figures, import_all

SCALES = (1, 3, 10)
TOLERANCE = 1.1


@dataclass(frozen=True, slots=True)
class Run:
    """The run of one scale: its lines, the seconds of the import, and each process' peak memory in MiB."""

    lines: int
    seconds: float
    peak: dict[str, float]


async def ours(scale: int, only: int | None) -> Run:
    """Import a season so many times as large; `only`: so many lines of each file at scale 1, for trials."""
    with tempfile.TemporaryDirectory(prefix="cefo-bench-season-") as folder, fresh_parts() as parts:
        _write(scale, Path(folder))
        with Services(parts) as services:
            services.start(*SERVICES)
            files = {name: _lines(Path(folder), name, only and only * scale) for name in ("visits", "interviews")}
            files["workshops"] = _lines(Path(folder), "workshops", only and 1)
            started = perf_counter()
            imported = await import_all(services, files)
            peak = {name: kib / 1024 for name, kib in services.peak_memory().items()}
            counted = await figures(services)
            if counted["visitors"] != len(files["visits"]):
                raise RuntimeError(f"{len(files['visits'])} visits were imported, {counted} were counted")
    print(f"  ×{scale}: {imported.lines:,} lines, {perf_counter() - started:.1f} s, {peak}", flush=True)
    return Run(imported.lines, imported.seconds, peak)


def _write(scale: int, folder: Path) -> None:
    """In a separate process, whose memory is not measured."""
    command = [Path(sys.executable).with_name("cefo"), "season", "2017", "--out", folder, "--scale", str(scale)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _lines(folder: Path, name: str, only: int | None) -> list[bytes]:
    with (folder / f"{name}.ndjson").open("rb") as file:
        return list(islice(file, only))


async def measure(size: Size) -> list[Row]:
    """Measure two rows: time and memory."""
    scales = SCALES[:2] if size.small else SCALES
    runs = [await ours(scale, 300 if size.small else None) for scale in scales]
    first, last = runs[0], runs[-1]
    grown = max(last.peak, key=lambda name: last.peak[name] / first.peak[name])
    per_thousand = [run.seconds / run.lines * 1000 for run in (last, first)]
    what = f"season ×{scales[-1]} ({last.lines:,} lines in {last.seconds:.0f} s)"
    against = f"×1 ({first.lines:,} lines in {first.seconds:.0f} s)"
    return [
        row(
            "f-time",
            f"seconds per thousand lines, {what}",
            "s",
            ours=[per_thousand[0]],
            comparator=[per_thousand[1]],
            against=against,
            target=TOLERANCE,
            better="at most",
        ),
        row(
            "f-memory",
            f"peak memory of the process that grew most ({grown}), {what}",
            "MiB",
            ours=[last.peak[grown]],
            comparator=[first.peak[grown]],
            against=against,
            target=TOLERANCE,
            better="at most",
        ),
    ]
