"""FastStream's middlewares around every batch that is published or processed: metrics and traces."""

from typing import Any

import prometheus_client
from faststream.kafka.opentelemetry import KafkaTelemetryMiddleware
from faststream.kafka.prometheus import KafkaPrometheusMiddleware

from services.chassis.runtime.settings import Settings
from services.chassis.runtime.tracing import provider_of


def middlewares(settings: Settings, service: str) -> list[Any]:
    """FastStream's Prometheus middleware, and its OpenTelemetry one where spans are recorded, for one service.

    Without an endpoint the latter would make spans for nobody, for each event of a live board.
    """
    metrics = KafkaPrometheusMiddleware(
        registry=prometheus_client.REGISTRY, app_name=service, metrics_prefix="cefo_kafka"
    )
    provider = provider_of(settings, service)
    return [metrics, KafkaTelemetryMiddleware(tracer_provider=provider)] if provider else [metrics]
