"""Traces by W3C Trace Context: one from a request, through the outbox and Kafka, to each service that processes it.

An event carries the trace in its `traceparent` header. Spans are recorded and exported by OTLP where
`CEFO_OTLP_ENDPOINT` is set; without it the trace is passed on all the same, so that log lines name it.
"""

import re
import secrets
from collections.abc import Generator, MutableMapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.chassis.runtime.settings import Settings

SECRET_PATH = re.compile(r"^(/[a-z]+/(?:book/page|confirm|confirmed|ics|l|mine/here|stop|t)/).+", re.DOTALL)
"""After this, in whatever service, an address has a secret. The log of deploy/local's proxy hides the same."""
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_PROPAGATOR = TraceContextTextMapPropagator()


class Origin(Protocol):
    """The request or the event that the code at hand works for."""

    @property
    def correlation_id(self) -> UUID:
        """The chain it belongs to, from check-in to referral."""
        ...

    @property
    def traceparent(self) -> str | None:
        """Its trace, as in the header of that name."""
        ...


origin: ContextVar[Origin | None] = ContextVar("origin", default=None)
"""What log lines of this moment are about."""


def provider_of(settings: Settings, service: str) -> TracerProvider | None:
    """Where this service's spans are recorded; None where no endpoint is configured."""
    return _provider(settings.otlp_endpoint, service) if settings.otlp_endpoint else None


@cache
def _provider(endpoint: str, service: str) -> TracerProvider:
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - a start without an endpoint does without
    from opentelemetry.sdk.trace import TracerProvider as Recording  # noqa: PLC0415

    recording = Recording(resource=Resource.create({"service.name": f"cefo-{service}"}))
    recording.add_span_processor(_exporting(endpoint))
    return recording


@cache
def _exporting(endpoint: str) -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    class WithoutQueries(BatchSpanProcessor):
        """A query may hold a name that was searched for, or a personal link's token."""

        def on_start(self, span: Any, parent_context: Any = None) -> None:
            span.set_attribute("url.query", "")
            if "url.path" in (span.attributes or {}):
                span.set_attribute("url.path", without_secrets(str(span.attributes["url.path"])))
            super().on_start(span, parent_context)

    return WithoutQueries(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces"))


def without_secrets(path: str) -> str:
    """A path for logs and traces: a personal link, a calendar's address and the like without its secret."""
    return SECRET_PATH.sub(r"\1…", path)


def current_traceparent() -> str | None:
    """The trace of the code at hand; None outside one."""
    context = trace.get_current_span().get_span_context()
    return _written(context) if context.is_valid else None


def _written(context: SpanContext) -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


@contextmanager
def in_trace(traceparent: str | None) -> Generator[None]:
    """Work in the caller's trace, or in a new one, without recording anything."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    trace_id, span_id = (int(found[1], 16), int(found[2], 16)) if found else (0, 0)
    context = SpanContext(
        trace_id or int.from_bytes(secrets.token_bytes(16)),
        span_id or int.from_bytes(secrets.token_bytes(8)),
        is_remote=True,
        trace_flags=TraceFlags(0),
    )
    token = otel_context.attach(trace.set_span_in_context(NonRecordingSpan(context)))
    try:
        yield
    finally:
        otel_context.detach(token)


_NOT_RECORDED: AbstractContextManager[None] = nullcontext()


class EventTracer:
    """Records a span for each event that a service reacts to."""

    def __init__(self, settings: Settings, service: str) -> None:
        provider = provider_of(settings, service)
        self._tracer = provider.get_tracer("cefo") if provider else None
        self.records = self._tracer is not None
        """Whether spans are recorded."""

    def processing(self, type: str, traceparent: str | None) -> AbstractContextManager[Any]:
        """A span in the event's trace, under which what the reaction emits is recorded."""
        if self._tracer is None:
            return _NOT_RECORDED
        return self._tracer.start_as_current_span(
            f"process {type}",
            context=_PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {}),
            kind=SpanKind.CONSUMER,
            attributes={"messaging.system": "kafka", "messaging.message.type": type},
        )


def add_origin(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Adds the correlation id and the trace id to a log line of a request or an event."""
    about = origin.get()
    if about is not None:
        line.setdefault("correlation_id", str(about.correlation_id))
    traceparent = current_traceparent() or (about.traceparent if about is not None else None)
    if traceparent is not None:
        line.setdefault("trace_id", traceparent.split("-")[1])
    return line
