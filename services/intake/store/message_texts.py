"""The texts of messages that managers have changed: a centre's own, and the region's."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.intake.store.table import Table

REGION = ""
"""In place of a centre: the text is the region's, for every centre without its own."""


class MessageText(Table, table=True):
    """The text of one message in one language, as it was last changed. `subject` None: it was reset."""

    __tablename__ = "message_texts"  # pyright: ignore[reportAssignmentType]

    centre: str = Field(primary_key=True, max_length=40)
    """Its code, or `REGION`."""
    kind: str = Field(primary_key=True, max_length=40)
    """Of `domain.messages.MailPurpose`."""
    lang: str = Field(primary_key=True, max_length=2)
    subject: str | None = None
    body: str | None = None
    sms: str | None = None
    version: int = 0
    """How often it was changed."""
    changed_by: str = Field(max_length=200)
    """The account."""
    changed_at: datetime


async def texts_of(session: AsyncSession, centre: str) -> Sequence[MessageText]:
    """What was changed for this centre, or for the region."""
    return (await session.scalars(sa.select(MessageText).where(col(MessageText.centre) == centre))).all()


async def changed_texts(session: AsyncSession, centre: str, kind: str, lang: str) -> Sequence[MessageText]:
    """The text of this centre and that of the region, in this order, without those that were reset."""
    query = sa.select(MessageText).where(
        col(MessageText.centre).in_([centre, REGION]),
        col(MessageText.kind) == kind,
        col(MessageText.lang) == lang,
        col(MessageText.subject).is_not(None),
    )
    return (await session.scalars(query.order_by(col(MessageText.centre).desc()))).all()
