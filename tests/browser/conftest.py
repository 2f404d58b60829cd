"""One running platform for all tests of pages."""

from collections.abc import Generator
from urllib.parse import urlsplit

import pytest

from tests.browser.morning import Morning, morning
from tests.browser.offline import Remote
from tests.faults.proxy import Proxy


@pytest.fixture(scope="package")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Generator[Morning]:
    """A platform with a morning behind it."""
    with morning(tmp_path_factory.mktemp("pages")) as lived:
        yield lived


@pytest.fixture
def mons(lived_in: Morning) -> Generator[Remote]:
    """A centre without visitors, behind a network."""
    with Proxy(urlsplit(lived_in.stack.url).port or 0) as network:
        there = Remote(lived_in, network, "mons")
        yield there
        there.ends()


@pytest.fixture
def huy(lived_in: Morning) -> Generator[Remote]:
    """A centre without visitors, behind a network."""
    with Proxy(urlsplit(lived_in.stack.url).port or 0) as network:
        there = Remote(lived_in, network, "huy")
        yield there
        there.ends()
