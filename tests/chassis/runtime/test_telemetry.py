"""Log lines: JSON, one for each event, without the values of local variables."""

import json
import logging

import pytest
import stamina.instrumentation
import structlog
from structlog.testing import capture_logs

from services.chassis.runtime.settings import Settings
from services.chassis.runtime.telemetry import configure_logging, log, log_retry


def test_a_retry_is_one_line_with_what_failed_how_and_the_pause() -> None:
    details = stamina.instrumentation.RetryDetails(
        name="services.chassis.runtime.live.Live._send",
        args=("a secret",),
        kwargs={},
        retry_num=3,
        wait_for=2.0,
        waited_so_far=4.0,
        caused_by=ConnectionRefusedError("redis"),
    )
    with capture_logs() as lines:
        log_retry(details)
    assert lines == [
        {
            "event": "tried again",
            "log_level": "warning",
            "what": "services.chassis.runtime.live.Live._send",
            "error": "ConnectionRefusedError('redis')",
            "pause": 2.0,
        }
    ]


def test_logs_are_json_lines_without_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback that shows variables shows people."""
    root = logging.getLogger()
    handlers, level, drawn = root.handlers, root.level, structlog.get_config()
    try:
        configure_logging(Settings())
        contact = "0470 00 00 00"
        try:
            raise ValueError(f"no room for {len(contact)}")
        except ValueError:
            log("services.intake").exception("request failed", path="/intake/")
        logging.getLogger("uvicorn.error").warning("from a library")
    finally:
        root.handlers, root.level = handlers, level
        structlog.configure(**drawn)
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["level"], ours["path"]) == ("request failed", "error", "/intake/")
    assert "ValueError: no room for 13" in ours["exception"]
    assert contact not in json.dumps(ours)
    assert (theirs["event"], theirs["logger"]) == ("from a library", "uvicorn.error")
