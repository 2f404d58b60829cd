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


def inbox_key(heard: IncomingEvent) -> Key:
    """Under which key this event is remembered."""
    return (heard.source, heard.subject if heard.sequence is not None else f"#{heard.id}")


def position_of(heard: IncomingEvent, last: int | None) -> Position:
    """Where the event stands after `last` (None: nothing heard of this aggregate yet)."""
    if heard.sequence is None:
        return Position.NEXT if last is None else Position.REPEATED
    if last is not None and heard.sequence <= last:
        return Position.REPEATED
    # Compacted topics forget: there the newest is the whole truth.
    if heard.sequence == (last or 0) + 1 or TOPICS[heard.record.topic].compacted:
        return Position.NEXT
    return Position.AHEAD


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An event that came too early. `letter`: where it is kept; `heard` None: somebody decided to pass it over."""

    sequence: int
    letter: UUID | None
    heard: IncomingEvent | None


class SequenceTracker:
    """Puts what is heard into each aggregate's order: what is due now, and what waits for an event that is missing."""

    def __init__(self, last: Mapping[Key, int], waiting: Mapping[Key, Iterable[HeldEvent]]) -> None:
        self.stored = dict(last)
        self.positions = dict(last)
        self.released: list[UUID] = []
        """Letters of events that wait no longer."""
        self._waiting = {key: sorted(some, key=lambda one: one.sequence) for key, some in waiting.items()}

    def admit(self, heard: IncomingEvent) -> tuple[Position, list[IncomingEvent]]:
        """Where the event stands, and which events are due now, in order."""
        key = inbox_key(heard)
        where = position_of(heard, self.positions.get(key))
        if where is Position.NEXT and self._was_discarded(key, heard.sequence):
            return Position.REPEATED, self.advance(key, heard.sequence or 1)
        if where is Position.NEXT:
            return where, [heard, *self.advance(key, heard.sequence or 1)]
        if where is Position.AHEAD and heard.sequence is not None:
            self.positions.setdefault(key, 0)
            line = self._waiting.setdefault(key, [])
            if heard.sequence not in {one.sequence for one in line}:
                insort(line, HeldEvent(heard.sequence, None, heard), key=lambda one: one.sequence)
        return where, []

    def first_held(self, key: Key) -> int | None:
        """The first event of the aggregate that waits to be handled."""
        return next((one.sequence for one in self._waiting.get(key, ()) if one.heard is not None), None)

    def advance(self, key: Key, sequence: int) -> list[IncomingEvent]:
        """The aggregate has come to this event: which of those that waited are due now, in order."""
        due: list[IncomingEvent] = []
        self.positions[key] = sequence
        line = self._waiting.get(key, [])
        while line and line[0].sequence <= self.positions[key] + 1:
            one = line.pop(0)
            if one.letter is not None and one.heard is not None:
                self.released.append(one.letter)
            if one.sequence > self.positions[key]:
                self.positions[key] = one.sequence
                due += [one.heard] if one.heard is not None else []
        return due

    def _was_discarded(self, key: Key, sequence: int | None) -> bool:
        """Somebody discarded this event before; it comes again because everything is read again."""
        return any(one.sequence == sequence and one.heard is None for one in self._waiting.get(key, ()))

    @property
    def early(self) -> list[IncomingEvent]:
        """What waits and is kept nowhere yet."""
        return [one.heard for line in self._waiting.values() for one in line if one.letter is None and one.heard]
