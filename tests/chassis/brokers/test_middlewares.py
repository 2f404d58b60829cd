"""FastStream's middlewares: metrics always, spans only where they are exported."""

import prometheus_client
from faststream.kafka import KafkaBroker, TestKafkaBroker

from services.chassis.brokers.middlewares import middlewares
from services.chassis.runtime.settings import Settings
from tests.chassis.conftest import Spans, ids

LABELS = {"app_name": "sample", "broker": "kafka", "handler": "notes"}


async def publish(settings: Settings) -> None:
    """One message, through the middlewares of the sample service, to a subscriber."""
    stream = KafkaBroker(middlewares=middlewares(settings, "sample"))

    @stream.subscriber("notes")
    async def ignore(_note: str) -> None: ...

    async with TestKafkaBroker(stream) as broker:
        await broker.publish("bonjour", "notes")


def received() -> float:
    return prometheus_client.REGISTRY.get_sample_value("cefo_kafka_received_messages_total", LABELS) or 0


async def test_received_messages_are_counted_by_service(spans: Spans) -> None:
    before = received()
    await publish(spans.settings.model_copy(update={"otlp_endpoint": ""}))
    assert received() == before + 1
    assert spans.finished() == []


async def test_publishing_and_processing_are_spans_of_one_trace(spans: Spans) -> None:
    await publish(spans.settings)
    ended = spans.finished()
    assert {span.name for span in ended} >= {"notes publish", "notes process"}
    assert len({ids(span)[0] for span in ended}) == 1
