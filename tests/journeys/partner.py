"""A Cité's own software: it reads the partners' topic with nothing of ours, as CloudEvents in binary mode."""

import json
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from tests.journeys.stacks import Stack, eventually

TOPIC = "cefo.directory.referral-events"


def read_topic(stack: Stack, referral: str, enough: int) -> list[dict[str, Any]]:
    """What the topic says of one referral, in order: headers and data. Fails when it is not `enough` in 30 s."""
    consumer = Consumer(
        {
            "bootstrap.servers": stack.kafka,
            "group.id": f"cite-{referral}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 50,
        }
    )
    found: list[dict[str, Any]] = []
    try:
        # Assigned by hand: the embedded broker takes one member a group reliably, and none that leaves and comes.
        partitions = consumer.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
        consumer.assign([TopicPartition(TOPIC, number, 0) for number in partitions])

        def read_on() -> list[dict[str, Any]]:
            for message in consumer.consume(100, timeout=0.5):
                assert message.error() is None, message.error()
                event = _event(message)
                if event["subject"] == referral:
                    found.append(event)
            return found

        return eventually(read_on, lambda events: len(events) >= enough)
    finally:
        consumer.close()


def _event(message: Any) -> dict[str, Any]:
    headers = {name: value.decode() for name, value in message.headers()}
    assert headers["ce_specversion"] == "1.0"
    assert message.key().decode() == headers["ce_subject"]
    attributes = {name.removeprefix("ce_"): value for name, value in headers.items() if name.startswith("ce_")}
    return attributes | {"data": json.loads(message.value())}
