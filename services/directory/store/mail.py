"""The directory's messages by e-mail."""

import sqlalchemy as sa

from services.chassis.mail.messages import QueuedMail
from services.chassis.storage.claims import open_rows
from services.directory.store.table import Table


class Mail(QueuedMail, Table, table=True):
    """A message to a provider's person."""

    __tablename__ = "mail"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (open_rows("mail"), sa.Index("mail_queued_at", "queued_at"))
