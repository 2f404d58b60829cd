"""The stores' files: kept as they are, put back after a change, and asked whether there was one."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path


class Snapshots:
    """The SQLite files of some stores, beside the connections of the services."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._kept: dict[str, sqlite3.Connection] = {}
        self._watching: dict[str, sqlite3.Connection] = {}
        self._seen: dict[str, int] = {}

    def take(self) -> None:
        """Keep every store as it is now."""
        for store, file in self._files.items():
            self._watching[store] = sqlite3.connect(file)
            self._kept[store] = sqlite3.connect(":memory:")
            self._watching[store].backup(self._kept[store])
        self._seen = self._counts()

    def changed(self) -> set[str]:
        """The stores in which something was committed since they were kept, or since this was last asked."""
        before, self._seen = self._seen, self._counts()
        return {store for store in before if before[store] != self._seen[store]}

    def rows(self, stores: set[str]) -> dict[str, int]:
        """How many rows each table of these stores has."""
        found: dict[str, int] = {}
        for store in stores:
            connection = self._watching[store]
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                found[f"{store}.{table}"] = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
        return found

    def put_back(self, stores: set[str]) -> None:
        """Make these stores what they were."""
        for store in stores:
            with sqlite3.connect(self._files[store]) as file:
                self._kept[store].backup(file)
            file.close()
        self._seen = self._counts()

    def close(self) -> None:
        """Close the files."""
        for connection in (*self._kept.values(), *self._watching.values()):
            connection.close()

    def _counts(self) -> dict[str, int]:
        """SQLite's own counter of other connections' commits."""
        return {
            store: connection.execute("PRAGMA data_version").fetchone()[0]
            for store, connection in self._watching.items()
        }
