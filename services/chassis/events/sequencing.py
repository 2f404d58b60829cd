"""Puts events into each aggregate's order: what is due now, and what waits for an event that is missing. No I/O."""

from bisect import insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from services.contracts import TOPICS
from services.contracts.cloudevents import IncomingEvent

Key = tuple[str, str]
"""(source, aggregate id) or (source, `#` and the event's id)."""


class Position(Enum):
    """Where an event stands with regard to what was heard before."""

    NEXT = "next"
    REPEATED = "repeated"
    AHEAD = "ahead"


def inbox_key(incoming: IncomingEvent) -> Key:
    """Under which key this event is remembered."""
    return (incoming.source, incoming.subject if incoming.sequence is not None else f"#{incoming.id}")


def position_of(incoming: IncomingEvent, last: int | None) -> Position:
    """Where the event stands after `last` (None: nothing heard of this aggregate yet)."""
    if incoming.sequence is None:
        return Position.NEXT if last is None else Position.REPEATED
    if last is not None and incoming.sequence <= last:
        return Position.REPEATED
    # Compacted topics forget: there the newest is the whole truth.
    if incoming.sequence == (last or 0) + 1 or TOPICS[incoming.record.topic].compacted:
        return Position.NEXT
    return Position.AHEAD


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An event that came too early. `letter`: where it is kept; `heard` None: somebody decided to pass it over."""

    sequence: int
    dead_letter_id: UUID | None
    incoming: IncomingEvent | None


class SequenceTracker:
    """Puts what is heard into each aggregate's order: what is due now, and what waits for an event that is missing."""

    def __init__(self, last: Mapping[Key, int], held: Mapping[Key, Iterable[HeldEvent]]) -> None:
        self.stored = dict(last)
        self.positions = dict(last)
        self.released: list[UUID] = []
        """Letters of events that wait no longer."""
        self._held = {key: sorted(some, key=lambda one: one.sequence) for key, some in held.items()}

    def admit(self, incoming: IncomingEvent) -> tuple[Position, list[IncomingEvent]]:
        """Where the event stands, and which events are due now, in order."""
        key = inbox_key(incoming)
        position = position_of(incoming, self.positions.get(key))
        if position is Position.NEXT and self._was_discarded(key, incoming.sequence):
            return Position.REPEATED, self.advance(key, incoming.sequence or 1)
        if position is Position.NEXT:
            return position, [incoming, *self.advance(key, incoming.sequence or 1)]
        if position is Position.AHEAD and incoming.sequence is not None:
            self.positions.setdefault(key, 0)
            line = self._held.setdefault(key, [])
            if incoming.sequence not in {one.sequence for one in line}:
                insort(line, HeldEvent(incoming.sequence, None, incoming), key=lambda one: one.sequence)
        return position, []

    def first_held(self, key: Key) -> int | None:
        """The first event of the aggregate that waits to be handled."""
        return next((one.sequence for one in self._held.get(key, ()) if one.incoming is not None), None)

    def advance(self, key: Key, sequence: int) -> list[IncomingEvent]:
        """The aggregate has come to this event: which of those that waited are due now, in order."""
        due: list[IncomingEvent] = []
        self.positions[key] = sequence
        line = self._held.get(key, [])
        while line and line[0].sequence <= self.positions[key] + 1:
            one = line.pop(0)
            if one.dead_letter_id is not None and one.incoming is not None:
                self.released.append(one.dead_letter_id)
            if one.sequence > self.positions[key]:
                self.positions[key] = one.sequence
                due += [one.incoming] if one.incoming is not None else []
        return due

    def _was_discarded(self, key: Key, sequence: int | None) -> bool:
        """Somebody discarded this event before; it comes again because everything is read again."""
        return any(one.sequence == sequence and one.incoming is None for one in self._held.get(key, ()))

    @property
    def newly_held(self) -> list[IncomingEvent]:
        """What waits and is kept nowhere yet."""
        return [
            one.incoming for line in self._held.values() for one in line if one.dead_letter_id is None and one.incoming
        ]
