"""One trace, from a check-in's request through the outbox and Kafka to each service that processes it."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from services.launcher.ports import free_ports
from tests.journeys.adult import ok, signed_in
from tests.journeys.stacks import eventually, up

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"

Span = tuple[str, str]
"""The service that recorded it, and its name."""


class Collector:
    """An OTLP endpoint: keeps the spans of each trace."""

    def __init__(self) -> None:
        self.spans: dict[str, set[Span]] = {}
        self.queries: set[str] = set()

    def take(self, body: bytes) -> None:
        request: Any = ExportTraceServiceRequest()
        request.ParseFromString(body)
        for resource in request.resource_spans:
            attributes = {one.key: one.value.string_value for one in resource.resource.attributes}
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                self.spans.setdefault(span.trace_id.hex(), set()).add((attributes["service.name"], span.name))
                self.queries |= {one.value.string_value for one in span.attributes if one.key == "url.query"}


@contextmanager
def collecting() -> Generator[tuple[Collector, str]]:
    """A collector, and where it listens."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/v1/traces":
                collector.take(body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_one_trace_goes_from_a_check_in_to_each_service_that_processes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting() as (collector, endpoint):
        monkeypatch.setenv("CEFO_OTLP_ENDPOINT", endpoint)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        (port,) = free_ports(1)
        monkeypatch.setenv("CEFO_METRICS_PORT", str(port))
        with up(tmp_path) as (stack, _process):
            desk = signed_in(stack, "accueil-liege")
            visit = {"centre": "liege", "area": "find-job"}
            header = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
            ok(desk.put(f"/intake/api/v1/visits/{uuid4()}?name=secret", json=visit, headers=header))
            processed = "process cefo.intake.visit-checked-in.v1"
            wanted = {("cefo-scheduling", processed), ("cefo-impact", processed)}
            spans = eventually(lambda: collector.spans.get(TRACE, set()), lambda found: wanted <= found)
            assert "cefo-intake" in {service for service, _ in spans}, "the request's own span"
            assert desk.get("/metrics").status_code == 404
            metrics = httpx2.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    assert collector.queries <= {""}, "a query may hold a name or a token"
    assert 'cefo_kafka_received_messages_total{app_name="scheduling"' in metrics
    assert 'cefo_kafka_published_messages_total{app_name="intake"' in metrics
