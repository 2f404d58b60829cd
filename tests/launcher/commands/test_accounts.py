"""`cefo accounts`: the first manager is made before anybody can sign in, on the directory's store itself."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.chassis.runtime.settings import Settings
from services.chassis.service.store_mark import StoreMark
from services.chassis.storage.store import Store
from services.chassis.testing import store_of
from services.contracts.accounts import AccountPublished
from services.contracts.roles import Role
from services.directory.actions import accounts
from services.directory.app import SERVICE
from services.directory.domain.accounts import SignInMethod
from services.launcher.commands.app import app
from services.launcher.databases import StoreMissing
from services.launcher.errors import Refusal
from services.launcher.older_stores import StoreNotRestored
from tests.givens.events import emitted_events

IDENTITY = ("--issuer", "https://login.example.test", "--subject", "rita")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CEFO_STORE", raising=False)
    monkeypatch.setenv("CEFO_DATA", str(tmp_path))
    return tmp_path


def cefo(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["accounts", *arguments])
    return done.exit_code, done.output


async def _nothing(store: Store) -> None:
    """The store is made by its opening."""


async def _store(data: Path, read: Any) -> Any:
    async with store_of(SERVICE, f"sqlite+aiosqlite:///{data}/stores/directory.db") as store:
        return await read(store)


def test_a_list_makes_no_store(data: Path) -> None:
    with pytest.raises(StoreMissing, match="pas de base de données pour directory ici"):
        CliRunner().invoke(app, ["accounts", "list"], catch_exceptions=False)
    assert list(data.iterdir()) == []


def test_a_new_store_has_no_account_and_the_command_that_makes_it_says_where(data: Path) -> None:
    asyncio.run(_store(data, _nothing))
    code, shown = cefo("list")
    assert (code, "Aucun compte" in shown) == (0, True)
    (data / "stores").rename(data / "put-away")
    made, again = (cefo("manager", *IDENTITY, "--name", "Rita (test)")[1] for _ in range(2))
    assert f"Nouvelle base de données : {data}/stores/directory.db" in made
    assert "Nouvelle base" not in again


def test_a_manager_of_an_issuer_that_is_not_set_up_is_not_made(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = [{"key": "region", "issuer": "https://login.example.test", "client_id": "cefo", "label": "Région"}]
    (data / "oidc-directory.json").write_text(json.dumps(setup))
    monkeypatch.setenv("CEFO_DIRECTORY_OIDC", str(data / "oidc-{service}.json"))
    slashed = ("accounts", "manager", "--issuer", "https://login.example.test/", "--subject", "rita", "--name", "Rita")
    with pytest.raises(Refusal, match="n’est pas dans CEFO_DIRECTORY_OIDC"):
        CliRunner().invoke(app, slashed, catch_exceptions=False)
    assert not (data / "stores").exists()
    assert cefo("manager", *IDENTITY, "--name", "Rita (test)")[0] == 0


def test_an_older_store_is_refused_and_a_new_one_is_not_taken_for_one(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CEFO_ERASED_FILE", str(data / "apart" / "erased.txt"))
    assert cefo("manager", *IDENTITY, "--name", "Rita (test)")[0] == 0
    mark = asyncio.run(_store(data, _mark_of_a_longer_life))
    with pytest.raises(StoreNotRestored, match="cefo restore directory"):
        CliRunner().invoke(app, ["accounts", "list"], catch_exceptions=False)
    (data / "stores").rename(data / "put-away")
    assert cefo("manager", *IDENTITY, "--name", "Rita (test)")[0] == 0
    assert not mark.exists(), "the next start finds a store with one event, and no mark of 500"
    assert cefo("list")[0] == 0


async def _mark_of_a_longer_life(store: Store) -> Path:
    """Note that this store has come to event 500."""
    mark = StoreMark(store, Settings()).path
    mark.parent.mkdir()
    mark.write_text("0 500 2026-03-02T08:00:00+00:00\n")
    return mark


def test_the_first_manager_can_sign_in_and_a_second_run_changes_nothing(data: Path) -> None:
    for _ in range(2):
        code, told = cefo("manager", *IDENTITY, "--name", "Rita (test)")
        assert (code, "Rita (test) gère les comptes de toute la Région" in told) == (0, True)
    code, told = cefo("list")
    assert (code, "Rita (test) · actif · staff · manager" in told) == (0, True)

    async def read(store: Store) -> None:
        [event] = await emitted_events(store, AccountPublished)
        assert event.roles == (Role.MANAGER.value,)
        async with store.work() as work:
            account = await accounts.find_by_identity(work.session, "https://login.example.test", "rita")
            assert account is not None
            await accounts.sign_in(work, account.id, SignInMethod.OIDC, timedelta(hours=12))

    asyncio.run(_store(data, read))


def test_issuer_subject_and_name_are_needed(data: Path) -> None:
    code, _told = cefo("manager", *IDENTITY)
    assert code == 2
