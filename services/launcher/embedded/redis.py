"""A Redis server beside or inside this process, on loopback."""

import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

from services.launcher.child import guard, spawn_server
from services.launcher.ports import free_ports


class EmbeddedRedis:
    """A `redis-server` from the PATH, else fakeredis' server. Keeps nothing on disk; ends with this process."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._server: Any = None
        port = free_ports(1)[0]
        self.url = f"redis://127.0.0.1:{port}/0"
        if program := shutil.which("redis-server"):
            options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "/tmp"]  # noqa: S108
            self._process = spawn_server([*guard("TERM"), program, *options], Path(os.devnull))
        else:
            # Imported only if needed: it loads a Lua interpreter, which slows the start.
            from fakeredis import TcpFakeServer  # noqa: PLC0415

            self._server = TcpFakeServer(("127.0.0.1", port))
            threading.Thread(target=self._server.serve_forever, daemon=True, name="fakeredis").start()

    def close(self) -> None:
        """Stop the server that was started here."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(5)
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
