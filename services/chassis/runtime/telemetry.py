"""Structured logs, metrics and warnings. No personal data in them."""

import logging
import sys
from typing import Any, Literal

import stamina.instrumentation
import structlog
from prometheus_client import Counter, Gauge, Histogram

from services.chassis.runtime.settings import Settings
from services.chassis.runtime.tracing import add_origin

REQUESTS = Histogram("cefo_http_request_seconds", "Time to answer a request.", ["service", "method", "status"])
LIMITED = Counter("cefo_limited_total", "Requests refused because there were too many, by limit.", ["limit"])
RELAYED = Counter("cefo_relayed_total", "Outbox rows acknowledged by the broker.", ["service"])
UNSENT = Gauge("cefo_outbox_unsent", "Outbox rows that the broker has not acknowledged yet.", ["service"])
PROCESSED = Counter("cefo_events_processed_total", "Processed events, by outcome.", ["service", "outcome"])
DEAD_LETTERS = Gauge("cefo_dead_letters", "Events that are held, dead or decided, by state.", ["service", "state"])
PRUNED = Counter("cefo_pruned_total", "Rows removed at their retention age.", ["service", "table"])
MAIL_QUEUED = Gauge("cefo_mail_queued", "Messages by e-mail that were not sent yet.", ["service"])
MAIL_OLDEST = Gauge("cefo_mail_oldest_seconds", "Age of the oldest message that was not sent yet.", ["service"])
MAIL_ATTEMPTS = Counter("cefo_mail_total", "Attempts to send a message by e-mail, by outcome.", ["service", "outcome"])
MAIL_FAILURES = Counter(
    "cefo_mail_failures_total",
    "Messages that a mail server or an SMS gateway did not take, or that were withheld, by code.",
    ["service", "code"],
)
ERASURES_UNCONFIRMED = Gauge(
    "cefo_erasures_unconfirmed", "Erased persons whose erasure this service has not confirmed yet.", ["service"]
)
ERASURES_OLDEST = Gauge(
    "cefo_erasures_oldest_seconds",
    "Time since the oldest erasure that this service has not confirmed yet.",
    ["service"],
)
ERASED_UNREADABLE = Gauge(
    "cefo_erased_list_unreadable",
    "Records of the list of erased persons that the last start could not read.",
    ["service"],
)
LAG = Gauge("cefo_consumer_lag", "Events in this service's topics that it has not processed yet.", ["service"])

NOISY = ("aiokafka", "aiosqlite", "alembic", "faststream", "httpx2", "uvicorn")
"""Libraries of which only warnings are logged."""
Warns = Literal["mail", "erased-records", "erased-file"]
"""What a service that is ready may warn of: messages that cannot be sent, records of the list of erased persons that
cannot be read, the place of its file."""


def configure_logging(settings: Settings) -> None:
    """Send every log line, ours and the libraries', through one renderer to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        add_origin,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer() if settings.log_json else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    # Replaces stamina's hooks: its metric has a label for the number of retries, which may be unbounded, and its log
    # line contains all arguments.
    stamina.instrumentation.set_on_retry_hooks([log_retry])
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)


def log_retry(details: stamina.instrumentation.RetryDetails) -> None:
    """Log a retry: task, error and the pause before it in seconds."""
    _log.warning("tried again", what=details.name, error=repr(details.caused_by), pause=round(details.wait_for, 2))


def log(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of one module."""
    return structlog.stdlib.get_logger(name)


_log = log(__name__)
