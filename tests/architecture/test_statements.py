"""The marks in a module record the statements that run, as coverage records them by tracing."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage, CoverageData

from tests import statements
from tests.statements import MarkedLoader

SAMPLE = '''"""A module in which some of each kind of statement runs."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import (
    cache,
    wraps,
)

LIMIT = 3
"""A text below a constant."""


@dataclass(frozen=True)
class Seat:
    """A class with a decorator."""

    number: int
    """A text below a field."""
    row: str = "a"

    @property
    def name(self) -> str:
        """Only a docstring, and a value."""
        return (
            self.row +
            str(self.number)
        )

    @staticmethod
    @cache
    def never() -> int:
        raise AssertionError


class Empty(Exception):
    """Nothing else."""


def kind(value: object) -> str:
    match value:
        case int():
            return "number"
        case str() if value == "x":
            return "x"
        case Seat(number=7):
            found = "seat"
        case _:
            found = "other"
    return found


def parse(text: str) -> int:
    try:
        return int(text)
    except KeyError:
        return -1
    except (TypeError, ValueError):
        if text == "empty":
            raise Empty from None
        elif text == "none":
            number = 0
        else:
            number = 9
    else:
        number = 8
    finally:
        with suppress(KeyError):
            {}["missing"]
            text = "never"
    return number


async def count() -> int:
    total = 0
    async for number in numbers():
        if number > LIMIT:
            break
        total += number
    else:
        total = -1
    while total < 2:
        total += 1
    return total


async def numbers():
    for number in range(9):
        yield number
        await asyncio.sleep(0)


def outer():
    seen = 0

    def inner() -> None:
        nonlocal seen
        seen = 1

    global last
    last = [
        inner()
        for _ in range(2)
    ]
    return lambda: seen


kind(Seat(7))
Seat(1).name
parse("none")
with suppress(Empty):
    parse("empty")
asyncio.run(count())
outer()()
'''


def load(file: Path, loader: Any = None) -> None:
    spec = importlib.util.spec_from_file_location("sample_of_statements", file, loader=loader)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look for it
    spec.loader.exec_module(module)


def missing(coverage: Coverage, file: Path) -> list[int]:
    """The statements of the file that did not run."""
    _name, _statements, _excluded, not_run, _formatted = coverage.analysis2(str(file))
    return not_run


def test_marks_record_what_tracing_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sample_of_statements", sys)  # restored afterwards
    file = tmp_path / "sample_of_statements.py"
    file.write_text(SAMPLE)
    traced = Coverage(data_file=None, config_file=False, include=[str(file)])
    with traced.collect():
        load(file)
    load(file, MarkedLoader("sample_of_statements", str(file)))
    marked = Coverage(data_file=str(tmp_path / "marked"), config_file=False)
    data = CoverageData(str(tmp_path / "marked"))
    data.add_lines({str(file): statements.passed()[str(file)]})
    data.write()
    marked.load()
    assert missing(marked, file) == missing(traced, file)
    lines = SAMPLE.splitlines()
    for never in ("raise AssertionError", 'return "x"', "number = 9", 'text = "never"', "total = -1"):
        assert any(never in lines[line - 1] for line in missing(marked, file))
