"""Makes dead letters of records, those of a batch at once, and publishes each on the dead-letter topic of its topic."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.events.dead_letters import (
    attributes_of,
    dead_letter_row,
    explained_headers,
    fault_of,
)
from services.chassis.events.sealing import RecordSealer
from services.chassis.events.sequencing import Position, SequenceTracker, inbox_key
from services.chassis.runtime.telemetry import log
from services.chassis.storage.bulk import in_list, insert_rows
from services.chassis.storage.outbox import raw_row
from services.chassis.storage.store import Store, Work
from services.chassis.storage.tables import HELD, DeadLetterState
from services.contracts.cloudevents import IncomingEvent, Record
from services.contracts.topics import topic_named

_log = log(__name__)

Outcomes = Counter[str]
"""How many events had each outcome."""


class Fault(NamedTuple):
    """A record, and why it could not be processed. `incoming`: its event, if it was read."""

    record: Record
    error: Exception
    incoming: IncomingEvent | None = None


Place = tuple[str, int, int, bytes]
"""Topic, partition, offset and fingerprint of a record."""


class DeadLetterMaker:
    """Makes the dead letters of one service."""

    def __init__(self, store: Store, sealer: RecordSealer) -> None:
        self._service = store.service
        self._sealer = sealer
        self._table = store.table("dead_letters")

    async def make(self, work: Work, faults: Sequence[Fault], attempts: int = 1) -> Outcomes:
        """Insert and publish a dead letter for each record that has none yet."""
        known = await self._known(work.session, [one.record for one in faults])
        rows: list[dict[str, Any]] = []
        reasons = Counter[tuple[str, str]]()
        for record, error, incoming in faults:
            if not known.isdisjoint(self._places(record)):
                continue
            reason, detail, about = fault_of(record, error, incoming)
            kept, state = self._sealer.keep(record, work.now), DeadLetterState.DEAD
            row = dead_letter_row(
                record, kept, state=state, reason=reason, detail=detail, attempts=attempts, at=work.now, **about
            )
            rows.append(row)
            self.publish(work, kept.declared.record, SimpleNamespace(**row))
            reasons[(reason, record.topic)] += 1
        await insert_rows(work.session, self._table, rows)
        # One line for those of a batch: a desk that sends thousands fills no log.
        for (reason, topic), number in reasons.items():
            _log.error("dead letters", service=self._service, reason=reason, topic=topic, events=number)
        outcomes = Outcomes()
        outcomes.update(DeadLetterState.DEAD.value for _ in rows)
        outcomes[Position.REPEATED.value] += len(faults) - len(rows)
        return +outcomes

    async def hold(self, work: Work, tracker: SequenceTracker) -> Outcomes:
        """Keep the events that came before an earlier one of their aggregate."""
        rows: list[dict[str, Any]] = []
        for one in tracker.newly_held:
            missing = tracker.positions.get(inbox_key(one), 0) + 1
            detail = f"event {one.sequence} came before event {missing} of its aggregate"
            kept: dict[str, Any] = {"state": DeadLetterState.HELD, "reason": "ahead", "detail": detail, "attempts": 1}
            content = self._sealer.keep(one.record, work.now)
            rows.append(dead_letter_row(one.record, content, at=work.now, **kept, **attributes_of(one)))
        await insert_rows(work.session, self._table, rows)
        return Outcomes(DeadLetterState.HELD.value for _ in rows)

    def publish(self, work: Work, declared: Record, row: Any) -> None:
        """Publish the declared part of a record; `row`: its dead letter."""
        headers = explained_headers(declared, row, service=self._service)
        topic = topic_named(declared.topic).dead_letters
        work.publish_raw(raw_row(declared._replace(topic=topic, headers=headers), work.now))

    async def _known(self, session: AsyncSession, records: Sequence[Record]) -> set[Place]:
        """The dead letters that these records already have: topics are read again after a crash or for a rebuild."""
        offsets: dict[tuple[str, int], list[int]] = defaultdict(list)
        for record in records:
            if record.offset >= 0:
                offsets[(record.topic, record.partition)].append(record.offset)
        found: set[Place] = set()
        for (topic, partition), some in offsets.items():
            at = {"topic": topic, "partition": partition, "offsets": some}
            rows = await session.execute(_known_at(self._table), at)
            found |= {(topic, partition, row.offset, row.fingerprint) for row in rows}
        return found

    def _places(self, record: Record) -> list[Place]:
        """How a dead letter of this very record is known. Offsets of a new cluster start at 0 again."""
        return [(record.topic, record.partition, record.offset, one) for one in self._sealer.fingerprints(record)]


@cache
def _known_at(table: sa.Table) -> Any:
    position = (table.c.topic == sa.bindparam("topic"), table.c.partition == sa.bindparam("partition"))
    known = sa.select(table.c.offset, table.c.fingerprint)
    return known.where(*position, in_list(table.c.offset, "offsets"), table.c.state.not_in(HELD))
