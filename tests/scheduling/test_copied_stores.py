"""The store of most tests here is a copy of the first one: it has the same rows, and the reactions find them."""

from datetime import timedelta
from pathlib import Path

import pytest

from services.chassis.testing import FixedClock
from services.scheduling.app import SERVICE
from tests.givens.rows import all_rows
from tests.givens.scheduling import MONDAY, liege_team, open_liege, react
from tests.parts.stores import BOTH, empty_store


@pytest.fixture(params=BOTH)
def kind(request: pytest.FixtureRequest) -> pytest.FixtureRequest:
    return request


async def test_a_copy_is_like_the_first_store(kind: pytest.FixtureRequest, tmp_path: Path) -> None:
    clock = FixedClock(MONDAY + timedelta(days=1))
    seen: list[dict[str, list[str]]] = []
    for folder in ("first", "copy"):
        async with empty_store(kind, SERVICE, tmp_path / folder, clock) as store:
            await open_liege(store)
            seen.append(await all_rows(store))
            await react(store, liege_team())
            assert await all_rows(store) == seen[-1]
    first, copy = seen
    assert first == copy
    assert all(first[name] for name in ("centres", "accounts", "rooms"))


async def test_only_a_new_store_is_filled(kind: pytest.FixtureRequest, tmp_path: Path) -> None:
    async with empty_store(kind, SERVICE, tmp_path, FixedClock(MONDAY + timedelta(days=2))) as store:
        await react(store, liege_team())
        with pytest.raises(AssertionError, match="only a new store"):
            await open_liege(store)
