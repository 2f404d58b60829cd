"""The parts of the embedded stack end with it, however it ends."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ASK = """
import sys, time
from services.launcher.embedded import EmbeddedRedis
print(EmbeddedRedis()._process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(not shutil.which("setpriv"), reason="only Linux ends a child with its parent")
@pytest.mark.skipif(not shutil.which("redis-server"), reason="without the program Redis is a thread of ours")
def test_a_killed_platform_leaves_no_redis_behind() -> None:
    with subprocess.Popen([sys.executable, "-c", ASK], stdout=subprocess.PIPE, text=True) as platform:
        assert platform.stdout is not None
        server = Path("/proc", platform.stdout.readline().strip())
        assert server.exists()
        platform.kill()
    end = time.monotonic() + 20
    while server.exists() and "zombie" not in (server / "status").read_text():
        assert time.monotonic() < end, "redis-server lives on"
        time.sleep(0.05)
