"""CloudEvents in Kafka's binary mode: what we write, the CloudEvents library reads, and we read the same as it."""

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.chassis.testing import record_of
from services.contracts import EVENTS, TOPICS, Event
from services.contracts.cloudevents import Record, UnreadableEvent, read_event, write_event
from services.contracts.intake import DeskCheckIn
from services.contracts.topics import DESK
from tests.contracts.examples import events

LIKELY = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MOMENTS = st.datetimes(datetime(2013, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize("kind", EVENTS.values(), ids=EVENTS.keys())
@given(data=st.data(), id=st.uuids(), chain=st.uuids(), cause=st.none() | st.uuids(), time=MOMENTS)
@LIKELY
def test_the_library_and_we_read_the_same(
    kind: type[Event], data: st.DataObject, id: UUID, chain: UUID, cause: UUID | None, time: datetime
) -> None:
    event = data.draw(events(kind))
    sequence = data.draw(st.integers(1, 2**63 - 1))
    written = write_event(
        event,
        id=id,
        time=time,
        sequence=sequence,
        correlation_id=chain,
        causation_id=cause,
    )
    ours = read_event(written)
    theirs = from_binary(library_message(written), JSONFormat())
    assert ours.event == event
    assert written.topic == kind.topic.name
    assert written.key == event.key.encode()
    assert theirs.get_data() == json.loads(event.model_dump_json())
    said = {
        "specversion": "1.0",
        "type": ours.type,
        "id": ours.id,
        "source": f"/{kind.topic.owner}",
        "subject": ours.subject,
        "time": ours.time,
        "datacontenttype": "application/json",
        "dataschema": f"urn:cefo:schema:{kind.type}",
        "cefosequence": str(sequence),
        "correlationid": str(ours.correlation_id),
        "partitionkey": event.key,
    }
    if cause is not None:
        said["causationid"] = str(ours.causation_id)
    assert theirs.get_attributes() == said
    assert (ours.id, ours.time) == (str(id), time)
    assert ours.sequence == (None if kind.topic.owner == DESK else sequence)
    assert (ours.correlation_id, ours.causation_id) == (chain, cause)


def library_message(record: Record) -> KafkaMessage:
    """The record as the library takes it."""
    return KafkaMessage({name: value or b"" for name, value in record.headers}, record.key, record.value)


KIOSK = DeskCheckIn(visit_id=uuid4(), centre="liege", at=datetime(2026, 3, 2, 9, tzinfo=UTC))


@pytest.mark.parametrize("kind", EVENTS.values(), ids=EVENTS.keys())
@given(data=st.data())
@settings(LIKELY, max_examples=1)
def test_a_type_is_read_on_its_own_topic_only(kind: type[Event], data: st.DataObject) -> None:
    """A sender of one topic cannot emit for the owner of another."""
    record = record_of(data.draw(events(kind)), 1)
    for topic in TOPICS.values():
        for name in topic.names(["liege"]):
            if topic != kind.topic:
                with pytest.raises(UnreadableEvent, match=f"foreign-topic: {kind.type} is accepted on") as refused:
                    read_event(record._replace(topic=name))
                # Without a sequence, its dead letter is in nobody's order, also when an operator discards it.
                assert refused.value.about.keys() == {"type", "source", "subject"}


def test_a_topic_is_for_the_sources_of_its_owner_only() -> None:
    for topic in TOPICS.values():
        for other in TOPICS.values():
            assert topic.accepts_source(other.source, topic.name) == (topic.owner == other.owner)


@pytest.mark.parametrize(
    ("topic", "source", "reason"),
    [
        ("cefo.desk.check-ins", "/gateway", None),
        ("cefo.desk.check-ins", "/desks/liege/kiosk-1", None),
        ("cefo.desk.check-ins", "/directory", "foreign-source"),
        ("cefo.desk.check-ins.liege", "/desks/liege", None),
        ("cefo.desk.check-ins.liege", "/desks/liege/kiosk-1", None),
        ("cefo.desk.check-ins.liege", "/desks/liege-2/kiosk-1", "foreign-source"),
        ("cefo.desk.check-ins.liege", "/gateway", "foreign-source"),
        ("cefo.desk.check-ins.namur", "/desks/namur/kiosk-1", "foreign-centre"),
    ],
)
def test_a_desk_checks_in_at_its_own_centre_only(topic: str, source: str, reason: str | None) -> None:
    record = record_of(KIOSK, None, source=source)._replace(topic=topic)
    if reason is None:
        assert read_event(record).event == KIOSK
    else:
        with pytest.raises(UnreadableEvent) as refused:
            read_event(record)
        assert refused.value.reason == reason
