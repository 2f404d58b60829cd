"""What each broker is asked for: topics and their settings, and how subscribers fetch."""

from pathlib import Path
from typing import Any

import pytest

from services.chassis.brokers import broker_of
from services.chassis.brokers.apache import ApacheBroker
from services.chassis.brokers.embedded import EmbeddedBroker
from services.chassis.brokers.message import parse, parse_with_traces
from services.chassis.brokers.port import LARGEST, topic_settings
from services.chassis.testing import quiet_settings
from services.contracts import TOPICS


@pytest.mark.parametrize(("days", "milliseconds"), [(0, "-1"), (30, "2592000000")])
def test_topics_are_kept_for_days_and_compacted_ones_for_good(days: int, milliseconds: str) -> None:
    settings = topic_settings(days)
    assert len(settings) == 2 * len(TOPICS)
    assert any(topic.compacted for topic in TOPICS.values())
    for topic in TOPICS.values():
        kept = (
            {"cleanup.policy": "compact", "retention.ms": "-1"} if topic.compacted else {"retention.ms": milliseconds}
        )
        assert settings[topic.name] == kept
        assert settings[topic.dead_letters] == {"retention.ms": milliseconds, "max.message.bytes": str(LARGEST)}


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
