"""Headers of an outbox row: any bytes a partner put into them come back as they were."""

from datetime import UTC, datetime
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.chassis.storage.outbox import pack_headers, unpack_headers, with_current_names
from services.chassis.testing import record_of
from services.contracts.cloudevents import read_event
from services.contracts.intake import VisitServed

HEADERS = st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.none() | st.binary()))


@given(HEADERS)
def test_packed_headers_come_back_as_they_were(headers: list[tuple[str, bytes | None]]) -> None:
    assert unpack_headers(pack_headers(headers)) == headers


def test_rows_of_earlier_versions_are_published_under_the_present_names() -> None:
    """A `sequence` of their own blocked desks, and Go's SDK dropped events whose `dataschema` was relative."""
    event = VisitServed(visit_id=uuid4(), centre="huy", at=datetime(2026, 3, 2, tzinfo=UTC))
    now = record_of(event, 3)
    before = [
        ("ce_sequence" if name == "ce_cefosequence" else name, value)
        if name != "ce_dataschema"
        else (name, b"/contracts/cefo.intake.visit-served.v1.json")
        for name, value in now.headers
    ]
    assert unpack_headers(with_current_names(pack_headers(before))) == now.headers
    assert with_current_names(pack_headers(now.headers)) == pack_headers(now.headers)
    assert read_event(now._replace(headers=before)).sequence == read_event(now).sequence == 3
