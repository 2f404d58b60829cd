"""What the logs say."""

import stamina.instrumentation
from structlog.testing import capture_logs

from services.chassis.runtime.telemetry import log_retry


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
