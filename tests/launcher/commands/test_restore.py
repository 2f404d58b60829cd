"""`cefo restore`: works on the store of a stopped service, and refuses what would lose or change something."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from services.chassis.events.relay import relay_lock
from services.chassis.storage.store import Store
from services.chassis.testing import store_of
from services.launcher.catalogue import SERVICES
from services.launcher.commands.app import app
from services.launcher.errors import Refusal


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CEFO_STORE", "CEFO_KAFKA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CEFO_DATA", str(tmp_path))
    return tmp_path


def restore(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["restore", *arguments])


def refusal(*arguments: str) -> str:
    done = restore(*arguments)
    assert isinstance(done.exception, Refusal), done.output
    return str(done.exception)


async def _plans(data: Path, act: Any) -> Any:
    async with store_of(SERVICES["plans"], f"sqlite+aiosqlite:///{data}/stores/plans.db") as store:
        return await act(store)


async def epochs(store: Store) -> list[int]:
    async with store.read() as session:
        return list(await session.scalars(sa.select(store.table("epochs").c.epoch)))


def test_each_run_opens_an_epoch_and_says_what_is_to_be_done(data: Path) -> None:
    asyncio.run(_plans(data, epochs))
    first, second = restore("plans"), restore("plans", "--json")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "plans peut redémarrer" in first.output
    assert "cefo republish" in first.output
    opened = asyncio.run(_plans(data, epochs))
    assert len(opened) == 2
    found = json.loads(second.output)
    assert (found["epoch"], found["complete"], found["lost"], found["ended"]) == (max(opened), False, [], {})


def test_impact_reads_its_topics_again(data: Path) -> None:
    async def rows(*tables: str) -> list[Any]:
        url = f"sqlite+aiosqlite:///{data}/stores/impact.db"
        async with store_of(SERVICES["impact"], url) as store, store.read() as session:
            return [(await session.execute(sa.select(store.table(name)))).one() for name in tables]

    asyncio.run(rows())
    printed = " ".join(restore("impact").output.split())
    assert "cefo publish --after-restore" in printed
    assert "cefo republish" not in printed
    epoch, rebuild = asyncio.run(rows("epochs", "rebuilds"))
    assert (epoch.reread_at, rebuild.generation, rebuild.completed_at) == (None, 1, None)


def test_a_service_that_runs_is_not_restored(data: Path) -> None:
    async def while_it_runs(store: Store) -> str:
        async with relay_lock(store):
            return await asyncio.to_thread(refusal, "plans")

    assert "plans tourne encore" in asyncio.run(_plans(data, while_it_runs))
    assert asyncio.run(_plans(data, epochs)) == []


def test_what_cannot_be_restored_is_refused_with_the_way_out(data: Path) -> None:
    assert "n’existe pas" in refusal("impacts")
    assert "Vérifiez --data" in refusal("plans")
    assert "deploy/kafka/start" in refusal("plans", "--kafka", "apache")
    assert not (data / "stores").exists()
