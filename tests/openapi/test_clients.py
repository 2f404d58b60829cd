"""Clients that are generated from a document read a visit as a visit, and a refusal as a refusal with its fields."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from services.chassis.identity.people import Person
from services.contracts.roles import Role
from tests.matrix.world import opened
from tests.openapi.documents import document_of
from tests.parts.node import MODULES, node
from tests.parts.presence import PYTHON_CLIENT, TYPESCRIPT
from tests.parts.python_client import PYTHON
from tests.parts.served import served

HERE = Path(__file__).parent
DESK = Person(
    subject="desk", name="Accueil du public", roles=frozenset({Role.FRONT_DESK}), centres=frozenset({"liege"})
)
AREAS = ["choose-path", "select-training", "find-job", "create-business"]
READ = ["find-job", 422, "/problems/unknown-area", "area", AREAS, 401]
"""What both clients read: of a visit, of a refusal and the field that it is about, and of one without a token."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[tuple[str, str]]:
    """The address of a running platform, and the token of the desk of Liège."""
    async with opened(tmp_path_factory.mktemp("clients")) as world, served(world.process) as url:
        yield url, world.process.signer.session(DESK)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with intake's document."""
    (tmp_path / "intake.json").write_bytes(orjson.dumps(document_of("intake")))
    return tmp_path


async def run(*command: str | Path, cwd: Path) -> str:
    """Run a tool to its end. Returns its output."""
    ran = await asyncio.to_thread(subprocess.run, command, cwd=cwd, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.asyncio(loop_scope="module")
async def test_a_python_client(desk: tuple[str, str], folder: Path) -> None:
    with PYTHON_CLIENT.starting():
        shutil.copy(HERE / "client.py", folder)
    (folder / "config.json").write_text('{"post_hooks": []}')
    how = ("--path", "intake.json", "--meta", "none", "--config", "config.json", "--output-path", "intake_client")
    await run(PYTHON, "-m", "openapi_python_client", "generate", *how, cwd=folder)
    assert orjson.loads(await run(PYTHON, "client.py", *desk, cwd=folder)) == READ


@pytest.mark.asyncio(loop_scope="module")
async def test_a_typescript_client(desk: tuple[str, str], folder: Path) -> None:
    with TYPESCRIPT.starting():
        (folder / "node_modules").symlink_to(MODULES)
    (folder / "package.json").write_text('{"type": "module"}')
    shutil.copy(HERE / "client.ts", folder)
    command = str(node())
    generator, compiler = (MODULES / tool for tool in ("openapi-typescript/bin/cli.js", "typescript/bin/tsc"))
    await run(command, generator, "intake.json", "-o", "intake.ts", "--default-non-nullable=false", cwd=folder)
    how = ("--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck")
    await run(command, compiler, *how, "client.ts", cwd=folder)
    assert orjson.loads(await run(command, "client.js", *desk, cwd=folder)) == READ
