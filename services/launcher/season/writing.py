"""Writes a season's files, day by day, so that a tenfold season needs hardly more memory than one."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import orjson

from services.launcher.season.booking import Site
from services.launcher.season.days import Interview, centre_day
from services.launcher.season.lines import interview_line, visit_line, workshop_line
from services.launcher.season.network import CENTRES
from services.launcher.season.opening import OpenDay, open_days, season_bounds
from services.launcher.season.paths import COLLECTIVE, GuidanceInterview, plan_individual
from services.launcher.season.shape import (
    SOURCE,
    ScaleImpossible,
    Totals,
    Workload,
    apportion,
    published,
    totals,
    workloads,
)
from services.launcher.season.workshops import Workshop, plan_finalising, plan_workshops

Progress = Callable[[str, int, int], None]
"""Called with the stage (`planning` or `writing`), how much of it is done, and its total."""

NOTE = (
    "Données de démonstration inventées. Seuls les totaux sont réels : ils ont été publiés. Aucune "
    "personne de ce fichier n’existe."
)


@dataclass(frozen=True, slots=True)
class SeasonFile:
    """One file as written."""

    name: str
    lines: int
    sha256: str


@dataclass(slots=True)
class SeasonTotals:
    """What was written, counted line by line. The first three carry the names of the published figures."""

    visitors: int = 0
    individual_interviews: int = 0
    guidance_interviews: int = 0
    finalising_interviews: int = 0
    missed_appointments: int = 0
    individual_paths: int = 0
    workshops: int = 0
    participants: int = 0


@dataclass(frozen=True, slots=True)
class SeasonFiles:
    """A season on disk."""

    folder: Path
    manifest: Path
    totals: SeasonTotals
    files: tuple[SeasonFile, ...]


def write_season(year: int, out: Path, progress: Progress | None = None, *, scale: int = 1) -> SeasonFiles:
    """Write the season of `year` into the folder `out`, created if needed; the manifest comes last.

    `scale` writes that many independent seasons into the same files, for measurements: every total times `scale`, all
    ids distinct. Raises SeasonUnknown for a year without published figures, ScaleImpossible below 1.
    """
    figures = published(year)
    if scale < 1:
        raise ScaleImpossible(scale)
    report = progress or _silent
    days = open_days(year)
    out.mkdir(parents=True, exist_ok=True)
    manifest = out / "season.json"
    # A manifest marks complete files: there is none while they are being written.
    manifest.unlink(missing_ok=True)
    plans = _plan(totals(figures), days, scale, report)
    counted = SeasonTotals()
    workshops = _write_workshops(out, plans, counted)
    visits, interviews = _write_days(out, days, plans, counted, report)
    files = (visits, workshops, interviews)
    _write_manifest(manifest, year, scale, counted, files)
    return SeasonFiles(out, manifest, counted, files)


@dataclass(frozen=True, slots=True)
class _Plan:
    """One centre's season before its days are generated."""

    site: Site
    loads: list[Workload]
    workshops: list[Workshop]
    guidance: dict[int, list[GuidanceInterview]]
    """By opening day."""


def _plan(whole: Totals, days: Sequence[OpenDay], scale: int, report: Progress) -> list[_Plan]:
    shares = [centre.guidance for centre in CENTRES]
    finalising = apportion(whole.finalising, shares)
    individual = apportion(whole.individual, shares)
    missed = apportion(whole.missed_guidance, shares)
    plans: list[_Plan] = []
    for copy in range(scale):
        loads = workloads(whole, days, copy)
        for index, centre in enumerate(CENTRES):
            report("planning", len(plans), scale * len(CENTRES))
            site = Site(centre, copy, days)
            workshops = plan_workshops(site, finalising[index])
            booked = plan_finalising(site, workshops) + plan_individual(site, individual[index], missed[index])
            guidance: defaultdict[int, list[GuidanceInterview]] = defaultdict(list)
            for interview in booked:
                guidance[interview.slot.day].append(interview)
            plans.append(_Plan(site, loads[centre], workshops, guidance))
    report("planning", len(plans), len(plans))
    return plans


def _write_workshops(out: Path, plans: Sequence[_Plan], counted: SeasonTotals) -> SeasonFile:
    lines: list[tuple[int, int, bytes]] = []
    for plan in plans:
        for workshop in plan.workshops:
            first = workshop.sessions[0]
            lines.append((first.day, first.start, workshop_line(plan.site, workshop)))
            counted.workshops += 1
            counted.participants += len(workshop.participants)
    with _LineFile(out / "workshops.ndjson") as file:
        file.write([line for *_, line in sorted(lines)])
    return file.written()


def _write_days(
    out: Path, days: Sequence[OpenDay], plans: Sequence[_Plan], counted: SeasonTotals, report: Progress
) -> tuple[SeasonFile, SeasonFile]:
    with _LineFile(out / "visits.ndjson") as visits, _LineFile(out / "interviews.ndjson") as interviews:
        for day in days:
            report("writing", day.index, len(days))
            visit_lines, interview_lines = _generate_day(day, plans, counted)
            visits.write(visit_lines)
            interviews.write(interview_lines)
    report("writing", len(days), len(days))
    return visits.written(), interviews.written()


def _generate_day(day: OpenDay, plans: Sequence[_Plan], counted: SeasonTotals) -> tuple[list[bytes], list[bytes]]:
    """One day of the whole network, in order of time; ties are in order of line."""
    visits: list[tuple[int, bytes]] = []
    interviews: list[tuple[int, bytes]] = []
    for plan in plans:
        site = plan.site
        generated = centre_day(site, day.index, plan.loads[day.index], plan.guidance.get(day.index, ()))
        visits += [(visit.checked_in, visit_line(site, day, visit)) for visit in generated.visits]
        interviews += [(held.start, interview_line(site, day, held)) for held in generated.interviews]
        counted.visitors += len(generated.visits)
        for interview in generated.interviews:
            _count(interview, counted)
    return [line for _, line in sorted(visits)], [line for _, line in sorted(interviews)]


def _count(interview: Interview, counted: SeasonTotals) -> None:
    if interview.missed is not None:
        counted.missed_appointments += 1
        return
    counted.individual_interviews += 1
    if interview.path is not None:
        collective = interview.path.method == COLLECTIVE
        counted.guidance_interviews += 1
        counted.finalising_interviews += collective
        counted.individual_paths += interview.number == 1 and not collective


def _write_manifest(manifest: Path, year: int, scale: int, counted: SeasonTotals, files: Sequence[SeasonFile]) -> None:
    first, last = season_bounds(year)
    content = {
        "season": str(year),
        "demo": True,
        "note": NOTE,
        "source": SOURCE,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "scale": scale,
        "totals": asdict(counted),
        "files": [asdict(file) for file in files],
    }
    manifest.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")


class _LineFile:
    """A file of lines, with their number and digest."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._lines = 0
        self._digest = hashlib.sha256()

    def write(self, lines: Sequence[bytes]) -> None:
        block = b"".join(lines)
        self._file.write(block)
        self._digest.update(block)
        self._lines += len(lines)

    def written(self) -> SeasonFile:
        return SeasonFile(self._path.name, self._lines, self._digest.hexdigest())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _silent(_stage: str, _done: int, _whole: int) -> None:
    """The default: reports nothing."""
