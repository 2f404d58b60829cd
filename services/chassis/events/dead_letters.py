"""Records that could not be processed: position, reason and attempts, kept until an operator decides.

`sealing` says what is kept of a record's content.

`held`: an out-of-order event; it is processed as soon as the missing one has arrived. `dead`: an event whose every
attempt failed, or that was held too long. `retried`, `discarded`: what an operator decided.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from services.chassis.events.sealing import KeptRecord
from services.chassis.refusals import NotFound, Refused, msg
from services.chassis.storage.outbox import pack_headers
from services.chassis.storage.store import Work
from services.chassis.storage.tables import CONTENTS, DEAD, DeadLetterState
from services.contracts.cloudevents import Headers, IncomingEvent, Record, UnreadableEvent, read_event


class OutOfOrder(Refused):
    """An earlier event of the same aggregate is missing: retry that one first."""

    slug = "out-of-order"
    message = msg(
        "Event {sequence} cannot be handled before event {missing} of the same record. Retry event {missing} first."
    )


class RetryFailed(Refused):
    """The event still cannot be processed. Fix the cause and retry, or discard it."""

    slug = "retry-failed"
    message = msg("It failed again. Nothing was changed. Fix the cause and retry, or discard the event.")


class TooLate(Refused):
    """The event's type is known now, but later events of its aggregate took effect meanwhile."""

    slug = "too-late"
    message = msg(
        "Event {sequence} can no longer be handled: event {last} of the same record took effect in "
        "the meantime. Discard event {sequence}."
    )


def dead_letter_row(
    record: Record,
    kept: KeptRecord,
    *,
    state: DeadLetterState,
    reason: str,
    detail: str,
    attempts: int,
    at: datetime,
    **about: Any,
) -> dict[str, Any]:
    """The row for this record. `about`: type, source, subject and sequence, as far as they could be read.

    Without its source or subject, which are kept only if they are well formed, an event has no place in an order.
    """
    known = kept.declared.attributes()
    about = {name: value for name, value in about.items() if name == "sequence" or value in known}
    if not {"source", "subject"} <= about.keys():
        about["sequence"] = None
    return {
        "id": uuid4(),
        "state": state.value,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
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
        **kept.columns,
        **about,
    }


def _storable(text: str) -> str:
    """The text without NUL and lone surrogates, which stores and headers refuse; at most 2,000 characters."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\\0")[:2000]


def explained_headers(record: Record, row: Any, *, service: str) -> Headers:
    """The declared headers plus reason, position, attempts and what is left out, for the dead-letter topic."""
    added = {
        "cefo-reason": row.reason,
        "cefo-detail": row.detail,
        "cefo-service": service,
        "cefo-attempts": str(row.attempts),
        "cefo-position": f"{record.topic}/{record.partition}/{record.offset}",
        "cefo-withheld": ", ".join(row.withheld or ()),
    }
    return [*record.headers, *((name, value.encode()) for name, value in added.items() if value)]


def reason_and_detail(error: Exception) -> tuple[str, str]:
    """The error as a slug and a sentence."""
    return error.slug if isinstance(error, Refused) else type(error).__name__, str(error)


def fault_of(
    record: Record, error: Exception, incoming: IncomingEvent | None = None
) -> tuple[str, str, dict[str, Any]]:
    """The error as a slug and a sentence, and the attributes of the record that could be read.

    `incoming`: the event of the record, if it was read already.
    """
    if isinstance(error, UnreadableEvent):
        return error.reason, error.detail, error.about
    return *reason_and_detail(error), attributes_of(incoming or read_event(record))


def attributes_of(incoming: IncomingEvent) -> dict[str, Any]:
    """The columns of a dead letter that describe its event."""
    return {
        "type": incoming.type,
        "source": incoming.source,
        "subject": incoming.subject,
        "sequence": incoming.sequence,
    }


async def load_dead_letter(session: Any, table: sa.Table, id: Any, *, lock: bool = False) -> Any:
    """One dead letter's row. Raises `NotFound`."""
    chosen = sa.select(table).where(table.c.id == id)
    row = (await session.execute(chosen.with_for_update() if lock else chosen)).one_or_none()
    if row is None:
        raise NotFound(what=msg("stuck event"))
    return row


SUBJECT_ERASED = "subject-erased"
"""The reason of a dead letter that waits to be discarded because its person was erased."""


async def erase_dead_letters(work: Work, subject_ref: UUID) -> None:
    """Empty the dead letters about this person. Each service's erasure of a person calls it.

    An event that is held is discarded. One that is dead is discarded by the consumer, with those held behind it. Of
    what operators wrote, it stays who decided or read the content, and when.
    """
    table, reveals = work.table("dead_letters"), work.table("dead_letter_reveals")
    theirs = sa.or_(table.c.subject_ref == subject_ref, table.c.subject == str(subject_ref))
    chosen = sa.select(table.c.id, table.c.state, table.c.decision).where(theirs)
    rows = (await work.session.execute(chosen.order_by(table.c.id).with_for_update())).all()
    if not rows:
        return
    empty: dict[str, Any] = {"key": None, "headers": pack_headers([]), "value": b"", "withheld": [], "detail": ""}
    empty |= {"subject_ref": None, "sealed": None, "sealed_until": work.now}
    for row in rows:
        match DeadLetterState(row.state):
            case DeadLetterState.HELD:
                decided = {"decided_at": work.now, "decision": SUBJECT_ERASED}
                more = {"state": DeadLetterState.DISCARDED.value} | decided
            case DeadLetterState.DEAD:
                more = {"reason": SUBJECT_ERASED, "decision": None}
            case DeadLetterState.RETRIED | DeadLetterState.DISCARDED:
                more = {"decision": who_decided(row.decision)}
        await work.session.execute(sa.update(table).where(table.c.id == row.id).values(**empty, **more))
    emptied = reveals.c.dead_letter.in_([row.id for row in rows])
    await work.session.execute(sa.update(reveals).where(emptied).values(reason=""))
    work.purged.update(CONTENTS)


_WHY = ": "


def decision_of(by: str, reason: str) -> str:
    """The decision of an operator (`Person.subject`): who and why."""
    return f"{by}{_WHY}{reason}"


def who_decided(decision: str | None) -> str | None:
    """A decision without its reason."""
    return decision.partition(_WHY)[0] if decision is not None else None


RETRY = "retry: "
"""How the decision of a dead letter begins that the consumer retries by itself; then why."""


async def retry_refused(work: Work, reason: str, because: str) -> None:
    """Have the consumer retry the dead letters with this reason, as what they lacked is there now."""
    table = work.table("dead_letters")
    theirs = (table.c.state.in_(DEAD), table.c.reason == reason)
    await work.session.execute(sa.update(table).where(*theirs).values(decision=f"{RETRY}{because}"))
