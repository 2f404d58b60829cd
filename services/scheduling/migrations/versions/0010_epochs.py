"""epochs"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


NUMBERS = [
    ("accounts", "version"),
    ("interviews", "version"),
    ("known_people", "version"),
    ("paths", "version"),
    ("waiting", "version"),
    ("workshops", "version"),
]
"""Columns with numbers of events, which take 64 bits. On SQLite every integer does."""


def upgrade() -> None:
    op.create_table(
        "epochs",
        sa.Column("epoch", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("opened_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("restored_to", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("epoch", name=op.f("epochs_key")),
    )
    if op.get_bind().dialect.name != "sqlite":
        for table, column in NUMBERS:
            op.alter_column(table, column, type_=sa.BigInteger())


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        for table, column in NUMBERS:
            op.alter_column(table, column, type_=sa.Integer())
    op.drop_table("epochs")
