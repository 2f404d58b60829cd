"""The clock of a rehearsal, which a file puts forward."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.chassis.runtime.clock import rehearsal_clock, system_clock


def test_the_systems_time_is_aware_and_in_utc() -> None:
    assert abs(system_clock() - datetime.now(UTC)) < timedelta(seconds=5)
    assert system_clock().tzinfo is UTC


def test_a_rehearsal_reads_its_file_each_time(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock = rehearsal_clock(file)
    for text, days in ((None, 0), ("", 0), (f"{86_400 * 3}\n", 3), ("43200.0", 0.5)):
        if text is not None:
            file.write_text(text)
        assert abs(clock() - system_clock() - timedelta(days=days)) < timedelta(seconds=5)


def test_a_file_that_holds_no_number_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("tomorrow")
    with pytest.raises(ValueError, match="tomorrow"):
        rehearsal_clock(tmp_path / "clock")()
