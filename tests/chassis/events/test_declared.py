"""The declared part of a record: what may be kept of it in plain text."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.events.declared import declared_part
from services.chassis.testing import record_of
from services.contracts.cloudevents import Record, UnreadableEvent, read_event
from services.contracts.intake import DeskCheckIn, VisitServed
from services.contracts.scheduling import WorkshopAnnounced
from services.contracts.validation import LARGEST_CHECK_IN

NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)
VISIT = uuid4()
CHECK_IN = record_of(DeskCheckIn(visit_id=VISIT, centre="huy", at=NOON), None, source="/desks/huy/kiosk-1")
SERVED = record_of(VisitServed(visit_id=VISIT, centre="huy", at=NOON), 3)
NAME = "Anna Dubois 0470 12 34 56"


def having(record: Record, **fields: Any) -> Record:
    """The record with these fields in its value."""
    return record._replace(value=json.dumps(json.loads(record.value) | fields).encode())


def with_header(record: Record, name: str, value: bytes | None) -> Record:
    return record._replace(headers=[*(one for one in record.headers if one[0] != name), (name, value)])


def test_an_event_of_the_platform_is_its_own_declared_part() -> None:
    part = declared_part(SERVED)
    assert (part.record, part.withheld, part.suffices) == (SERVED, [], True)


def test_of_an_undeclared_field_the_name_is_kept_and_a_retry_needs_no_more() -> None:
    record = having(CHECK_IN, nom=NAME, address={"street": NAME})
    with pytest.raises(UnreadableEvent) as refused:
        read_event(record)
    assert refused.value.reason == "undeclared-fields"
    assert "address, nom" in refused.value.detail
    part = declared_part(record)
    assert (part.withheld, part.suffices) == (["address", "nom"], True)
    assert NAME.encode() not in part.record.value
    assert read_event(part.record).event == read_event(CHECK_IN).event


def test_undeclared_fields_are_found_at_every_depth() -> None:
    session = {"session_id": str(uuid4()), "starts_at": NOON.isoformat(), "minutes": 60, "title": NAME}
    workshop = {
        "workshop_id": str(uuid4()),
        "centre": "huy",
        "area": None,
        "counsellor": "a.b",
        "room": None,
        "seats": 8,
    }
    kind = WorkshopAnnounced
    record = SERVED._replace(topic=kind.topic.name, value=json.dumps(workshop | {"sessions": [session]}).encode())
    record = with_header(with_header(record, "ce_type", kind.type.encode()), "ce_source", b"/scheduling")
    part = declared_part(record)
    assert part.withheld == ["sessions.0.title"]
    assert NAME.encode() not in part.record.value
    assert not part.suffices  # the sender may be newer than this service
    assert read_event(part.record).event is not None


@pytest.mark.parametrize("name", [NAME, "0470123456", "Élise", "x" * 50, "a\nb"])
def test_a_name_that_may_be_a_text_is_only_counted(name: str) -> None:
    part = declared_part(having(CHECK_IN, **{name: 1}))
    assert part.withheld == [f"({len(name)} characters)"]


def test_names_are_bounded() -> None:
    part = declared_part(having(CHECK_IN, **{f"{letter}{other}": 1 for letter in "abcdef" for other in "abcdef"}))
    assert len(part.withheld) == 21
    assert part.withheld[-1] == "+16"


@pytest.mark.parametrize(
    ("field", "value"),
    [("centre", NAME), ("area", NAME), ("channel", NAME), ("at", NAME), ("visit_id", NAME), ("queue", NAME)],
)
def test_a_text_in_the_place_of_a_declared_value_is_not_kept(field: str, value: str) -> None:
    record = having(CHECK_IN, **{field: value})
    part = declared_part(record)
    assert not part.suffices
    assert field not in json.loads(part.record.value)
    with pytest.raises(UnreadableEvent) as refused:
        read_event(record)
    assert refused.value.reason == "bad-data"
    assert not any(word in refused.value.detail for word in NAME.split())


def test_a_field_that_is_there_twice_is_kept_once() -> None:
    record = CHECK_IN._replace(value=CHECK_IN.value.replace(b"{", b'{"centre": "%s", ' % NAME.encode(), 1))
    part = declared_part(record)
    assert (NAME.encode() in part.record.value, part.suffices) == (False, False)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ce_id", NAME.encode()),
        ("ce_subject", NAME.encode()),
        ("ce_source", NAME.encode()),
        ("ce_type", NAME.encode()),
        ("ce_time", NAME.encode()),
        ("ce_visitor", NAME.encode()),
        ("x-visitor", NAME.encode()),
        ("content-type", NAME.encode()),
        ("traceparent", NAME.encode()),
        ("ce_correlationid", NAME.encode()),
        ("ce_specversion", None),
        ("ce_dataschema", b"\xff"),
    ],
)
def test_of_a_header_that_is_not_as_it_should_be_the_name_is_kept(header: str, value: bytes | None) -> None:
    part = declared_part(with_header(CHECK_IN, header, value))
    assert header in part.withheld
    assert header not in dict(part.record.headers)


def test_a_key_is_kept_if_it_is_an_id() -> None:
    assert declared_part(CHECK_IN).record.key == str(VISIT).encode()
    part = declared_part(CHECK_IN._replace(key=NAME.encode()))
    assert (part.record.key, part.suffices) == (None, True)  # the subject names the visit
    for desk in (b"kiosk-1", b"\xff", b""):
        assert declared_part(CHECK_IN._replace(key=desk)).record.key is None


@pytest.mark.parametrize(
    "record",
    [
        CHECK_IN._replace(value=b"\xff{" + NAME.encode()),
        CHECK_IN._replace(value=b'["%s"]' % NAME.encode()),
        CHECK_IN._replace(value=b"[" * 100_000),
        having(CHECK_IN, nom="x" * LARGEST_CHECK_IN),
        CHECK_IN._replace(value=b""),
        SERVED._replace(topic="cefo.desk.check-ins"),
        with_header(SERVED, "ce_source", b"/plans"),
        with_header(SERVED, "ce_type", b"cefo.intake.visit-dreamt.v1"),
        CHECK_IN._replace(headers=[]),
    ],
)
def test_nothing_of_a_value_is_kept_that_is_not_an_event_of_its_topic(record: Record) -> None:
    part = declared_part(record)
    assert (part.record.value, part.suffices) == (b"", False)


def test_the_person_of_an_event_is_found() -> None:
    anna = str(uuid4())
    visit = record_of(VisitServed(visit_id=VISIT, centre="huy", at=NOON), 1)
    assert declared_part(visit).subject_ref is None
    kind = b"cefo.intake.visitor-link-changed.v1"
    link = with_header(visit._replace(topic="cefo.intake.visitors"), "ce_type", kind)
    part = declared_part(link._replace(value=json.dumps({"subject_ref": anna, "at": "yesterday"}).encode()))
    assert str(part.subject_ref) == anna
