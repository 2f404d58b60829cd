"""Every module of the chassis has a test file of its name, or its package names the file that tests it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHASSIS = ROOT / "services" / "chassis"
TESTS = ROOT / "tests" / "chassis"


def modules(package: Path) -> set[str]:
    """The modules of a package, by their paths below it without suffix; `i18n` for a package that is one module."""
    files = {path.relative_to(package) for path in package.rglob("*.py")}
    own = {path for path in files if path.name != "__init__.py"}
    alone = {path.parent for path in files - own if not any(path.parent in one.parents for one in own)}
    return {path.with_suffix("").as_posix() for path in own} | {path.as_posix() for path in alone - {Path()}}


def listed_elsewhere(tests: Path) -> dict[str, str]:
    """Module → file, as the docstrings of the test packages list them: "- `relay` in `tests/…`"."""
    return {
        (path.parent.relative_to(tests) / module).as_posix(): file
        for path in tests.rglob("__init__.py")
        for module, file in re.findall(
            r"^- `(.+?)` in `(.+?)`$", ast.get_docstring(ast.parse(path.read_text())) or "", re.M
        )
    }


def without_test(package: Path, tests: Path) -> set[str]:
    """The modules that have neither a test file of their name nor a line that names another one."""
    own = {path.relative_to(tests) for path in tests.rglob("test_*.py")}
    named = {(path.parent / path.stem.removeprefix("test_")).as_posix() for path in own}
    return modules(package) - named - listed_elsewhere(tests).keys()


def test_every_module_of_the_chassis_has_its_test_file() -> None:
    assert without_test(CHASSIS, TESTS) == set()


def test_every_test_file_of_the_chassis_has_its_module() -> None:
    assert {
        path.relative_to(TESTS).as_posix()
        for path in TESTS.rglob("test_*.py")
        if (path.parent.relative_to(TESTS) / path.stem.removeprefix("test_")).as_posix() not in modules(CHASSIS)
    } == set()


def test_a_module_is_listed_only_while_it_is_listed_elsewhere() -> None:
    listed = listed_elsewhere(TESTS)
    assert listed
    assert {file for file in listed.values() if not (ROOT / file).is_file()} == set()
    assert listed.keys() <= modules(CHASSIS)
    own = {module for module in listed if (TESTS / module).with_name(f"test_{Path(module).name}.py").exists()}
    assert own == set()


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        (["test_tides.py"], {"sea/salt"}),
        (["sea/test_salt.py"], {"tides"}),
        (["test_tides.py", "sea/test_salt.py"], set[str]()),
    ],
)
def test_a_module_without_test_is_found(tmp_path: Path, files: list[str], missing: set[str]) -> None:
    package, tests = tmp_path / "package", tmp_path / "tests"
    for path in (
        package / "__init__.py",
        package / "tides.py",
        package / "sea" / "__init__.py",
        package / "sea/salt.py",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for name in files:
        (tests / name).parent.mkdir(parents=True, exist_ok=True)
        (tests / name).touch()
    assert without_test(package, tests) == missing
    (tests / "__init__.py").write_text('"""Tests.\n\n- `tides` in `tests/a.py`\n- `sea/salt` in `tests/b.py`\n"""\n')
    assert without_test(package, tests) == set()
