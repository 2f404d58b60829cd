"""The AsyncAPI 3 document of what services emit and consume, as FastStream's own schema.

FastStream's generator writes one message for each topic of a subscriber, without headers, key and settings of the topic
(ag2ai/faststream#1566). Here its servers and security are kept; the rest comes from the contracts and the reactions.
"""

from collections.abc import Mapping
from typing import Any, cast

from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity
from faststream.specification.asyncapi import AsyncAPI
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema, Channel, Server
from faststream.specification.asyncapi.v3_0_0.schema.bindings import ChannelBinding, kafka
from pydantic import Field

from services.chassis.brokers.port import topic_settings
from services.chassis.brokers.security import ClientCertificate
from services.chassis.events.reactions import Reactions
from services.chassis.runtime.settings import Settings
from services.contracts import EVENTS, Event, Topic
from services.contracts.cloudevents import SEQUENCE

_HEADERS: dict[str, Any] = {
    "type": "object",
    "required": ["ce_specversion", "ce_type", "ce_source", "ce_id"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_type": {"type": "string", "description": "The event's type."},
        "ce_source": {"type": "string", "description": "The service that emitted it: its name behind a slash."},
        "ce_id": {"type": "string", "description": "Unique together with ce_source."},
        "ce_subject": {"type": "string", "description": "The aggregate the event is about; also the record's key."},
        "ce_time": {"type": "string", "format": "date-time"},
        SEQUENCE: {"type": "string", "description": "The event's number in its aggregate, from 1."},
        "ce_previous": {
            "type": "string",
            "description": "The sequence that this event follows if it is not the one before: after a restore.",
        },
        "ce_correlationid": {"type": "string", "description": "The chain from check-in to referral."},
        "ce_causationid": {"type": "string", "description": "The event that caused this one."},
        "ce_dataschema": {"type": "string", "format": "uri", "description": "Identifies the payload's JSON Schema."},
        "traceparent": {"type": "string", "description": "The trace it was published in (W3C Trace Context)."},
        "content-type": {"const": "application/json"},
    },
}


class _KafkaBinding(kafka.ChannelBinding):
    """Kafka's channel binding with the topic's settings, which FastStream's leaves out."""

    topicConfiguration: dict[str, Any]  # noqa: N815  # AsyncAPI's name


class _Binding(ChannelBinding):
    kafka: _KafkaBinding | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


class _Channel(Channel):
    bindings: _Binding | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


class EventSchema(ApplicationSchema):
    """FastStream's schema of a document, with how Kafka keeps each topic."""

    channels: dict[str, _Channel] = Field(default_factory=dict)  # pyright: ignore[reportIncompatibleVariableOverride]


