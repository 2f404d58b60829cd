"""Figures that are slow, or stand still, during an import: nothing is lost, and no memory grows with what waits."""

import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from services.launcher.commands.client import local_token
from tests.journeys.adult import past_visits
from tests.journeys.stacks import Stack, eventually
from tests.parts.process import is_suspended, suspend

MANY = 12_000
"""Visits; three times what the embedded broker lets wait."""

ROOM = 64 * 1024
"""KiB by which a process may grow beyond what the same import takes when everybody keeps up."""


@pytest.mark.timeout(600)
def test_an_import_does_not_feel_that_figures_stand_still(stack: Stack) -> None:
    with watched(stack) as usual:
        take_in(stack, "2015-03")
        eventually(partial(visitors, stack, "2015-03"), MANY.__eq__, seconds=120)
    with watched(stack) as meanwhile:
        with hindered(stack):
            take_in(stack, "2015-05")
            if "impact" in stack.processes:
                eventually(partial(unsent, stack, "intake"), (0).__eq__, seconds=120)
            else:
                eventually(partial(visitors, stack, "2015-05"), (MANY // 4).__lt__, seconds=240)
        eventually(partial(visitors, stack, "2015-05"), MANY.__eq__, seconds=240)
    assert visitors(stack, "2015-03") == MANY
    assert {name: grown for name, kib in meanwhile.items() if (grown := kib - usual[name]) > ROOM} == {}


def take_in(stack: Stack, month: str) -> None:
    """Import as many visits of this month through the public API, at its speed."""
    answer = stack.browse().post(
        "/intake/api/v1/visits/import",
        content=past_visits(month, MANY),
        headers={"Authorization": f"Bearer {local_token(stack.data)}", "Content-Type": "application/x-ndjson"},
    )
    assert json.loads(answer.text.splitlines()[-1])["accepted"] == MANY


def visitors(stack: Stack, month: str) -> int:
    """How many were counted so far."""
    query = {"from": f"{month}-01", "to": f"{month}-28"}
    token = {"Authorization": f"Bearer {local_token(stack.data)}"}
    return stack.browse().get("/impact/api/v1/figures/exact", params=query, headers=token).json()["visitors"]


def unsent(stack: Stack, service: str) -> int:
    """How many events this service has not brought to the broker."""
    token = {"Authorization": f"Bearer {local_token(stack.data)}"}
    return stack.browse().get(f"/{service}/api/v1/backlog", headers=token).json()["unsent"]


@contextmanager
def watched(stack: Stack) -> Generator[dict[str, int]]:
    """The most that each process held, in KiB, once the block has ended."""
    most: dict[str, int] = {}
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            for name, process in stack.processes.items():
                most[name] = max(most.get(name, 0), resident(process.pid))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()


def resident(pid: int) -> int:
    """KiB of memory that a process holds now."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


@contextmanager
def hindered(stack: Stack) -> Generator[None]:
    """A process of its own stands still; in one process, its store is locked for nine tenths of the time."""
    impact = stack.processes.get("impact")
    if impact is None:
        with slowed(stack.data / "stores" / "impact.db"):
            yield
        return
    suspend(impact.pid)
    try:
        yield
        assert is_suspended(impact.pid), "it did not stand still"
    finally:
        os.kill(impact.pid, signal.SIGCONT)


@contextmanager
def slowed(store: Path) -> Generator[None]:
    """A writer has a tenth of each second for this store."""
    over, held = threading.Event(), 0

    def hold() -> None:
        nonlocal held
        connection = sqlite3.connect(store, isolation_level=None, timeout=60)
        while not over.is_set():
            connection.execute("begin immediate")
            held += 1
            time.sleep(0.9)
            connection.execute("rollback")
            time.sleep(0.1)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        yield
    finally:
        over.set()
        holder.join()
    assert held > 1, "it was not slowed"
