"""Everything said on the wire: event types, topics and shared value types. Pydantic only, no input or output."""

from services.contracts import directory, intake, plans, scheduling
from services.contracts.envelope import EVENTS, Event, Privacy

__all__ = ["EVENTS", "Event", "Privacy", "directory", "intake", "plans", "scheduling"]
