"""CSV as spreadsheets write it: separators, quoted line breaks, empty columns and rows."""

import csv
import re
from collections import deque
from collections.abc import Collection, Iterator
from functools import cache

from services.chassis.refusals import Refused
from services.chassis.web.imports.bodies import LINE_LIMIT
from services.chassis.web.imports.faults import BrokenQuotes, CellWithoutColumn, NoHeader, NotText, RepeatedColumn
from services.contracts.text import trimmed

SEPARATORS = ",;\t|"
_NAMED_SEPARATOR = re.compile(rf'"?sep=([{SEPARATORS}])"?[{SEPARATORS}]*', re.IGNORECASE)
"""Excel's line that names the separator, filled up to the number of columns when Excel saves the file again."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SHOWN_NAMES, _SHOWN_LETTERS = 8, 40

Cells = dict[str, str]
Row = tuple[int, Cells | Refused]
"""The number of a row's first line, and its cells that are not empty by column, or why it cannot be read."""


class Table:
    """Reads the lines of a CSV file, the header line first.

    A row may be several lines, in quotation marks. If these are wrong, the row's first line is refused, and the lines
    after it are read as rows of their own.
    """

    def __init__(self, names: Collection[str] | None = None) -> None:
        """`names`: those that a column may have; None: any."""
        self._names = names
        self._columns: list[str] = []
        self._separator = ""
        self._open: list[tuple[int, str]] = []
        """The lines of a row in which a quotation mark is not closed yet."""
        self._size = 0
        """Their characters."""

    def rows(self, number: int, line: str) -> Iterator[Row]:
        """The rows that end with this line. Raises `NotText`, `NoHeader`, `RepeatedColumn`."""
        line = line.rstrip("\r")
        if not self._columns:
            self._begin(line)
        elif self._open or '"' in line:
            yield from self._quoted(deque([(number, line)]))
        else:
            yield from self._row(number, line.split(self._separator))

    def last(self) -> Iterator[Row]:
        """The rows that end with the file."""
        while self._open:
            yield from self._quoted(deque(), last=True)

    def _begin(self, line: str) -> None:
        """Reads the header line, and what stands before it."""
        if not self._separator and (named := _NAMED_SEPARATOR.fullmatch(line.strip(" \r\n"))):
            self._separator = named[1]
            return
        if _CONTROL.search(line):
            raise NotText()
        if not line.strip(f'{SEPARATORS} "'):
            return
        # No name has one of these characters, so that the most frequent one is the separator.
        separator = self._separator or max(SEPARATORS, key=line.count)
        columns = _header(line, separator)
        given = [name for name in columns if name]
        if self._names is not None and (unknown := sorted(set(given).difference(self._names))):
            raise NoHeader(unknown=", ".join(name[:_SHOWN_LETTERS] for name in unknown[:_SHOWN_NAMES]))
        if repeated := [name for name in given if given.count(name) > 1]:
            raise RepeatedColumn(column=repeated[0])
        self._columns, self._separator = columns, separator

    def _row(self, number: int, cells: list[str]) -> Iterator[Row]:
        named: Cells = {}
        for position, cell in enumerate(cells):
            if not (value := trimmed(cell)):
                continue
            name = self._columns[position] if position < len(self._columns) else ""
            if not name:
                yield number, CellWithoutColumn(column=position + 1)
                return
            named[name] = value
        if named:
            yield number, named

    def _quoted(self, lines: deque[tuple[int, str]], *, last: bool = False) -> Iterator[Row]:
        """The rows that end with these lines, which have quotation marks. `last`: no line follows."""
        marks = _marks(self._separator)
        while lines or (last and self._open):
            ended: bool | None = False
            if lines:
                ended = marks.end(lines[0][1], within=bool(self._open))
                self._size += len(lines[0][1])
                self._open.append(lines.popleft())
            if ended is None and self._size <= LINE_LIMIT:
                continue
            cells = self._cells() if ended else None
            (number, _), *rest = self._open
            self._open, self._size = [], 0
            if cells is not None:
                yield from self._row(number, cells)
            else:
                yield number, BrokenQuotes()
                lines.extendleft(reversed(rest))

    def _cells(self) -> list[str] | None:
        """The cells of the open lines; None if a quotation mark is in the wrong place.

        Several lines are one row only if it has as many cells as the header: a mark that was forgotten would otherwise
        hide the rows up to the next one.
        """
        text = "\n".join(line for _, line in self._open)
        try:
            cells = next(csv.reader([text], delimiter=self._separator, strict=True))
        except csv.Error:
            return None
        return cells if len(self._open) == 1 or len(cells) == len(self._columns) else None


class _Marks:
    """How the quotation marks of a line end."""

    def __init__(self, separator: str) -> None:
        inside = r'[^"]*+(?:""[^"]*+)*+'
        cell = rf'(?:"{inside}"|[^"{separator}][^{separator}]*+|)'
        before = f"(?:{cell}[{separator}])*+"
        closed, opened = f"{before}{cell}", f'{before}"{inside}'
        self._closed = {False: re.compile(closed), True: re.compile(f'{inside}"(?:[{separator}]{closed})?')}
        self._opened = {False: re.compile(opened), True: re.compile(f'{inside}(?:"[{separator}]{opened})?')}

    def end(self, line: str, *, within: bool) -> bool | None:
        """True: closed. None: one is open. False: one is in the wrong place.

        `within`: the line before ended within quotation marks.
        """
        if self._closed[within].fullmatch(line):
            return True
        return None if self._opened[within].fullmatch(line) else False


_marks = cache(_Marks)


def _header(line: str, separator: str) -> list[str]:
    """The names in a header line, with this separator."""
    try:
        return [trimmed(cell) for cell in next(csv.reader([line], delimiter=separator))]
    except csv.Error:
        return [line]
