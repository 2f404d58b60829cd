"""Orders incoming events per aggregate: which are due now, and which are held for a missing one. No I/O."""

from bisect import insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from services.contracts.cloudevents import IncomingEvent
from services.contracts.topics import topic_named

Key = tuple[str, str]
"""(source, aggregate id), or (source, `#` and the event's id) for an event without a sequence."""


class Position(Enum):
    """An event's position relative to the last processed event of its aggregate."""

    NEXT = "next"
    REPEATED = "repeated"
    AHEAD = "ahead"


def inbox_key(incoming: IncomingEvent) -> Key:
    """The key of this event's inbox row."""
    return (incoming.source, incoming.subject if incoming.sequence is not None else f"#{incoming.id}")


def position_of(incoming: IncomingEvent, last: int | None) -> Position:
    """The event's position after `last`, the last processed sequence (None: no inbox row)."""
    if incoming.sequence is None:
        return Position.NEXT if last is None else Position.REPEATED
    if last is not None and incoming.sequence <= last:
        return Position.REPEATED
    # A compacted topic drops earlier events; its newest event is the whole state.
    if incoming.sequence == (last or 0) + 1 or topic_named(incoming.record.topic).compacted:
        return Position.NEXT
    # The first of an epoch: what came after `previous` in older epochs is no longer in its sender's store.
    return Position.NEXT if incoming.previous <= (last or 0) else Position.AHEAD


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An out-of-order event. `dead_letter_id`: its row, None if not stored yet.

    `incoming` None: it was discarded, or it is a dead letter that waits for a decision (`undecided`).
    """

    sequence: int
    previous: int
    dead_letter_id: UUID | None
    incoming: IncomingEvent | None
    undecided: bool = False

    @property
    def discarded(self) -> bool:
        """Whether an operator discarded it: its number is passed over."""
        return self.incoming is None and not self.undecided


class SequenceTracker:
    """Tracks the sequence of each aggregate in a batch, and its held events."""

    def __init__(self, last: Mapping[Key, int], held: Mapping[Key, Iterable[HeldEvent]]) -> None:
        self.stored = dict(last)
        self.positions = dict(last)
        self.released: list[UUID] = []
        """Ids of the rows of events that are no longer held."""
        self._held = {key: sorted(some, key=lambda one: one.sequence) for key, some in held.items()}

    def admit(self, incoming: IncomingEvent) -> tuple[Position, list[IncomingEvent]]:
        """The event's position, and the events that are due now, in order."""
        key = inbox_key(incoming)
        position = position_of(incoming, self.positions.get(key))
        if position is Position.NEXT and self._has_open_before(key, incoming):
            position = Position.AHEAD
        if position is Position.NEXT and self._was_discarded(key, incoming.sequence):
            return Position.REPEATED, self.advance(key, incoming.sequence or 1)
        if position is Position.NEXT:
            return position, [incoming, *self.advance(key, incoming.sequence or 1)]
        if position is Position.AHEAD and incoming.sequence is not None:
            self.positions.setdefault(key, 0)
            line = self._held.setdefault(key, [])
            if incoming.sequence not in {one.sequence for one in line if not one.undecided}:
                held = HeldEvent(incoming.sequence, incoming.previous, None, incoming)
                insort(line, held, key=lambda one: one.sequence)
        return position, []

    def first_held(self, key: Key) -> int | None:
        """The sequence of the aggregate's first held event; None without one."""
        return next((one.sequence for one in self._held.get(key, ()) if one.incoming is not None), None)

    def advance(self, key: Key, sequence: int) -> list[IncomingEvent]:
        """Set the aggregate's sequence; returns the held events that are due now, in order."""
        self.positions[key] = sequence
        if not (line := self._held.get(key)):
            return []
        due, waiting, open_before = list[IncomingEvent](), list[HeldEvent](), False
        for one in line:
            passed = one.sequence <= self.positions[key]
            if not passed and (open_before or one.undecided or one.previous > self.positions[key]):
                waiting.append(one)
                open_before = open_before or not one.discarded
                continue
            if one.dead_letter_id is not None and one.incoming is not None:
                self.released.append(one.dead_letter_id)
            if not passed:
                self.positions[key] = one.sequence
                due += [one.incoming] if one.incoming is not None else []
        self._held[key] = waiting
        return due

    def pass_over(self, key: Key, sequence: int) -> list[IncomingEvent]:
        """The held events that are due because this event was discarded, in order."""
        position = self.positions.setdefault(key, 0)
        mine = [one for one in self._held.get(key, ()) if one.sequence == sequence]
        its_turn = any(one.previous <= position for one in mine) and not self._open_before(key, sequence)
        return self.advance(key, max(position, sequence) if its_turn else position)

    def _has_open_before(self, key: Key, incoming: IncomingEvent) -> bool:
        """Whether the first event of an epoch has to wait for events of older ones that are held or dead letters."""
        if incoming.sequence is None or topic_named(incoming.record.topic).compacted:
            return False
        return self._open_before(key, incoming.sequence)

    def _open_before(self, key: Key, sequence: int) -> bool:
        last = self.positions.get(key, 0)
        return any(last < one.sequence < sequence and not one.discarded for one in self._held.get(key, ()))

    def _was_discarded(self, key: Key, sequence: int | None) -> bool:
        """Whether an operator discarded this event earlier; it is read again during a rebuild."""
        return any(one.sequence == sequence and one.discarded for one in self._held.get(key, ()))

    def waits(self, key: Key) -> bool:
        """Whether an event of this aggregate is held, or a dead letter."""
        return bool(self._held.get(key))

    @property
    def newly_held(self) -> list[IncomingEvent]:
        """Events held in this batch that have no row yet."""
        return [
            one.incoming for line in self._held.values() for one in line if one.dead_letter_id is None and one.incoming
        ]
