"""The suppression list of a machine: a file with everyone who was erased, which backups and restores leave alone.

A line for each person: the random reference and the day. The processes of one machine append to the same file.
"""

import fcntl
import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, time
from itertools import islice
from pathlib import Path
from uuid import UUID

HEAD = "# Personnes effacées. Ne restaurez pas ce fichier et ne l’effacez pas : docs/operations.md\n"
"""Its first line, for who finds it."""

PAGE = 1000
"""Most entries in memory."""

_REFERENCE = 36
"""Characters of a reference."""


class UnreadableList(Exception):
    """A line of the file is no entry. `line` counts from 1."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__(f"{path}, line {line}: not a reference and a day")
        self.path = path
        self.line = line


class ErasedList:
    """The file. Its methods block."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def pages(self) -> Iterator[dict[UUID, datetime]]:
        """Everyone in it, with the beginning of the day (UTC). Raises `UnreadableList` and `OSError`."""
        entries = self._entries()
        while page := dict(islice(entries, PAGE)):
            yield page

    def check(self) -> None:
        """Read and open it as a start does. Raises `UnreadableList`, and `OSError` if it cannot be read or written."""
        for _ in self._entries():
            pass
        with self._locked():
            os.close(self._open())

    def add(self, erased: Mapping[UUID, datetime]) -> int:
        """Append who is missing; on disk when it returns. Returns how many. Raises `OSError`."""
        if not erased:
            return 0
        with self._locked():
            missing = {str(ref): at for ref, at in erased.items()}
            for line in self._lines():
                if line.endswith("\n"):
                    missing.pop(line[:_REFERENCE], None)
            if missing:
                file = self._open()
                try:
                    lines = "".join(f"{ref} {at.astimezone(UTC).date()}\n" for ref, at in missing.items())
                    _write(file, lines)
                finally:
                    os.close(file)
        return len(missing)

    def drop_before(self, day: date) -> int:
        """Remove who was erased before this day. Returns how many. Raises `UnreadableList` and `OSError`."""
        with self._locked():
            ended = sum(at.date() < day for _, at in self._entries())
            if ended:
                shorter = self.path.with_suffix(".new")
                file = os.open(shorter, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                try:
                    kept = (f"{ref} {at.date()}\n" for ref, at in self._entries() if at.date() >= day)
                    _write(file, HEAD + "".join(kept))
                finally:
                    os.close(file)
                shorter.replace(self.path)
                _sync_folder(self.path.parent)
        return ended

    def _lines(self) -> Iterator[str]:
        """Its lines, none if it does not exist. The last one may have been cut off."""
        with suppress(FileNotFoundError), self.path.open(encoding="utf-8", errors="replace") as file:
            yield from file

    def _entries(self) -> Iterator[tuple[UUID, datetime]]:
        for number, line in enumerate(self._lines(), 1):
            # A last line without its end was cut off: what its store erased is added again at the start.
            if line.startswith("#") or not line.endswith("\n"):
                continue
            try:
                ref, day = line.split()
                yield UUID(ref), datetime.combine(date.fromisoformat(day), time(), UTC)
            except ValueError:
                raise UnreadableList(self.path, number) from None

    def _open(self) -> int:
        """Open it to append, with a whole last line; create it if it is missing."""
        new = not self.path.exists()
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        if new:
            _write(file, HEAD)
            _sync_folder(self.path.parent)
        else:
            _cut_off_unfinished_line(file)
        return file

    @contextmanager
    def _locked(self) -> Generator[None]:
        """Hold the lock of all processes that append. It is a file beside the list, as a shorter list replaces it."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _write(file: int, text: str) -> None:
    data = text.encode()
    while data:
        data = data[os.write(file, data) :]
    os.fsync(file)


def _cut_off_unfinished_line(file: int) -> None:
    size = os.fstat(file).st_size
    end = os.pread(file, min(size, 200), max(0, size - 200))
    if not end.endswith(b"\n"):
        os.ftruncate(file, size - len(end) + end.rfind(b"\n") + 1)


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
