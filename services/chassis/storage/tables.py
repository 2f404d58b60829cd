"""The chassis' own tables in each service's store: outbox, inbox, dead letters, epochs, and a read model's rebuilds."""

from collections.abc import Iterable
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import UTCDateTime

BigNumber = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""Of 64 bits on both stores."""


def chassis_metadata() -> sa.MetaData:
    """The metadata of one service's store, with the chassis' own tables in it."""
    metadata = sa.MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s",
            "uq": "%(table_name)s_%(column_0_N_name)s_unique",
            "fk": "%(table_name)s_%(column_0_N_name)s_exists",
            "pk": "%(table_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s",
        }
    )
    outbox_table(metadata)
    inbox_table(metadata)
    dead_letters_table(metadata)
    dead_letter_reveals_table(metadata)
    epochs_table(metadata)
    return metadata


def in_states(states: Iterable[str]) -> str:
    """The predicate of a partial index: `status in ('waiting', 'called')`, in this order, as migrations write it."""
    return "status in ({})".format(", ".join(f"'{state}'" for state in states))


def read_model_metadata() -> sa.MetaData:
    """The metadata of a read model, which can be rebuilt from the topics."""
    metadata = chassis_metadata()
    rebuilds_table(metadata)
    return metadata


def rebuilds_table(metadata: sa.MetaData) -> sa.Table:
    """The rebuilds of one read model. `targets`: [first, end] offsets per partition; NULL while outboxes republish."""
    return sa.Table(
        "rebuilds",
        metadata,
        sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("started_by", sa.String(200), nullable=False),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("targets", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("completed_at", UTCDateTime(), nullable=True),
    )


def epochs_table(metadata: sa.MetaData) -> sa.Table:
    """The epochs after the first, 0: one for each time that the store was restored from an older backup.

    `restored_to`: when the last event in the backup was emitted; NULL if it has none. `reread_at`: when the service had
    read its topics again, and began to serve; NULL: not yet.
    """
    return sa.Table(
        "epochs",
        metadata,
        sa.Column("epoch", BigNumber, primary_key=True, autoincrement=False),
        sa.Column("opened_at", UTCDateTime(), nullable=False),
        sa.Column("restored_to", UTCDateTime(), nullable=True),
        sa.Column("reread_at", UTCDateTime(), nullable=True),
    )


def outbox_table(metadata: sa.MetaData) -> sa.Table:
    """The outbox of one service."""
    table = sa.Table(
        "outbox",
        metadata,
        sa.Column("seq", BigNumber, sa.Identity(always=False), primary_key=True),
        sa.Column("topic", sa.String(120), nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=True),
        sa.Column("headers", sa.LargeBinary, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("said_at", UTCDateTime(), nullable=False),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
    )
    unsent = table.c.sent_at.is_(None)
    sa.Index("outbox_unsent", table.c.seq, postgresql_where=unsent, sqlite_where=unsent)
    return table


def inbox_table(metadata: sa.MetaData) -> sa.Table:
    """The inbox of one service."""
    return sa.Table(
        "inbox",
        metadata,
        # Subject first, as batches query by it: with the source first, PostgreSQL would scan all rows of a source.
        sa.Column("subject", sa.String(200), primary_key=True),
        sa.Column("source", sa.String(200), primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("heard_at", UTCDateTime(), nullable=False),
    )


class DeadLetterState(StrEnum):
    """The state of a dead letter."""

    HELD = "held"
    DEAD = "dead"
    RETRIED = "retried"
    DISCARDED = "discarded"

    @property
    def is_held(self) -> bool:
        """Whether the event waits for an earlier one."""
        match self:
            case DeadLetterState.HELD:
                return True
            case DeadLetterState.DEAD | DeadLetterState.RETRIED | DeadLetterState.DISCARDED:
                return False

    @property
    def is_dead(self) -> bool:
        """Whether it waits for an operator's decision."""
        match self:
            case DeadLetterState.DEAD:
                return True
            case DeadLetterState.HELD | DeadLetterState.RETRIED | DeadLetterState.DISCARDED:
                return False

    @property
    def is_retried(self) -> bool:
        """Whether the event took effect in a retry."""
        match self:
            case DeadLetterState.RETRIED:
                return True
            case DeadLetterState.HELD | DeadLetterState.DEAD | DeadLetterState.DISCARDED:
                return False

    @property
    def is_discarded(self) -> bool:
        """Whether the event is skipped in its aggregate's sequence."""
        match self:
            case DeadLetterState.DISCARDED:
                return True
            case DeadLetterState.HELD | DeadLetterState.DEAD | DeadLetterState.RETRIED:
                return False


HELD = tuple(state.value for state in DeadLetterState if state.is_held)
DEAD = tuple(state.value for state in DeadLetterState if state.is_dead)
RETRIED = tuple(state.value for state in DeadLetterState if state.is_retried)
DISCARDED = tuple(state.value for state in DeadLetterState if state.is_discarded)
"""For queries: the states for which each answer is yes."""


CONTENTS = frozenset({"dead_letters", "dead_letter_reveals"})
"""The tables here with contents of records and texts that operators write. The others have references only."""


def dead_letters_table(metadata: sa.MetaData) -> sa.Table:
    """The dead letters of one service. `key`, `headers` and `value` are the declared part of the record.

    `sealed`: the whole record, encrypted, until `sealed_until`, or None. `withheld`: the names of what is left out.
    `fingerprint`: a digest of the whole record; NULL in rows of an earlier version.
    """
    table = sa.Table(
        "dead_letters",
        metadata,
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("state", sa.String(12), nullable=False, index=True),
        sa.Column("topic", sa.String(120), nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=True),
        sa.Column("headers", sa.LargeBinary, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("type", sa.String(200), nullable=True),
        sa.Column("source", sa.String(200), nullable=True),
        sa.Column("subject", sa.String(200), nullable=True),
        sa.Column("sequence", sa.BigInteger, nullable=True),
        sa.Column("reason", sa.String(80), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("decision", sa.Text, nullable=True),
        sa.Column("withheld", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("subject_ref", sa.Uuid, nullable=True, index=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=True),
        sa.Column("sealed", sa.LargeBinary, nullable=True),
        sa.Column("sealed_until", UTCDateTime(), nullable=True, index=True),
    )
    # Subject first, as in the inbox.
    sa.Index("dead_letters_waiting", table.c.subject, table.c.source, table.c.sequence)
    sa.Index("dead_letters_position", table.c.topic, table.c.partition, table.c.offset)
    return table


def dead_letter_reveals_table(metadata: sa.MetaData) -> sa.Table:
    """Who read the encrypted content of a dead letter, when and why."""
    return sa.Table(
        "dead_letter_reveals",
        metadata,
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("dead_letter", sa.Uuid, nullable=False, index=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