class EventSpecification(AsyncAPI):
    """What these services emit and consume, for FastStream's pages and commands.

    Its servers and their security are those of `stream`; partitions, replicas and retention those of the settings.
    """

    def __init__(self, title: str, services: Mapping[str, Reactions], stream: KafkaBroker, settings: Settings) -> None:
        super().__init__(stream, title=title, version="1", description="CloudEvents 1.0 in Kafka binary mode.")
        self._services = services
        self._stream = stream
        self._settings = settings
        self._schema: EventSchema | None = None

    def to_specification(self) -> EventSchema:
        """The document; made once."""
        if self._schema is None:
            generated = cast(ApplicationSchema, super().to_specification())
            schemes = generated.components.securitySchemes if generated.components else None
            self._schema = EventSchema.model_validate(
                {
                    "info": generated.info,
                    "asyncapi": generated.asyncapi,
                    "defaultContentType": generated.defaultContentType,
                    "servers": _servers(generated, self._stream.specification.security),
                    **self._channels_and_operations(),
                    "components": {"messages": self._messages(), "securitySchemes": schemes},
                }
            )
        return self._schema

    def _events(self) -> dict[str, type[Event]]:
        emitted = [event for event in EVENTS.values() if event.topic.owner in self._services]
        consumed = [EVENTS[type] for reactions in self._services.values() for type in reactions.by_type]
        return {event.type: event for event in (*emitted, *consumed)}

    def _messages(self) -> dict[str, Any]:
        return {type: _message(event) for type, event in sorted(self._events().items())}

    def _channels_and_operations(self) -> dict[str, Any]:
        events = list(self._events().values())
        topics = sorted({event.topic for event in events}, key=lambda topic: topic.name)
        operations: dict[str, Any] = {}
        for name, reactions in self._services.items():
            for topic in topics:
                emitted = [event for event in events if event.topic == topic and topic.owner == name]
                consumed = [EVENTS[type] for type in reactions.by_type if EVENTS[type].topic == topic]
                for action, messages in (("send", emitted), ("receive", consumed)):
                    for channel in _channel_names(topic) if messages else ():
                        operations[f"{name}.{action}.{channel}"] = _operation(action, channel, messages)
        channels = {topic.name: self._channel(topic, events) for topic in topics}
        per_centre = {_channel_names(topic)[1]: channels[topic.name] for topic in topics if topic.per_centre}
        return {
            "channels": channels | {name: _of_each_centre(channel) for name, channel in per_centre.items()},
            "operations": operations,
        }

    def _channel(self, topic: Topic, events: list[type[Event]]) -> dict[str, Any]:
        settings = self._settings
        kept = topic_settings(settings.topic_days)[topic.name]
        binding = {
            "topic": topic.name,
            "partitions": settings.partitions,
            "replicas": settings.replication,
            "topicConfiguration": {
                "cleanup.policy": [kept.get("cleanup.policy", "delete")],
                "retention.ms": int(kept["retention.ms"]),
            },
        }
        return {
            "address": topic.name,
            "messages": {e.type: {"$ref": f"#/components/messages/{e.type}"} for e in events if e.topic == topic},
            "bindings": {"kafka": binding},
        }


def _servers(generated: ApplicationSchema, security: BaseSecurity | None) -> dict[str, Server]:
    """FastStream's servers, one for each bootstrap address, described by the security of the broker."""
    servers = list((generated.servers or {}).values())
    encrypted = security is not None and security.use_ssl
    if isinstance(security, ClientCertificate):
        authentication = "authentication by certificate"
    else:
        authentication = "SASL authentication" if security and security.get_requirement() else "no authentication"
    for server in servers:
        server.description = f"Kafka bootstrap server: {'TLS' if encrypted else 'no encryption'}, {authentication}."
        server.security = server.security or None
        server.protocolVersion = None  # FastStream writes "auto"
    if len(servers) == 1:
        return {"kafka": servers[0]}
    return {f"kafka-{number}": server for number, server in enumerate(servers, 1)}


def _channel_names(topic: Topic) -> list[str]:
    """The names of a topic's channels: its own, and one for the topics of all centres."""
    return topic.names(["centre"])


def _of_each_centre(channel: Mapping[str, Any]) -> dict[str, Any]:
    """A topic's channel as that of the topics of each centre."""
    binding = {name: value for name, value in channel["bindings"]["kafka"].items() if name != "topic"}
    return {
        **channel,
        "address": f"{channel['address']}.{{centre}}",
        "parameters": {"centre": {"description": "The code of the centre whose own software writes here."}},
        "bindings": {"kafka": binding},
    }


def _operation(action: str, channel: str, messages: list[type[Event]]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{event.type}"} for event in messages],
    }


def _message(event: type[Event]) -> dict[str, Any]:
    schema = event.model_json_schema(ref_template=f"#/components/messages/{event.type}/payload/$defs/{{model}}")
    return {
        "name": event.type,
        "title": event.__name__,
        "summary": (event.__doc__ or "").strip().split("\n")[0],
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "headers": _HEADERS,
        "payload": schema,
        "bindings": {"kafka": {"key": {"type": "string", "description": f"`{event.about}`"}}},
    }
