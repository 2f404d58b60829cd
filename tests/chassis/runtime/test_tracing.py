"""Traces: passed on in `traceparent`, named in log lines, and recorded only where an endpoint is configured."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import structlog
from structlog.typing import EventDict

from services.chassis.events.reactions import Reactions
from services.chassis.identity.people import Person
from services.chassis.runtime.tracing import EventTracer, add_origin, current_traceparent, in_trace, origin, provider_of
from services.chassis.storage.store import Work
from services.chassis.testing import client_of, consumer_for, emitted, quiet_settings, record_of
from services.contracts.cloudevents import trace_of
from services.contracts.directory import CentrePublished
from services.contracts.intake import VisitCalled, VisitCheckedIn, VisitLeft
from services.contracts.roles import Role
from services.intake.app import SERVICE as INTAKE
from tests.chassis.conftest import Spans, ids
from tests.chassis.sample_service import service

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@dataclass
class Request:
    correlation_id: UUID
    traceparent: str | None = None


@pytest.fixture
def lines() -> Iterator[list[dict[str, str]]]:
    """What is logged, with the processor that every log line passes."""
    seen: list[dict[str, str]] = []

    def keep(_logger: object, _method: str, line: EventDict) -> EventDict:
        seen.append(dict(line))
        raise structlog.DropEvent

    structlog.configure(processors=[add_origin, keep])
    yield seen
    structlog.reset_defaults()


def test_a_trace_of_the_caller_is_continued() -> None:
    with in_trace(TRACEPARENT):
        inside = current_traceparent() or ""
    assert inside.startswith(f"00-{TRACE}-00f067aa0ba902b7-")
    assert current_traceparent() is None


@pytest.mark.parametrize("given", [None, "", "00-short-1-01", TRACEPARENT.upper(), TRACEPARENT + "0"])
def test_without_a_trace_that_can_be_read_a_new_one_begins(given: str | None) -> None:
    with in_trace(given):
        first = trace_of([("traceparent", (current_traceparent() or "").encode())])
    with in_trace(given):
        second = trace_of([("traceparent", (current_traceparent() or "").encode())])
    assert first is not None
    assert second is not None
    assert first[:35] != second[:35]


@pytest.mark.parametrize("value", [b"", b"\xff", TRACEPARENT.encode() + b"\n", None])
def test_a_trace_that_cannot_be_read_is_none(value: bytes | None) -> None:
    assert trace_of([("ce_id", b"1"), ("traceparent", value)]) is None


async def test_what_a_request_emits_carries_its_trace(tmp_path: Path) -> None:
    desk = Person(subject="test", name="-", roles=frozenset({Role.FRONT_DESK}), centres=frozenset({"liege"}))
    liege = CentrePublished(
        centre="liege", name="Liège", kind="cite", areas=("find-job",), timezone="Europe/Brussels", opening_hours=()
    )
    async with client_of(INTAKE, tmp_path, person=desk) as client:
        await client.consume(record_of(liege, 1))
        visit = {"centre": "liege", "area": "find-job"}
        headers = {"traceparent": TRACEPARENT}
        for _ in range(2):
            answer = await client.put(f"/intake/api/v1/visits/{uuid4()}", json=visit, headers=headers)
            assert answer.status_code == 200, answer.text
            headers = {}
        first, second = await emitted(client.store, VisitCheckedIn)
    assert (first.traceparent or "").startswith(f"00-{TRACE}-")
    assert second.traceparent is not None
    assert TRACE not in second.traceparent, "a request without a trace begins one of its own"
    assert current_traceparent() is None


async def test_an_event_passes_its_trace_on_and_its_log_lines_name_it(
    tmp_path: Path, lines: list[dict[str, str]]
) -> None:
    called = VisitCalled(visit_id=uuid4(), centre="huy", at=datetime(2026, 3, 2, tzinfo=UTC), desk="d1")
    reactions = Reactions()

    @reactions.on(VisitCalled)
    async def on_visit_called(work: Work, event: VisitCalled) -> None:
        structlog.get_logger().info("called")
        left = VisitLeft(visit_id=event.visit_id, centre=event.centre, at=work.now)
        work.emit_row_event(left, sequence=1, correlation_id=work.cause.correlation_id or uuid4())

    chain = uuid4()
    record = record_of(called, 1, correlation_id=chain)
    traced = record._replace(headers=[*record.headers, ("traceparent", TRACEPARENT.encode())])
    async with client_of(service(tmp_path), tmp_path) as client:
        async with client.store.writer.begin() as connection:
            await connection.run_sync(client.store.metadata.create_all)
        await consumer_for(client.store, reactions).process([traced])
        [left] = await emitted(client.store, VisitLeft)
    assert left.traceparent == TRACEPARENT
    [line] = [line for line in lines if line["event"] == "called"]
    assert (line["correlation_id"], line["trace_id"]) == (str(chain), TRACE)


def test_a_log_line_names_the_chain_and_the_trace_it_is_about() -> None:
    chain = uuid4()
    token = origin.set(Request(chain, TRACEPARENT))
    try:
        assert add_origin(None, "info", {"event": "x"}) == {
            "event": "x",
            "correlation_id": str(chain),
            "trace_id": TRACE,
        }
        with in_trace(None):
            current = (current_traceparent() or "").split("-")[1]
            assert add_origin(None, "info", {})["trace_id"] == current != TRACE
        assert add_origin(None, "info", {"correlation_id": "its own"})["correlation_id"] == "its own"
    finally:
        origin.reset(token)
    assert add_origin(None, "info", {"event": "x"}) == {"event": "x"}


def test_without_an_endpoint_nothing_is_recorded(tmp_path: Path) -> None:
    settings = quiet_settings(tmp_path)
    assert provider_of(settings, "intake") is None
    tracer = EventTracer(settings, "intake")
    assert not tracer.records
    with tracer.processing("cefo.intake.visit-served.v1", TRACEPARENT):
        assert current_traceparent() is None


def test_an_events_span_belongs_to_the_trace_of_the_event(spans: Spans) -> None:
    tracer = EventTracer(spans.settings, "sample")
    assert tracer.records
    with tracer.processing("cefo.intake.visit-served.v1", TRACEPARENT):
        inside = current_traceparent()
    [span] = spans.finished()
    assert (span.name, span.resource.attributes["service.name"]) == (
        "process cefo.intake.visit-served.v1",
        "cefo-sample",
    )
    assert ids(span)[0] == TRACE
    assert inside == f"00-{TRACE}-{ids(span)[1]}-01"
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == TRACEPARENT.split("-")[2]
    assert current_traceparent() is None


def test_an_event_without_a_trace_begins_one(spans: Spans) -> None:
    with EventTracer(spans.settings, "sample").processing("cefo.intake.visit-served.v1", None):
        pass
    assert [span.parent for span in spans.finished()] == [None]


def test_a_span_holds_no_query(spans: Spans) -> None:
    """A query may hold a name that was searched for, or a one-time link's token; a path that of a personal link."""
    with spans.provider.get_tracer("t").start_as_current_span("GET", attributes={"url.query": "q=Nadia", "x": "y"}):
        pass
    for path in (
        "/sample/l/abcde-fghij",
        "/sample/list",
        "/sample/ics/abcde.ics",
        "/sample/book/page/a",
        "/sample/mine/here/abcde",
        "/sample/mine",
        "/sample/book",
    ):
        with spans.provider.get_tracer("t").start_as_current_span("GET", attributes={"url.path": path}):
            pass
    assert [dict(span.attributes or {}) for span in spans.finished()] == [
        {"url.query": "", "x": "y"},
        {"url.query": "", "url.path": "/sample/l/…"},
        {"url.query": "", "url.path": "/sample/list"},
        {"url.query": "", "url.path": "/sample/ics/…"},
        {"url.query": "", "url.path": "/sample/book/page/…"},
        {"url.query": "", "url.path": "/sample/mine/here/…"},
        {"url.query": "", "url.path": "/sample/mine"},
        {"url.query": "", "url.path": "/sample/book"},
    ]
