"""CloudEvents in Kafka's binary mode: what we write, the CloudEvents library reads, and we read the same as it."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.contracts import EVENTS, Event
from services.contracts.cloudevents import Record, read_event, write_event
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
        "dataschema": f"/contracts/{kind.type}.json",
        "sequence": str(ours.sequence),
        "correlationid": str(ours.correlation_id),
        "partitionkey": event.key,
    }
    if cause is not None:
        said["causationid"] = str(ours.causation_id)
    assert theirs.get_attributes() == said
    assert (ours.id, ours.time, ours.sequence) == (str(id), time, sequence)
    assert (ours.correlation_id, ours.causation_id) == (chain, cause)


def library_message(record: Record) -> KafkaMessage:
    """The record as the library takes it."""
    return KafkaMessage({name: value or b"" for name, value in record.headers}, record.key, record.value)
