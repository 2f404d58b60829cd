"""The named places where a fault test kills the process: each stands in the code, once, and kills only when asked."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.chassis.runtime.failpoints import POINTS, failpoint_for

ROOT = Path(__file__).parents[2]


def passing(wanted: str, *places: str) -> "subprocess.CompletedProcess[str]":
    """A process that comes to these places, and says so each time that it survives one."""
    program = (
        "import asyncio\nfrom services.chassis.runtime.failpoints import failpoint\n"
        "async def go():\n"
        f"    for place in {places!r}:\n"
        "        failpoint(place)\n        print(place, flush=True)\n"
        "    for _ in range(100): await asyncio.sleep(0)\n"
        "    print('the end', flush=True)\n"
        "asyncio.run(go())\n"
    )
    environment = {"CEFO_FAILPOINT": wanted, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_process_dies_at_the_pass_that_was_asked_for_and_says_where() -> None:
    done = passing("inbox.written:2", "inbox.written", "store.before-commit", "inbox.written", "inbox.written")
    assert done.returncode == -9
    assert done.stdout.split() == ["inbox.written", "store.before-commit"]
    assert done.stderr == "failpoint inbox.written:2\n"


def test_what_was_handed_to_the_broker_is_let_out_first() -> None:
    done = passing("relay.sent", "relay.sent", "store.before-commit")
    assert (done.returncode, done.stdout.split()) == (-9, ["relay.sent", "store.before-commit"])


def test_nobody_dies_unasked() -> None:
    done = passing("", *sorted(POINTS))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_place_that_does_not_exist_stops_the_start() -> None:
    with pytest.raises(ValueError, match=r"relay\.asleep: no such place; there are consumer\.handled, inbox\.written"):
        failpoint_for("relay.asleep")


def test_each_place_stands_exactly_once_in_the_code() -> None:
    """A fault test of a place that nobody passes would wait for ever; two places of one name would not be one place."""
    files = (path for path in (ROOT / "services").rglob("*.py") if path.name != "crash.py")
    said = [name for path in files for name in re.findall(r'failpoint\("([^"]+)"\)', path.read_text())]
    assert sorted(said) == sorted(POINTS)
