"""The AsyncAPI 3 document of what running services say and listen to, made from their contracts and reactions."""

from collections.abc import Mapping
from typing import Any

from services.chassis.events.reactions import Reactions
from services.contracts import EVENTS, Event, Topic

_HEADERS: dict[str, Any] = {
    "type": "object",
    "required": ["ce_specversion", "ce_type", "ce_source", "ce_id"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_type": {"type": "string"},
        "ce_source": {"type": "string", "description": "Which service said it, for example /intake."},
        "ce_id": {"type": "string", "description": "With ce_source, names the event once and for all."},
        "ce_subject": {"type": "string", "description": "The aggregate the event is about; also the record's key."},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_sequence": {"type": "string", "description": "Which event of its aggregate this is, from 1, without gaps."},
        "ce_correlationid": {"type": "string", "description": "The chain from check-in to referral."},
        "ce_causationid": {"type": "string", "description": "The event that set this one off."},
        "content-type": {"const": "application/json"},
    },
}


def asyncapi_document(services: Mapping[str, Reactions]) -> dict[str, Any]:
    """The document of these services, by name: of one, or of the whole platform."""
    sent = [event for event in EVENTS.values() if event.topic.owner in services]
    heard = {type: name for name, reactions in services.items() for type in reactions.by_type}
    events = {event.type: event for event in [*sent, *(EVENTS[type] for type in heard)]}
    topics = sorted({event.topic for event in events.values()}, key=lambda topic: topic.name)
    operations: dict[str, Any] = {}
    for name, reactions in services.items():
        for topic in topics:
            said = [e for e in sent if e.topic == topic and topic.owner == name]
            listened = [EVENTS[type] for type in reactions.by_type if EVENTS[type].topic == topic]
            for action, messages in (("send", said), ("receive", listened)):
                if messages:
                    operations[f"{name}.{action}.{topic.name}"] = {
                        "action": action,
                        "channel": {"$ref": f"#/channels/{topic.name}"},
                        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{e.type}"} for e in messages],
                    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "cefo", "version": "1", "description": "CloudEvents 1.0 in Kafka binary mode."},
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic, list(events.values())) for topic in topics},
        "operations": operations,
        "components": {"messages": {type: _message(event) for type, event in sorted(events.items())}},
    }


def _channel(topic: Topic, events: list[type[Event]]) -> dict[str, Any]:
    kept = "compact" if topic.compacted else "delete"
    return {
        "address": topic.name,
        "messages": {e.type: {"$ref": f"#/components/messages/{e.type}"} for e in events if e.topic == topic},
        "bindings": {"kafka": {"topic": topic.name, "topicConfiguration": {"cleanup.policy": [kept]}}},
    }


def _message(event: type[Event]) -> dict[str, Any]:
    schema = event.model_json_schema(ref_template=f"#/components/messages/{event.type}/payload/$defs/{{model}}")
    return {
        "name": event.type,
        "title": event.__name__,
        "summary": (event.__doc__ or "").strip().split("\n")[0],
        "headers": _HEADERS,
        "payload": schema,
        "bindings": {"kafka": {"key": {"type": "string", "description": f"`{event.about}`"}}},
    }
