"""The real parts, for every test; what the run says about them at its end; and who runs beside whom."""

from pathlib import Path
from typing import Any

import pytest

from tests.parts.fixtures import browser, kafka, postgres, redis_server
from tests.parts.presence import PARTS

__all__ = ["browser", "kafka", "postgres", "redis_server"]

TESTS = Path(__file__).parent
LONGEST = ("journeys-embedded", "journeys-local", "faults", "browser", "conformance")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share running parts stay with one worker, and the longest begin first."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(_group(item), len(ranks)))


def _group(item: pytest.Item) -> str:
    folder = item.path.relative_to(TESTS).parts[0]
    params: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    return f"{folder}-{params['stack']}" if "stack" in params else folder


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
