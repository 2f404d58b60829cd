"""Dead letters: the row that keeps a record, and the headers that explain its copy in the dead-letter topic."""

from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

from services.chassis.events.dead_letters import (
    OutOfOrder,
    dead_letter_row,
    explained_headers,
    fault_of,
    original_record,
)
from services.chassis.storage.tables import DeadLetterState
from services.chassis.testing import record_of
from services.contracts.cloudevents import UnreadableEvent
from services.contracts.intake import VisitServed

NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)
SERVED = VisitServed(visit_id=uuid4(), centre="huy", at=NOON)
RECORD = record_of(SERVED, 3)._replace(partition=1, offset=7)


def test_a_row_gives_its_record_back() -> None:
    odd = RECORD._replace(key=None, value=b"\xff\x00", headers=[*RECORD.headers, ("x", None), ("x", b"\xfe")])
    row = dead_letter_row(odd, state=DeadLetterState.DEAD, reason="x", detail="y", attempts=1, at=NOON)
    assert original_record(SimpleNamespace(**row)) == odd


def test_texts_are_cut_and_cleaned_to_what_every_store_takes() -> None:
    row = dead_letter_row(
        RECORD, state=DeadLetterState.HELD, reason="r" * 100, detail="\0\ud800" + "d" * 3000, attempts=1, at=NOON
    )
    assert (row["reason"], row["state"]) == ("r" * 80, "held")
    assert row["detail"].startswith("\\0?d")
    assert len(row["detail"]) == 2000


def test_the_copy_in_the_topic_names_reason_service_and_position() -> None:
    headers = explained_headers(RECORD, reason="bad-data", detail="no\0text", attempts=5, service="impact")
    assert headers[: len(RECORD.headers)] == RECORD.headers
    assert dict(headers[len(RECORD.headers) :]) == {
        "cefo-reason": b"bad-data",
        "cefo-detail": b"no\\0text",
        "cefo-service": b"impact",
        "cefo-attempts": b"5",
        "cefo-position": b"cefo.intake.visits/1/7",
    }


def test_a_fault_is_a_slug_a_text_and_the_readable_attributes() -> None:
    about = {"type": "cefo.intake.visit-served.v1", "source": "/intake", "subject": SERVED.key, "sequence": 3}
    refused = fault_of(RECORD, OutOfOrder(sequence=3, missing=2))
    assert (refused[0], refused[2]) == ("out-of-order", about)
    assert "before event 2" in refused[1]
    assert fault_of(RECORD, ZeroDivisionError("a fault")) == ("ZeroDivisionError", "a fault", about)
    unreadable = UnreadableEvent("bad-data", "not JSON", {"subject": "x"})
    assert fault_of(RECORD, unreadable) == ("bad-data", "not JSON", {"subject": "x"})
