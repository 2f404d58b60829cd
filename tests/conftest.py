"""The real parts, for every test; what the run says about them at its end; and who runs beside whom."""

from typing import Any

import pytest

from tests.parts.fixtures import browser, kafka, postgres, redis_server
from tests.parts.presence import PARTS

__all__ = ["browser", "kafka", "postgres", "redis_server"]

LONGEST = ("faults", "journeys embedded", "journeys local", "faults kills", "browser", "conformance", "bench", "parts")


MEASURED = {"chassis", "contracts", "directory", "impact", "intake", "plans", "refusals", "scheduling"}
"""Folders whose tests say how much of the services they run: quick ones, in one process."""
PARTS_OF_OTHERS = {"kafka", "postgres", "browser", "oidc"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest begin first, so that the workers end together; what is measured needs no real part."""
    for item in items:
        if room(item.nodeid) in MEASURED and not PARTS_OF_OTHERS & {mark.name for mark in item.iter_markers()}:
            item.add_marker("measured")
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(room(item.nodeid), len(ranks)))


def room(test: str) -> str:
    """Tests of one room share running parts, and stay with one worker: a folder, of the longest a part."""
    folder, file = test.split("::", maxsplit=1)[0].split("/")[1:3]
    if folder == "faults" and file == "test_kills.py":
        return "faults kills"
    stacks = [stack for stack in ("embedded", "local") if f"[{stack}" in test or f"{stack}]" in test]
    return f"{folder} {stacks[0]}" if folder == "journeys" and stacks else folder


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A room a worker. (The plugin's own groups do not work with this version of pytest: each test went anywhere.)"""
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class ByRoom(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return room(nodeid)

    return ByRoom(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells which parts it started, and which were missing."""
    told: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["parts"] = [(part.started_in, part.problem) for part in PARTS]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What a worker told, kept for the end."""
    for part, (started_in, problem) in zip(PARTS, node.workeroutput.get("parts", []), strict=False):
        part.started_in = part.started_in or started_in
        part.problem = part.problem or problem


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which real parts there were: a skip must not go unseen."""
    terminalreporter.section("Real parts")
    for part in PARTS:
        line = part.line()
        missing = line.startswith("✗")
        terminalreporter.write_line(line, red=missing, green=not missing)
