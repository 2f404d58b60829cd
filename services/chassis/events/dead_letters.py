"""What could not be handled, kept with its bytes, its place, the reason and the tries, until somebody decides.

`held`: an event that came before one that is missing; it is handled by itself when the missing one has arrived.
`dead`: an event that no try could handle, or that was held too long. `retried`, `discarded`: what somebody decided.
"""

from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from services.chassis.refusals import NotFound, Refused, msg
from services.chassis.storage.outbox import pack_headers, unpack_headers
from services.chassis.storage.tables import DeadLetterState
from services.contracts.cloudevents import Headers, IncomingEvent, Record, UnreadableEvent, read_event


class OutOfOrder(Refused):
    """An earlier event of the same aggregate is missing: retry that one first."""

    slug = "out-of-order"
    message = msg("Event {sequence} of its aggregate cannot be handled before event {missing}. Retry that one first.")


class RetryFailed(Refused):
    """The event still cannot be handled. Mend the cause and retry, or discard it."""

    slug = "retry-failed"
    message = msg("It failed again ({reason}): {detail}. Nothing was changed.")


class TooLate(Refused):
    """The event's type is known now, but later events of its aggregate took effect meanwhile."""

    slug = "too-late"
    message = msg(
        "Event {sequence} of its aggregate cannot be handled any more: event {last} took effect meanwhile. Discard it."
    )


def dead_letter_row(
    record: Record, *, state: DeadLetterState, reason: str, detail: str, attempts: int, at: datetime, **about: Any
) -> dict[str, Any]:
    """The row that keeps this record. `about`: type, source, subject, sequence where they could be read."""
    return {
        "id": uuid4(),
        "state": state.value,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": record.key,
        "headers": pack_headers(record.headers),
        "value": record.value,
        "type": None,
        "source": None,
        "subject": None,
        "sequence": None,
        "reason": reason[:80],
        "detail": _storable(detail),
        "attempts": attempts,
        "at": at,
        "decided_at": None,
        "decision": None,
        **about,
    }


def _storable(text: str) -> str:
    """Text that every store and header takes."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\\0")[:2000]


def original_record(row: Any) -> Record:
    """The record as it was read."""
    return Record(row.topic, row.key, unpack_headers(row.headers), row.value, row.partition, row.offset)


def explained_headers(record: Record, *, reason: str, detail: str, attempts: int, service: str) -> Headers:
    """The original headers, with the reason, place and tries beside them, for the dead-letter topic."""
    told = {
        "cefo-reason": reason,
        "cefo-detail": _storable(detail),
        "cefo-service": service,
        "cefo-attempts": str(attempts),
        "cefo-position": f"{record.topic}/{record.partition}/{record.offset}",
    }
    return [*record.headers, *((name, value.encode()) for name, value in told.items())]


def reason_and_detail(error: Exception) -> tuple[str, str]:
    """What went wrong, as a slug and in words."""
    return error.slug if isinstance(error, Refused) else type(error).__name__, str(error)


def fault_of(record: Record, error: Exception) -> tuple[str, str, dict[str, Any]]:
    """What went wrong with this record, as a slug and in words, and what could be read of it."""
    if isinstance(error, UnreadableEvent):
        return error.reason, error.detail, error.about
    return *reason_and_detail(error), attributes_of(read_event(record))


def attributes_of(incoming: IncomingEvent) -> dict[str, Any]:
    """What a letter says of the event it holds."""
    return {
        "type": incoming.type,
        "source": incoming.source,
        "subject": incoming.subject,
        "sequence": incoming.sequence,
    }


async def load_dead_letter(session: Any, table: sa.Table, id: Any, *, lock: bool = False) -> Any:
    """One letter. Raises `NotFound`."""
    chosen = sa.select(table).where(table.c.id == id)
    row = (await session.execute(chosen.with_for_update() if lock else chosen)).one_or_none()
    if row is None:
        raise NotFound(what=msg("dead letter"))
    return row


async def has_dead_letter(session: Any, table: sa.Table, record: Record) -> bool:
    """Whether there is a letter of this very record: topics are read again after a crash or for a rebuild."""
    if record.offset < 0:
        return False
    place = (table.c.topic == record.topic, table.c.partition == record.partition, table.c.offset == record.offset)
    # A new cluster counts its offsets from the beginning again.
    same = (
        *place,
        table.c.key.is_not_distinct_from(record.key),
        table.c.value == record.value,
        table.c.state != DeadLetterState.HELD.value,
    )
    return await session.scalar(sa.select(sa.exists().where(*same)))
