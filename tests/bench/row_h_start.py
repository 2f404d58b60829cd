"""`cefo up --demo`, installed, in an empty folder: seconds from the command to the first page with status 200.

It creates, migrates and fills five stores with the demo data; broker and Redis are embedded.
"""

import asyncio
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from services.launcher.ports import free_ports
from tests.bench.load import Connection, request
from tests.bench.measuring import Row, Size, row

PATIENCE = 120.0


async def ours() -> float:
    """Seconds until the first page."""
    port = free_ports(1)[0]
    with tempfile.TemporaryDirectory(prefix="cefo-bench-up-", ignore_cleanup_errors=True) as folder:
        command = [
            Path(sys.executable).with_name("cefo"),
            "up",
            "--demo",
            "--port",
            str(port),
            "--data",
            f"{folder}/data",
        ]
        started = perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: ASYNC220
        try:
            while not await _first_page(port):
                if process.poll() is not None or perf_counter() - started > PATIENCE:
                    raise RuntimeError(f"`cefo up --demo` shows no page (exit code {process.poll()})")
                await asyncio.sleep(0.01)
            return perf_counter() - started
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(15)


async def _first_page(port: int) -> bool:
    try:
        connection = await Connection.open(port)
        answer = await connection.send(request("GET", "/", headers={"Accept": "text/html"}))
    except OSError:
        return False
    connection.close()
    return answer.status == 200 and b"</html>" in answer.body


async def measure(size: Size) -> list[Row]:
    """Measure the row."""
    return [
        row(
            "h",
            "`cefo up --demo` (installed, empty folder) to the first page",
            "s",
            ours=[await ours() for _ in range(size.rounds)],
            target=3,
            better="at most",
            absolute=True,
        )
    ]
