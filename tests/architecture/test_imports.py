"""Who may import whom, as pyproject.toml says; and who alone commits."""

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "services"


def test_import_linter_finds_nothing() -> None:
    ran = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_no_circle_of_imports_not_even_for_the_type_checker() -> None:
    """What stands under `TYPE_CHECKING` counts: two modules that know each other are one."""
    graph = grimp.build_graph("services", exclude_type_checking_imports=False, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    graphlib.TopologicalSorter(imports).prepare()  # raises `CycleError`, naming the circle


def test_nothing_but_the_store_commits() -> None:
    """A search index commits too, to itself: it is rebuilt from the store."""
    committing = {
        path.relative_to(SERVICES).as_posix()
        for path in SERVICES.rglob("*.py")
        if re.search(r"\b(session|connection|transaction|engine|writer|tx)\.commit\(", path.read_text())
    }
    assert committing <= {"chassis/storage/isolation.py", "directory/search.py", "directory/search/index.py"}
    assert "chassis/storage/isolation.py" in committing


def test_nothing_but_the_chassis_makes_sessions_or_engines() -> None:
    makers = {"AsyncSession", "create_async_engine", "sessionmaker", "async_sessionmaker"}
    found = {path.relative_to(SERVICES).as_posix() for path, call in _calls() if call in makers}
    assert found == {"chassis/storage/store.py", "chassis/storage/engines.py"}


def test_rules_never_ask_what_time_it_is() -> None:
    """Time is passed in: nothing but the clock itself reads it, in what decides."""
    asking = {
        path.relative_to(SERVICES).as_posix()
        for path, call in _calls()
        if call in ("now", "utcnow", "today") and "launcher" not in path.parts
    }
    assert asking <= {"chassis/runtime/clock.py", "chassis/testing/__init__.py"}


def _calls() -> Iterator[tuple[Path, str]]:
    for path in SERVICES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                func = node.func
                yield path, func.id if isinstance(func, ast.Name) else getattr(func, "attr", "")
