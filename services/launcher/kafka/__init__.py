"""Apache Kafka on this machine, without Docker: KRaft, one node or three, any folder, free ports.

Used by `cefo up --kafka apache`, by `deploy/kafka/start` and by the tests::

    with ApacheKafka() as kafka:
        bootstrap = kafka.start(nodes=1, folder=Path("data/kafka"))

The calls block; from async code: `await asyncio.to_thread(kafka.start, 1, folder)`.
"""

from services.launcher.kafka.cluster import ApacheKafka
from services.launcher.kafka.errors import (
    ClusterDiffers,
    JarsNotCopied,
    JavaMissing,
    LocalKafkaError,
    MavenMissing,
    NodeDidNotStart,
    PortTaken,
    RecipeMissing,
)
from services.launcher.kafka.locks import Locks

__all__ = [
    "ApacheKafka",
    "ClusterDiffers",
    "JarsNotCopied",
    "JavaMissing",
    "LocalKafkaError",
    "Locks",
    "MavenMissing",
    "NodeDidNotStart",
    "PortTaken",
    "RecipeMissing",
]
