"""Messages to registered persons, and whose referral it is of which an answer comes."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.mail.messages import MailRow
from services.chassis.mail.pauses import ChannelPause
from services.chassis.storage.claims import open_rows
from services.intake.store.reminders import Reminder
from services.intake.store.table import Table


class Message(MailRow, Table, table=True):
    """A message to a registered person. Address and text are in no column: they are composed when it is sent."""

    __tablename__ = "messages"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        open_rows("messages"),
        sa.Index("messages_queued_at", "queued_at"),
        sa.Index("messages_of_person", "subject_ref", "queued_at"),
    )

    subject_ref: UUID
    centre: str = Field(max_length=40)
    about: UUID | None = Field(default=None, index=True)
    """The interview or the seat that it is about."""
    meetings: list[dict[str, Any]] = Field(default_factory=list[dict[str, Any]], sa_type=sa.JSON)
    """Its `Meeting`s. The first is the one that is named where there is room for one."""
    edition: int = 0
    """How often these were changed before."""
    sent_to: str | None = Field(default=None, max_length=32)
    """A digest of the contact to which it was sent. None: it was not sent, or before that was recorded."""


class Pause(ChannelPause, Table, table=True):
    """A pause that the SMS gateway asked for."""

    __tablename__ = "channel_pauses"  # pyright: ignore[reportAssignmentType]


class ReferredPerson(Table, table=True):
    """Whose referral it is: its answer does not say."""

    __tablename__ = "referred_persons"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    """The referral's."""
    subject_ref: UUID = Field(index=True)
    centre: str = Field(max_length=40)


async def messages_of(session: AsyncSession, refs: Collection[UUID], limit: int) -> Sequence[Message]:
    """The last messages to the person with these references, the newest first."""
    query = sa.select(Message).where(col(Message.subject_ref).in_(refs))
    return (await session.scalars(query.order_by(col(Message.queued_at).desc(), col(Message.id)).limit(limit))).all()


async def open_about(session: AsyncSession, about: UUID) -> Sequence[Message]:
    """The messages about this that wait to be sent."""
    await session.flush()  # one may have been queued in the same batch
    is_open = sa.and_(col(Message.done_at).is_(None), col(Message.claim).is_(None))
    return (await session.scalars(sa.select(Message).where(col(Message.about) == about, is_open))).all()


async def next_edition(session: AsyncSession, about: UUID) -> int:
    """The edition after the last one that a message about this had; 0 for the first message."""
    await session.flush()
    last = await session.scalar(sa.select(sa.func.max(col(Message.edition))).where(col(Message.about) == about))
    return 0 if last is None else last + 1


async def drop_open(session: AsyncSession, condition: Any, now: datetime) -> None:
    """Delete the messages that wait and meet this condition. One that is being sent now is sent no second time.

    That one may have reached the person, so it stays on record: as sent, or as overdue if it did not leave.
    """
    await session.flush()  # one may have been queued in the same batch
    is_open = col(Message.done_at).is_(None)
    await session.execute(sa.delete(Message).where(is_open, col(Message.claim).is_(None), condition))
    over = sa.update(Message).where(is_open, col(Message.useful_until) > now, condition).values(useful_until=now)
    await session.execute(over.execution_options(synchronize_session="fetch"))


async def waiting_until(session: AsyncSession, about: UUID, purpose: str, now: datetime) -> datetime | None:
    """Until when a message about this is of use that waits to be sent. None: none does."""
    await session.flush()  # it may have been queued in the same batch
    query = sa.select(col(Message.useful_until)).where(col(Message.about) == about, col(Message.purpose) == purpose)
    waits = query.where(col(Message.done_at).is_(None), col(Message.claim).is_(None), col(Message.useful_until) > now)
    return await session.scalar(waits.order_by(col(Message.useful_until).desc()).limit(1))


async def keep_for(session: AsyncSession, about: UUID, subject_ref: UUID) -> None:
    """The messages about this are a known person's."""
    await session.execute(sa.update(Message).where(col(Message.about) == about).values(subject_ref=subject_ref))


async def erase_messages(session: AsyncSession, subject_ref: UUID) -> None:
    """Delete what is here about a person. Reminders first: who changes one holds its row until its message is in."""
    for table in (Reminder, ReferredPerson, Message):
        await session.execute(sa.delete(table).where(col(table.subject_ref) == subject_ref))
