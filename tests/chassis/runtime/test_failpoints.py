"""Failpoints: each is in the code once, and kills the process only when a fault test asks for it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.chassis.runtime.failpoints import POINTS, failpoint_for

ROOT = Path(__file__).parents[3]


def passing(wanted: str, *places: str) -> "subprocess.CompletedProcess[str]":
    """A process that passes these failpoints and prints the name of each that it survives."""
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


def test_the_process_dies_at_the_requested_pass_and_names_the_failpoint() -> None:
    done = passing("inbox.written:2", "inbox.written", "store.before-commit", "inbox.written", "inbox.written")
    assert done.returncode == -9
    assert done.stdout.split() == ["inbox.written", "store.before-commit"]
    assert done.stderr == "failpoint inbox.written:2\n"


def test_what_was_sent_to_the_broker_is_written_out_first() -> None:
    done = passing("relay.sent", "relay.sent", "store.before-commit")
    assert (done.returncode, done.stdout.split()) == (-9, ["relay.sent", "store.before-commit"])


def test_no_failpoint_kills_unless_it_is_requested() -> None:
    done = passing("", *sorted(POINTS))
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_failpoint_stops_the_start() -> None:
    with pytest.raises(ValueError, match=r"relay\.asleep: no such failpoint; known: consumer\.handled, inbox\.written"):
        failpoint_for("relay.asleep")


def test_each_failpoint_is_in_the_code_exactly_once() -> None:
    """A fault test of a failpoint that no code passes would wait for ever; two of one name look the same."""
    files = (ROOT / "services").rglob("*.py")
    found = [name for path in files for name in re.findall(r'failpoint\("([^"]+)"\)', path.read_text())]
    assert sorted(found) == sorted(POINTS)
