"""One running platform for all tests of pages."""

from collections.abc import Generator

import pytest

from tests.browser.morning import Morning, morning


@pytest.fixture(scope="package")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Generator[Morning]:
    """A platform with a morning behind it."""
    with morning(tmp_path_factory.mktemp("pages")) as lived:
        yield lived
