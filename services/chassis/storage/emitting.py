"""Emits the events of a unit of work: numbers them, and keeps their outbox rows until it is flushed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Field, SQLModel

from services.chassis.storage.outbox import outbox_row, raw_row
from services.chassis.storage.tables import BigNumber
from services.contracts import Event, Topic
from services.contracts.cloudevents import write_event
from services.contracts.sequences import next_sequence


class Aggregate(SQLModel):
    """The root row of an aggregate, whose events are ordered.

    `version` is the number of its last event, which counts them from 1, from 1 again in each epoch of the store;
    `correlation_id` is its chain, from check-in to referral.
    """

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    version: int = Field(default=0, sa_type=BigNumber)  # pyright: ignore[reportArgumentType]  # an instance works too
    correlation_id: UUID = Field(default_factory=uuid4)


@dataclass(frozen=True, slots=True)
class Cause:
    """The cause of a unit of work: its chain, and the event that triggered it (None for a request)."""

    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    traceparent: str | None = None
    """The trace of the request or the event."""


class Emitter:
    """The events of one unit of work. Published after the commit, in the order of each aggregate's versions."""

    def __init__(self, now: datetime, cause: Cause, epoch: int) -> None:
        self.now = now
        self._cause: Cause | Callable[[], Cause] = cause
        self.epoch = epoch
        self._started: set[UUID] = set()
        self._emitted: list[dict[str, Any]] = []

    @property
    def cause(self) -> Cause:
        """The cause of the unit of work; in a batch, of the event that is being processed."""
        if not isinstance(self._cause, Cause):
            self._cause = self._cause()
        return self._cause

    @cause.setter
    def cause(self, cause: Cause | Callable[[], Cause]) -> None:
        # Set lazily per event: most causes are never read.
        self._cause = cause

    def emit(self, aggregate: Aggregate, event: Event) -> None:
        """Emit an event of this aggregate. It is published after the commit, in the order of the versions."""
        before, aggregate.version = aggregate.version, self.next_version(aggregate, event.topic)
        self.emit_row_event(
            event,
            sequence=aggregate.version,
            correlation_id=aggregate.correlation_id,
            previous=before if aggregate.version != before + 1 else None,
        )

    def next_version(self, aggregate: Aggregate, topic: Topic) -> int:
        """The version of this aggregate after its next event on this topic. Raises `NumbersUsedUp`."""
        # A new one begins at 1 in every epoch. If it existed before the store was restored, this is the same creation
        # again, and who knows it ignores it. Not so on a compacted topic: there the newest state must count.
        if aggregate.id in self._started and not topic.compacted:
            return aggregate.version + 1
        return next_sequence(aggregate.version, self.epoch)

    def emit_row_event(self, event: Event, *, sequence: int, correlation_id: UUID, previous: int | None = None) -> None:
        """Emit an event of an aggregate that was inserted in bulk. `sequence` counts its events from 1.

        `previous`: the number that it follows, if not the one before.
        """
        self._emitted.append(
            outbox_row(
                event,
                time=self.now,
                sequence=sequence,
                correlation_id=correlation_id,
                causation_id=self.cause.causation_id,
                traceparent=self.cause.traceparent,
                previous=previous,
            )
        )

    def publish_to_partners(self, event: Event, *, id: UUID, sequence: int) -> None:
        """Emit an event for partners, with the id under which the HTTP feed has it too.

        It carries neither chain nor cause: these would reveal that two events are about the same person.
        """
        record = write_event(
            event,
            id=id,
            time=self.now,
            sequence=sequence,
            correlation_id=id,
            causation_id=None,
        )
        self._emitted.append(raw_row(record, self.now))

    def publish_raw(self, row: dict[str, Any]) -> None:
        """Publish an outbox row unchanged; for dead letters and ends of keys."""
        self._emitted.append(row)
