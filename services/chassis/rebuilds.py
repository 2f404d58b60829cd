"""When a read model was emptied, to be made again from the topics."""

import sqlalchemy as sa
from sqlmodel import UTCDateTime

from services.chassis.store import chassis_metadata


def read_model_metadata() -> sa.MetaData:
    """The metadata of a store that is made from the topics alone, and can be made again."""
    metadata = chassis_metadata()
    rebuilds_table(metadata)
    return metadata


def rebuilds_table(metadata: sa.MetaData) -> sa.Table:
    """The rebuilds of one read model. `targets`: what each partition held then; none while outboxes still send."""
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
