"""Fixtures for the real parts, their summary at the end of a run, and the distribution of tests to workers."""

import gc
import logging
import os
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import settings

from services.chassis import i18n
from services.chassis.runtime.telemetry import NOISY
from tests import statements
from tests.parts.compiled import share_compiled_statements
from tests.parts.fixtures import browser, kafka, postgres, redis_server
from tests.parts.presence import PARTS

__all__ = ["browser", "kafka", "postgres", "redis_server"]

settings.register_profile("cefo", deadline=None)  # how long an example takes decides nothing
settings.load_profile("cefo")
share_compiled_statements()

LONGEST = (
    *("scheduling", "browser", "conformance", "journeys", "faults", "intake", "directory", "journeys local"),
    *("boards", "faults kills", "chassis", "journeys embedded", "matrix", "queries", "bench", "plans", "doors"),
    *("launcher", "openapi", "impact", "architecture", "words", "contracts", "parts"),
)
"""The groups that take longest, in the order of their start: the longest first, so that the workers end together."""

QUICK = {"chassis", "contracts", "directory", "impact", "intake", "plans", "refusals", "scheduling"}
"""Folders of the quick tests."""
PARTS_OF_OTHERS = {"kafka", "postgres", "browser", "oidc"}


@pytest.fixture(autouse=True)
def _language_of_before() -> Generator[None]:  # pyright: ignore[reportUnusedFunction]
    """A test that sets the reader's language sets it for itself alone."""
    token = i18n.language.set(i18n.language.get())
    yield
    i18n.language.reset(token)


@pytest.fixture(autouse=True)
def _log_levels_of_before() -> Generator[None]:  # pyright: ignore[reportUnusedFunction]
    """A command that a test runs in this process sets the levels of a process's log for this test alone."""
    levels = {name: logging.getLogger(name).level for name in NOISY}
    yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays until the end: the garbage collector need not look at it, then or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(5_000, 20, 50)
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests start first, so that the workers end together. Quick tests need no real part."""
    for item in items:
        if group_of(item.nodeid) in QUICK and not PARTS_OF_OTHERS & {mark.name for mark in item.iter_markers()}:
            item.add_marker("quick")
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(group_of(item.nodeid), len(ranks)))


def group_of(test: str) -> str:
    """Tests of one group share parts and run in one worker: a folder, or a part of the longest folders."""
    folder, file = test.split("::", maxsplit=1)[0].split("/")[1:3]
    if folder == "faults" and file == "test_kills.py":
        return "faults kills"
    stacks = [stack for stack in ("embedded", "local") if f"[{stack}" in test or f"{stack}]" in test]
    return f"{folder} {stacks[0]}" if folder == "journeys" and stacks else folder


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One worker per group. (The plugin's own groups have no effect with this version of pytest.)"""
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return ByGroup(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker reports which parts it started, and which were missing; it writes what it measured."""
    if statements.MEASURING:
        statements.write(os.environ.get("PYTEST_XDIST_WORKER", "alone"))
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["parts"] = [(part.started_in, part.problem) for part in PARTS]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Collect a worker's report for the summary."""
    for part, (started_in, problem) in zip(PARTS, node.workeroutput.get("parts", []), strict=False):
        part.started_in = part.started_in or started_in
        part.problem = part.problem or problem


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the real parts, so that skips are noticed."""
    terminalreporter.section("Real parts")
    for part in PARTS:
        line = part.line()
        missing = line.startswith("✗")
        terminalreporter.write_line(line, red=missing, green=not missing)
