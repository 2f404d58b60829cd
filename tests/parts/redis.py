"""A Redis server; if none is installed, fakeredis' TCP server is used."""

import functools
import re
import socket
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.launcher.ports import free_ports
from tests.parts.certificates import Certificate
from tests.parts.process import executable, start_server, wait_until


@functools.cache
def version() -> str | None:
    """The installed server's version; None when there is none."""
    found = executable("redis-server", "valkey-server")
    if found is None:
        return None
    output = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    number = re.search(r"v=(\S+)", output)
    return number[1] if number else output.strip()


class RedisPart(Protocol):
    """What a test may use of either server."""

    url: str

    def stop(self) -> None:
        """Stop it."""
        ...


@dataclass(frozen=True, slots=True)
class Tls:
    """The server's certificate, the authority whose clients it admits, and its accounts: lines of `user …`."""

    own: Certificate
    authority: Path
    users: tuple[str, ...] = ()
    acl_file: Path | None = None
    """The server's own file of accounts, instead of `users`."""

    def options(self, port: int) -> list[str | Path]:
        """What redis-server is started with."""
        users = [word for user in self.users for word in ("--user", *user.split())]
        users += ["--aclfile", str(self.acl_file)] if self.acl_file else []
        files = ["--tls-cert-file", self.own.certificate, "--tls-key-file", self.own.key]
        return ["--port", "0", "--tls-port", str(port), *files, "--tls-ca-cert-file", self.authority, *users]


class RedisServer:
    """`redis-server` on a free port; stores nothing on disk, as the platform does not rely on it."""

    def __init__(self, folder: Path, tls: Tls | None = None) -> None:
        self._folder, self._log = folder, folder / "redis.log"
        self.port = free_ports(1)[0]
        self._tls = tls
        self.url = f"redis{'s' if tls else ''}://127.0.0.1:{self.port}/0"
        self._process = self._start()

    def kill(self) -> None:
        """Kill it; its data is lost."""
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Kill it, and start an empty one on the same port."""
        self.kill()
        self._process = self._start()

    def stop(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait(10)

    def _start(self) -> subprocess.Popen[bytes]:
        program = executable("redis-server", "valkey-server")
        if program is None:
            raise RuntimeError("no redis-server on the PATH")
        port = ["--port", str(self.port)] if self._tls is None else self._tls.options(self.port)
        options = [*port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        process = start_server([program, *options, "--dir", self._folder], self._log)
        wait_until(self._answers, process, self._log)
        return process

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                if self._tls is not None:
                    return True
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


class FakeRedisServer:
    """fakeredis over TCP, in a thread of this process."""

    def __init__(self) -> None:
        from fakeredis import TcpFakeServer

        port = free_ports(1)[0]
        self.url = f"redis://127.0.0.1:{port}/0"
        self._server = TcpFakeServer(("127.0.0.1", port), server_type="redis")
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
