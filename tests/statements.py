"""Which statements of the services run, without tracing: in Python 3.11, tracing doubles the quick tests' time.

`CEFO_MEASURE=1` has every module of the services compiled with a mark before each of its statements, as pytest compiles
tests with their assertions rewritten. Lines and names stay as they are. `write` gives coverage what was marked; it
knows what a statement is, and reports.
"""

import ast
import os
import sys
from collections.abc import Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from coverage import CoverageData

MEASURING = "CEFO_MEASURE" in os.environ
SERVICES = Path(__file__).parents[1] / "services"
DATA = Path(__file__).parents[1] / "build" / ".coverage"
_NAME = "_marks_"

_marked: dict[str, tuple[list[int], list[set[int]]]] = {}
"""By file: its marks, each 1 once it was passed, and the lines of each."""


class Marker:
    """Puts marks into a module. `lines`: those of each mark."""

    def __init__(self, source: bytes, file: str) -> None:
        self.lines: list[set[int]] = []
        tree = ast.parse(source, file)
        tree.body = self._block(tree.body)
        self.code: CodeType = compile(tree, file, "exec", dont_inherit=True)

    def _block(self, statements: Sequence[ast.stmt], before: Iterable[int] = ()) -> list[ast.stmt]:
        """These statements, each after its mark. The first mark has the lines `before` as well, as they led to it."""
        made: list[ast.stmt] = []
        passed: set[int] = set(before)
        first = True
        for statement in statements:
            decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
            passed |= {statement.lineno, *(one.lineno for one in decorators)}
            first = first and _comes_first(statement)
            if not first:
                made.append(self._mark(passed, statement))
                passed = set()
            self._inside(statement)
            made.append(statement)
        return made

    def _inside(self, statement: ast.stmt) -> None:
        for name in ("body", "orelse", "finalbody"):
            if inner := getattr(statement, name, None):
                setattr(statement, name, self._block(inner))
        tried: set[int] = set()
        for case in getattr(statement, "cases", ()):
            tried.add(case.pattern.lineno)
            case.body = self._block(case.body, tried)
        for handler in getattr(statement, "handlers", ()):
            tried.add(handler.lineno)
            handler.body = self._block(handler.body, tried)

    def _mark(self, lines: set[int], at: ast.stmt) -> ast.stmt:
        # Each node is given its place: finding those without one would take as long as all else here.
        where: dict[str, Any] = {
            "lineno": at.lineno,
            "end_lineno": at.lineno,
            "col_offset": at.col_offset,
            "end_col_offset": at.end_col_offset,
        }
        marks, number = ast.Name(_NAME, ast.Load(), **where), ast.Constant(len(self.lines), **where)
        self.lines.append(lines)
        return ast.Assign([ast.Subscript(marks, number, ast.Store(), **where)], ast.Constant(1, **where), **where)


def _comes_first(statement: ast.stmt) -> bool:
    """Whether nothing may come before it: it is a text, as a docstring is, or an import of the future."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


class MarkedLoader(SourceFileLoader):
    """Loads a module with marks, always from its source."""

    def get_code(self, fullname: str) -> CodeType:
        file = self.get_filename(fullname)
        made = Marker(self.get_data(file), file)
        _marked[file] = [0] * len(made.lines), made.lines
        return made.code

    def exec_module(self, module: ModuleType) -> None:
        code = self.get_code(module.__name__)
        vars(module)[_NAME] = _marked[self.path][0]
        exec(code, vars(module))


class _Finder(MetaPathFinder):
    """Finds the modules of the services."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != SERVICES.name:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = MarkedLoader(spec.loader.name, spec.loader.path)
        return spec


def measure() -> None:
    """From now on, the modules of the services are imported with marks."""
    sys.meta_path.insert(0, _Finder())


def passed() -> dict[str, set[int]]:
    """By file, the lines of every mark that was passed."""
    return {
        file: {line for mark, lines in zip(marks, by_mark, strict=True) if mark for line in lines}
        for file, (marks, by_mark) in _marked.items()
    }


def write(process: str) -> None:
    """Write what this process passed beside `DATA`, where `coverage combine` finds it; files without a mark too."""
    DATA.parent.mkdir(exist_ok=True)
    data = CoverageData(str(DATA), suffix=process)
    data.add_lines({file: lines for file, lines in passed().items() if SERVICES in Path(file).parents})
    data.touch_files([str(file) for file in SERVICES.rglob("*.py")])
    data.write()
