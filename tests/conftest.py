"""The real parts, for every test; and what the run says about them at its end."""

import pytest

from tests.parts.fixtures import browser, kafka, postgres, redis_server
from tests.parts.presence import PARTS

__all__ = ["browser", "kafka", "postgres", "redis_server"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which real parts there were: a skip must not go unseen."""
    terminalreporter.section("Real parts")
    for part in PARTS:
        line = part.line()
        missing = line.startswith("✗")
        terminalreporter.write_line(line, red=missing, green=not missing)
