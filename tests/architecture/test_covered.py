"""Coverage is shown by package, and a fall is seen."""

import json
from pathlib import Path

import pytest

from tests import covered
from tests.parts.presence import Part


@pytest.fixture(autouse=True)
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The services run in part; before, a little more of them was run."""
    monkeypatch.setattr(covered, "MEASURED", tmp_path / "coverage.json")
    monkeypatch.setattr(covered, "KEPT", tmp_path / "kept.json")
    monkeypatch.setattr(covered, "PARTS", [part(version="1")])
    report(**{"services/intake/domain/rules.py": (90, 100), "services/chassis/web/app.py": (30, 40)})


def report(**files: tuple[int, int]) -> None:
    found = {name: {"summary": {"covered_lines": run, "num_statements": there}} for name, (run, there) in files.items()}
    covered.MEASURED.write_text(json.dumps({"files": found}))


def part(version: str | None) -> Part:
    return Part("Apache Kafka", "apt-get install openjdk-17-jre-headless maven", lambda: version)


def keep(**figures: float) -> None:
    covered.KEPT.write_text(json.dumps(figures))


def test_figures_are_by_service_and_by_room_of_the_chassis() -> None:
    assert covered.figures(covered.MEASURED) == {"services/chassis/web": 75.0, "services/intake": 90.0, "total": 85.7}


def test_what_fell_is_told_and_a_rounding_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    keep(**{"services/chassis/web": 75.4, "services/intake": 91.0, "services/plans": 3.0, "total": 86.6})
    assert covered.main(keep=False) == 0
    told = capsys.readouterr().out
    assert "Coverage: 85.7 %" in told
    assert "services/intake fell from 91.0 % to 90.0 %" in told
    assert "services/plans fell from 3.0 % to 0.0 %" in told
    assert "chassis" not in told


def test_a_total_that_fell_by_more_than_a_point_fails_until_it_is_kept() -> None:
    keep(total=86.8)
    assert covered.main(keep=False) == 1
    assert covered.main(keep=True) == 0
    assert covered.main(keep=False) == 0


def test_what_was_not_measured_here_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    keep(total=86.8)
    covered.MEASURED.unlink()
    assert covered.main(keep=False) == 0
    assert "not measured here yet (make test); kept: 86.8 %" in capsys.readouterr().out


def test_without_a_real_part_the_figures_are_neither_compared_nor_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(total=99.0)
    monkeypatch.setattr(covered, "PARTS", [part(version=None)])
    assert covered.main(keep=False) == 0
    assert "not comparable: its tests need Apache Kafka" in capsys.readouterr().out
    assert covered.main(keep=True) == 1
    assert json.loads(covered.KEPT.read_text()) == {"total": 99.0}
