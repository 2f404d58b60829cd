"""The embedded stack, which needs no installation: a Kafka broker and a Redis inside this process, on loopback."""

from services.launcher.embedded.kafka import EmbeddedKafka, refill
from services.launcher.embedded.redis import EmbeddedRedis

__all__ = ["EmbeddedKafka", "EmbeddedRedis", "refill"]
