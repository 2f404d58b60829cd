"""The published totals, how they spread, and that the same bytes come out every time."""

import hashlib
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from season_files import CARREFOURS, CITES, GUIDANCE, INDIVIDUAL, VISITORS, Season, at, read

from services.impact.domain import ALL, protect
from services.launcher.season import ScaleImpossible, SeasonUnknown, shape, write_season

BYTES = {
    "visits.ndjson": "34b370dc3e5d6d4cd7420f69698649f3a4d4958364085d866cd3b1d564390c9b",
    "workshops.ndjson": "50758eee2ca67c6995a12e2572732757a2e808cadad1d79d935c393664483983",
    "interviews.ndjson": "953a30a172d32f5ad3d52fb12a953c459b194680140c97bd4d608a1502415880",
}
"""SHA-256 of the season's files. A change here is a change of everybody's demo data: say so in the changelog."""

SMALL = shape.Published(visitors=18_000, individual_interviews=8_700, guidance_interviews=1_600)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A season of a tenth, for what does not need the whole one."""
    monkeypatch.setitem(shape.PUBLISHED, 2017, SMALL)


def test_the_season_adds_up_to_the_brochures_figures(season: Season):
    assert len(season.visits) == VISITORS
    assert len(season.held) == INDIVIDUAL
    assert sum(row["kind"] == "guidance" for row in season.held) == GUIDANCE


def test_a_fifth_of_the_guidance_interviews_finalise_a_collective_path(season: Season):
    collective = sum(row.get("method") == "collective" for row in season.held)
    assert 0.18 < collective / GUIDANCE < 0.22


def test_the_manifest_counts_what_the_files_hold(season: Season):
    assert season.manifest["season"] == "2017"
    assert season.manifest["demo"] is True
    assert "inventées" in season.manifest["note"]
    assert "p. 28" in season.manifest["source"]
    assert (season.manifest["from"], season.manifest["to"]) == ("2017-01-01", "2017-09-30")
    assert season.manifest["totals"] == {
        "visitors": VISITORS,
        "individual_interviews": INDIVIDUAL,
        "guidance_interviews": GUIDANCE,
        "finalising_interviews": sum(row.get("method") == "collective" for row in season.held),
        "missed_appointments": len(season.missed),
        "individual_paths": len({row.get("path_id") for row in season.held if row.get("method") == "individual"}),
        "workshops": len(season.workshops),
        "participants": sum(len(row["participants"]) for row in season.workshops),
    }


def test_the_manifest_names_length_and_digest_of_every_file(season: Season):
    for entry in season.manifest["files"]:
        content = (season.folder / entry["name"]).read_bytes()
        assert entry["lines"] == content.count(b"\n")
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    named = {entry["name"] for entry in season.manifest["files"]}
    assert named == {path.name for path in season.folder.iterdir()} - {"season.json"}


def test_the_season_is_the_same_bytes_on_every_machine(season: Season):
    assert {entry["name"]: entry["sha256"] for entry in season.manifest["files"]} == BYTES


@pytest.mark.usefixtures("small")
def test_writing_over_a_season_gives_the_same_bytes(tmp_path: Path):
    first = write_season(2017, tmp_path)
    again = write_season(2017, tmp_path)
    assert again == first
    assert len(read(tmp_path).visits) == SMALL.visitors


@pytest.mark.usefixtures("small")
def test_three_seasons_in_one_hold_exactly_three_times_everything(tmp_path: Path):
    once = write_season(2017, tmp_path / "once")
    thrice = write_season(2017, tmp_path / "thrice", scale=3)
    for name in once.totals.__slots__:
        assert getattr(thrice.totals, name) == 3 * getattr(once.totals, name), name
    rows = read(tmp_path / "thrice")
    assert len({row["visit_id"] for row in rows.visits}) == 3 * SMALL.visitors
    assert len({row["interview_id"] for row in rows.interviews}) == len(rows.interviews)
    assert [row["checked_in_at"] for row in rows.visits] == sorted(row["checked_in_at"] for row in rows.visits)
    alone = set((tmp_path / "once" / "visits.ndjson").read_bytes().splitlines())
    assert alone < set((tmp_path / "thrice" / "visits.ndjson").read_bytes().splitlines())


def test_every_centre_has_its_share_and_the_cites_are_larger(season: Season):
    visits = Counter(row["centre"] for row in season.visits)
    guidance = Counter(row["centre"] for row in season.held if row["kind"] == "guidance")
    assert set(visits) == set(guidance) == CITES | CARREFOURS
    assert min(visits[centre] for centre in CITES) > max(visits[centre] for centre in CARREFOURS)
    assert min(guidance.values()) > 100
    shares = [guidance[centre] / visits[centre] for centre in visits]
    assert max(shares) > 1.3 * min(shares), "guidance should vary from centre to centre"


def test_mondays_and_september_are_busy_and_july_is_quiet(season: Season):
    per_day = Counter(at(row["checked_in_at"]).date() for row in season.visits)

    def mean(days: list[int]) -> float:
        return sum(days) / len(days)

    by_month = {month: mean([count for day, count in per_day.items() if day.month == month]) for month in range(1, 10)}
    by_weekday = [mean([count for day, count in per_day.items() if day.weekday() == weekday]) for weekday in range(5)]
    assert max(by_month, key=lambda month: by_month[month]) == 9
    assert min(by_month, key=lambda month: by_month[month]) == 7
    assert max(by_weekday) == by_weekday[0]


def test_visits_look_like_a_front_desks(season: Season):
    status = Counter(row["status"] for row in season.visits)
    channel = Counter(row["channel"] for row in season.visits)
    assert 0.38 < status["no_queue"] / VISITORS < 0.42
    assert 0.08 < sum("area" not in row for row in season.visits) / VISITORS < 0.12
    assert (channel["desk"] + channel["kiosk"]) / VISITORS > 0.8
    waits = sorted(
        (at(row["served_at"]) - at(row["checked_in_at"])).total_seconds() / 60
        for row in season.visits
        if "served_at" in row
    )
    assert 1 < waits[len(waits) // 2] < 20
    assert waits[-1] <= 60


@pytest.mark.parametrize("year", [2016, 2018])
def test_a_year_without_published_figures_is_refused(year: int, tmp_path: Path):
    with pytest.raises(SeasonUnknown, match=f"{year}.*possibles.*2017") as refusal:
        write_season(year, tmp_path / "out")
    assert refusal.value.slug == "season-unknown"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("scale", [0, -1])
def test_less_than_one_season_is_refused(scale: int, tmp_path: Path):
    with pytest.raises(ScaleImpossible, match=str(scale)):
        write_season(2017, tmp_path / "out", scale=scale)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("small")
def test_progress_moves_on_to_the_end_of_both_stages(tmp_path: Path):
    told: list[tuple[str, int, int]] = []
    write_season(2017, tmp_path, lambda stage, done, whole: told.append((stage, done, whole)))
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == ["planning", "writing"]
    for stage in ("planning", "writing"):
        steps = [(done, whole) for name, done, whole in told if name == stage]
        assert [done for done, _ in steps] == list(range(steps[0][1] + 1))
        assert len({whole for _, whole in steps}) == 1


@pytest.mark.usefixtures("small")
def test_an_interrupted_season_leaves_no_manifest(tmp_path: Path):
    write_season(2017, tmp_path)

    def stop(stage: str, done: int, _whole: int) -> None:
        if (stage, done) == ("writing", 20):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_season(2017, tmp_path, stop)
    assert not (tmp_path / "season.json").exists()


def test_the_brochures_sentence_is_published_exactly_although_small_numbers_are_withheld(season: Season):
    centres, areas = {row["centre"] for row in season.visits}, {row.get("area", "") for row in season.visits}
    counts = defaultdict[str, dict[str, Counter[tuple[str, str]]]](lambda: defaultdict(Counter))
    for row in season.visits:
        counts["visits"][row["checked_in_at"][:7]][row["centre"], row.get("area", "")] += 1
    for row in season.held:
        counts[row["kind"]][row["starts_at"][:7]][row["centre"], row.get("area", "")] += 1
    published = {
        measure: [protect(cells, centres, areas) for cells in months.values()] for measure, months in counts.items()
    }
    sums = {measure: sum(month[ALL, ALL] or 0 for month in months) for measure, months in published.items()}
    assert sums == {"visits": VISITORS, "information": INDIVIDUAL - GUIDANCE, "guidance": GUIDANCE}
    withheld = [cell for months in published.values() for month in months for cell, n in month.items() if n is None]
    assert withheld
    assert {cell for cell in withheld if cell[1] == ALL} == set(), "each centre's own sentence too is exact"
