"""The files of `cefo import`: which there are, their lines and centres, and the parts that are sent."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from services.chassis.refusals import Refused
from services.chassis.web.imports.bodies import BodyLines
from services.chassis.web.imports.tables import Table

LINES_PER_REQUEST = 20_000
IMPORTS = (
    ("visits", "/intake/api/v1/visits/import"),
    ("workshops", "/scheduling/api/v1/workshops/import"),
    ("interviews", "/scheduling/api/v1/interviews/import"),
    ("organizations", "/directory/api/v1/organizations/import"),
    ("services", "/directory/api/v1/services/import"),
)
KINDS = {"ndjson": "application/x-ndjson", "csv": "text/csv"}

_CHUNK = 65_536
_UNLIMITED = 2**63
_CENTRE = re.compile(rb'"centre"\s*:\s*"([^"\\]{1,40})"')


@dataclass(frozen=True, slots=True)
class Part:
    """What is sent in one request. `numbers`: its lines' numbers in the file; empty: its lines are the file's."""

    chunks: Iterable[bytes]
    numbers: Sequence[int] = ()

    def number_of(self, line: int) -> int:
        """The number in the file of a line of this part."""
        return self.numbers[line - 1] if self.numbers else line


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A file, in any form that the import reads."""

    path: Path
    target: str
    kind: str

    def parts(self) -> Iterator[Part]:
        """Lines of JSON in parts; a table whole, as its first line is needed to read the others."""
        if self.kind == "csv":
            yield Part(self._chunks())
            return
        lines = self.lines()
        while some := list(islice(lines, LINES_PER_REQUEST)):
            yield Part([line + b"\n" for _, line in some], [number for number, _ in some])

    def centres(self) -> Iterator[str]:
        """The centre codes in the file. Lines without one are left to the import, which refuses them."""
        if self.kind == "csv":
            yield from self._centres_of_table()
        else:
            yield from (
                found[1].decode("utf-8", "replace") for _, line in self.lines() if (found := _CENTRE.search(line))
            )

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """The numbered lines, unpacked and in UTF-8. Raises `DamagedFile`."""
        body = BodyLines(_UNLIMITED)
        for chunk in self._chunks():
            yield from body.of(chunk)
        yield from body.last()

    def _centres_of_table(self) -> Iterator[str]:
        table = Table()
        try:
            for number, line in self.lines():
                for _first, cells in table.rows(number, line.decode("utf-8", "replace")):
                    if isinstance(cells, dict) and "centre" in cells:
                        yield cells["centre"]
        except Refused:
            return  # the import refuses the file, and says why

    def _chunks(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            yield from iter(partial(file.read, _CHUNK), b"")


def import_files(folder: Path) -> list[ImportFile]:
    """The folder's files in the order in which they are imported. Their names may be in capital letters."""
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    names = [(name, target, kind) for name, target in IMPORTS for kind in KINDS]
    return [
        ImportFile(path, target, kind)
        for name, target, kind in names
        for path in found
        if path.name.lower() in (f"{name}.{kind}", f"{name}.{kind}.gz")
    ]
