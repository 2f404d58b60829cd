"""What each broker is asked for: topics and their settings, and how subscribers fetch."""

from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from services.chassis.brokers import broker_of
from services.chassis.brokers.apache import ApacheBroker
from services.chassis.brokers.embedded import EmbeddedBroker
from services.chassis.brokers.message import parse, parse_with_traces
from services.chassis.brokers.port import LARGEST, topic_settings
from services.chassis.testing import quiet_settings
from services.contracts import TOPICS
from services.contracts.topics import DESK_CHECK_INS


@pytest.mark.parametrize(("days", "milliseconds"), [(0, "-1"), (30, "2592000000")])
def test_topics_are_kept_for_days_and_compacted_ones_for_good(days: int, milliseconds: str) -> None:
    settings = topic_settings(days, ["liege"])
    assert len(settings) == 2 * len(TOPICS) + 1
    assert any(topic.compacted for topic in TOPICS.values())
    for topic in TOPICS.values():
        kept = (
            {"cleanup.policy": "compact", "retention.ms": "-1"} if topic.compacted else {"retention.ms": milliseconds}
        )
        if topic != DESK_CHECK_INS:
            assert settings[topic.name] == kept
        assert settings[topic.dead_letters] == {"retention.ms": milliseconds, "max.message.bytes": str(LARGEST)}


@pytest.mark.parametrize(("days", "kept"), [(0, 7), (30, 7), (3, 3)])
def test_what_desks_write_is_kept_for_seven_days_at_most(days: int, kept: int) -> None:
    settings = topic_settings(days, ["liege"])
    for name in ("cefo.desk.check-ins", "cefo.desk.check-ins.liege"):
        assert settings[name] == {"retention.ms": str(kept * 86_400_000)}


def test_a_process_creates_the_topics_that_its_services_need(tmp_path: Path) -> None:
    broker = broker_of(quiet_settings(tmp_path))
    assert broker.topics().keys() == topic_settings().keys()
    broker.creates = {"cefo.desk.check-ins"}
    assert broker.topics().keys() == {"cefo.desk.check-ins", "cefo.desk.check-ins.dead-letters"}


async def test_topics_of_centres_are_created_once_and_again_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker, created = broker_of(quiet_settings(tmp_path)), list[int]()

    async def create() -> None:
        created.append(len(broker.topics()))
        if len(created) == 1:
            raise KafkaConnectionError("away")

    monkeypatch.setattr(broker, "create_topics", create)
    with pytest.raises(KafkaConnectionError):
        await broker.create_topics_of(["liege"])
    for centres in (["liege"], ["liege"], ["liege", "namur"], ["namur"]):
        await broker.create_topics_of(centres)
    assert [number - 2 * len(TOPICS) for number in created] == [1, 1, 2]


def test_the_embedded_broker_is_bounded_and_keeps_no_history(tmp_path: Path) -> None:
    settings = quiet_settings(tmp_path, batch=2000)
    apache, embedded = broker_of(settings), broker_of(settings, embedded=True)
    assert (type(apache), apache.keeps_history, apache.bounded, apache.relay_batch) == (ApacheBroker, True, False, 2000)
    assert type(embedded) is EmbeddedBroker
    assert (embedded.keeps_history, embedded.bounded, embedded.relay_batch) == (False, True, 1000)


def test_a_subscriber_reads_traces_only_where_they_are_exported(tmp_path: Path) -> None:
    plain = broker_of(quiet_settings(tmp_path)).consumer_options(least=1)
    traced = broker_of(quiet_settings(tmp_path, otlp_endpoint="http://127.0.0.1:1")).consumer_options(least=1)
    assert (plain["parser"], traced["parser"]) == (parse, parse_with_traces)


async def test_every_bootstrap_server_is_tried(tmp_path: Path) -> None:
    """FastStream takes a text with commas for one server with a strange name."""
    stream = broker_of(quiet_settings(tmp_path, kafka="127.0.0.1:1,127.0.0.1:2")).stream("intake")
    builder: Any = await stream.connect()
    assert builder.keywords["bootstrap_servers"] == ["127.0.0.1:1", "127.0.0.1:2"]
