from pathlib import Path

import pytest
from season_files import Season, read

from services.launcher.season import write_season


@pytest.fixture(scope="session")
def season(tmp_path_factory: pytest.TempPathFactory) -> Season:
    """The whole season of 2017, written once for all tests and read back from disk."""
    folder: Path = tmp_path_factory.mktemp("season") / "2017"
    write_season(2017, folder)
    return read(folder)
