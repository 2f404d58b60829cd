"""`cefo up` without a demo: what a new operator meets, and what it leaves on the disk."""

import asyncio
import stat
from collections.abc import Generator
from io import StringIO
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console

from services.chassis.runtime.settings import Settings
from services.launcher.first_steps import print_first_steps
from tests.journeys.stacks import Stack, up

pytestmark = pytest.mark.usefixtures("started_cold")

NEW = "personne ne gère encore les comptes"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """A platform as the plain command starts it, in a folder that it makes itself."""
    home = tmp_path_factory.mktemp("new")
    with up(home, data=home / "data", demo=False) as (stack, _process):
        yield stack


def printed(stack: Stack) -> str:
    return (stack.data.parent / "up.log").read_text()


async def first_steps(stack: Stack) -> str:
    """What the next start would print."""
    printed = Console(file=StringIO())
    await print_first_steps(printed, Settings(data=stack.data))
    return cast(StringIO, printed.file).getvalue()


def open_to_others(folder: Path) -> dict[str, str]:
    """What in this folder, itself included, others than its owner may use; and how."""
    modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
    return {path.name: stat.filemode(mode) for path, mode in modes.items() if mode & 0o077}


def test_nobody_is_signed_in_without_an_account(platform: Stack) -> None:
    client = platform.browse()
    assert client.post("/sign-in", data={"account": "region"}).status_code == 404
    page = client.get("/sign-in", headers={"Accept": "text/html"}, follow_redirects=True)
    assert (page.status_code, page.url.path) == (200, "/directory/sign-in")
    assert "Se connecter par e-mail" in page.text
    assert client.get("/directory/api/v1/organizations").json()["contents"] == []


def test_no_page_calls_it_a_demonstration_and_the_front_page_leads_on(platform: Stack) -> None:
    client = platform.browse()
    home = client.get("/", headers={"Accept": "text/html"}).text
    for path in ("/directory/", "/impact/", "/sign-in"):
        assert f'href="{path}"' in home
        page = client.get(path, headers={"Accept": "text/html"}, follow_redirects=True)
        assert (page.status_code, "demonstration" in page.text.lower()) == (200, False)


def test_the_start_says_what_to_do_next_until_it_is_done(platform: Stack) -> None:
    text = printed(platform)
    assert NEW in text
    assert "cefo accounts manager --issuer" in text
    assert "docs/sign-in.md" in text
    assert NEW in asyncio.run(first_steps(platform))
    platform.cefo("accounts", "manager", "--issuer", "https://id.test", "--subject", "rita", "--name", "Rita (test)")
    assert asyncio.run(first_steps(platform)) == ""


def test_each_process_writes_for_its_owner_alone(stack: Stack) -> None:
    """Messages and logs too, of one process and of many; the names are those of the files of other tests here."""
    assert open_to_others(stack.data).keys() - {"clock", "up.log", "march", "visits.ndjson"} == set()


def test_what_it_writes_is_for_its_owner_alone(platform: Stack) -> None:
    assert (platform.data / "stores" / "intake.db-wal").exists()
    assert (platform.data / "secret.key").exists()
    assert open_to_others(platform.data) == {}
