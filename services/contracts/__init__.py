"""The wire contracts: event types, topics and shared value types. Pydantic only, no I/O."""

from services.contracts import (
    accounts,
    directory,
    earlier,
    erasure,
    intake,
    interviews,
    offers,
    paths,
    persons,
    plans,
    public_booking,
    queue,
    rooms,
    scheduling,
    workshops,
)
from services.contracts.envelope import EVENTS, Event, Privacy
from services.contracts.topics import TOPICS, Topic

__all__ = [
    "EVENTS",
    "TOPICS",
    "Event",
    "Privacy",
    "Topic",
    "accounts",
    "directory",
    "earlier",
    "erasure",
    "intake",
    "interviews",
    "offers",
    "paths",
    "persons",
    "plans",
    "public_booking",
    "queue",
    "rooms",
    "scheduling",
    "workshops",
]
