"""Dead letters as operators see them: what is read from the store, and how it is shown."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.copies.accounts import account_names
from services.chassis.events.dead_letters import load_dead_letter, who_decided
from services.chassis.events.sealing import kept_record
from services.chassis.refusals import Refused
from services.chassis.service.definition import Runtime
from services.chassis.storage.list_order import ListOrder
from services.chassis.storage.tables import DEAD, HELD, DeadLetterState
from services.chassis.web.routing import Body
from services.contracts.cloudevents import Record
from services.contracts.text import Text

MAX_RETRIED = 500
"""Most dead letters that one request retries."""


class DeadLetter(BaseModel):
    """A dead letter as the API returns it."""

    id: UUID
    service: str
    state: str
    topic: str
    partition: int
    offset: int
    type: str | None
    source: str | None
    subject: str | None
    sequence: int | None
    reason: str
    detail: str
    attempts: int
    at: datetime
    decided_at: datetime | None
    decision: str | None
    names: dict[str, str]
    """The names of the accounts in it that decided, or read the content, by what they are called there."""


class Decided(BaseModel):
    """The state of a dead letter after a decision."""

    state: DeadLetterState


class Retried(BaseModel):
    """How many dead letters were handled, and how many with this reason still need a decision."""

    retried: int
    left: int


class Content(BaseModel):
    """Key, headers and value of a record; bytes that are not UTF-8 and control characters are escaped."""

    key: str | None
    headers: list[tuple[str, str]]
    value: str


class Reveal(BaseModel):
    """Who read the encrypted content, when and why."""

    at: datetime
    by: str
    reason: str


class DeadLetterDetails(DeadLetter, Content):
    """A dead letter with what its type declares of its content.

    `withheld`: the names of what is left out. `encrypted_until`: until when the whole content is kept, encrypted.
    `deleted_at`: when it was deleted. `behind`: how many later events of the same aggregate are held until this one is
    decided.
    """

    withheld: list[str]
    encrypted_until: datetime | None
    deleted_at: datetime | None
    reveals: list[Reveal]
    behind: int


class WhyReveal(Body):
    """Why the encrypted content is read."""

    reason: Annotated[str, Text(500)]


class Discard(Body):
    """Why a dead letter is discarded."""

    reason: Annotated[str, Text(500)]


class RetryAll(Body):
    """Selects all dead letters with this reason."""

    reason: Annotated[str, Text(80)]


async def listed(
    read: AsyncSession,
    running: Runtime,
    state: DeadLetterState | None,
    reason: str | None,
    limit: int,
    after: UUID | None = None,
) -> list[DeadLetter]:
    """The oldest dead letters first, in order per aggregate; `after`: those behind this one."""
    table = running.store.table("dead_letters")
    chosen = sa.select(table)
    if state is not None:
        chosen = chosen.where(table.c.state == state.value)
    if reason is not None:
        chosen = chosen.where(table.c.reason == reason)
    order = ListOrder(table.c.at, sa.func.coalesce(table.c.sequence, 0), id=table.c.id)
    rows = (await read.execute(await order.page(read, chosen, limit, after))).all()
    names = await account_names(read, running.service.accounts, (who_decided(row.decision) for row in rows))
    return [DeadLetter.model_validate(_facts(running, row, names, [who_decided(row.decision)])) for row in rows]


async def counted(read: Any, table: sa.Table) -> Counter[tuple[str, str]]:
    """How many there are of each state and reason."""
    columns = (table.c.state, table.c.reason, sa.func.count())
    rows = (await read.execute(sa.select(*columns).group_by(table.c.state, table.c.reason))).all()
    return Counter({(state, reason): number for state, reason, number in rows})


async def in_full(read: AsyncSession, running: Runtime, id: UUID) -> DeadLetterDetails:
    """One dead letter with all that is shown of it. Raises `NotFound`."""
    table, reveals = running.store.table("dead_letters"), running.store.table("dead_letter_reveals")
    row = await load_dead_letter(read, table, id)
    same = (table.c.source == row.source, table.c.subject == row.subject, table.c.sequence > (row.sequence or 0))
    held = sa.select(sa.func.count()).select_from(table).where(table.c.state.in_(HELD), *same)
    revealed = (await read.execute(reveals.select().where(reveals.c.dead_letter == id).order_by(reveals.c.at))).all()
    subjects = [who_decided(row.decision), *(one.by for one in revealed)]
    names = await account_names(read, running.service.accounts, subjects)
    return DeadLetterDetails(
        **_facts(running, row, names, subjects),
        **content_of(kept_record(row)).model_dump(),
        withheld=row.withheld or [],
        encrypted_until=row.sealed_until if row.sealed is not None else None,
        deleted_at=row.sealed_until if row.sealed is None else None,
        reveals=[Reveal(at=one.at, by=one.by, reason=one.reason) for one in revealed],
        behind=(await read.scalar(held) or 0) if row.sequence is not None else 0,
    )


def content_of(record: Record) -> Content:
    """A record's content as text."""
    return Content(
        key=_text(record.key) if record.key is not None else None,
        headers=[(_escaped(name), _text(value)) for name, value in record.headers],
        value=_text(record.value),
    )


async def retry_all(running: Any, reason: str) -> Retried:
    """Retry in order. One that fails again stays dead; the others are still retried."""
    table = running.store.table("dead_letters")
    dead = (table.c.state.in_(DEAD), table.c.reason == reason)
    async with running.store.read() as read:
        ordered = sa.select(table.c.id).where(*dead).order_by(table.c.source, table.c.subject, table.c.sequence)
        ids = list(await read.scalars(ordered.limit(MAX_RETRIED)))
    retried = 0
    for id in ids:
        try:
            retried += DeadLetterState(await running.consumer.retry(id)).is_retried
        except Refused:
            continue
    async with running.store.read() as read:
        left = await read.scalar(sa.select(sa.func.count()).select_from(table).where(*dead)) or 0
    return Retried(retried=retried, left=left)


def _facts(running: Runtime, row: Any, names: dict[str, str], subjects: Iterable[str | None]) -> dict[str, Any]:
    """What a list shows of one dead letter, with the names of these subjects."""
    named = {"service": running.service.name, "names": {one: names[one] for one in subjects if one in names}}
    return {name: getattr(row, name) for name in DeadLetter.model_fields if name not in named} | named


def _text(value: bytes | None) -> str:
    return _escaped((value or b"").decode("utf-8", "backslashreplace"))


_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction: a hostile record could steer the reader's terminal."""


def _escaped(text: str) -> str:
    return _STEERING.sub(lambda one: one[0].encode("unicode_escape").decode(), text)
