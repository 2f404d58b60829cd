"""rooms are published"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # The default marks a room that was not published: those that are there, and what older replicas still add.
    with op.batch_alter_table("rooms", schema=None) as batch_op:
        batch_op.add_column(sa.Column("correlation_id", sa.Uuid(), server_default="0" * 32, nullable=False))
        batch_op.alter_column("version", existing_type=sa.Integer(), type_=_BIG, existing_nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("rooms", schema=None) as batch_op:
        batch_op.alter_column("version", existing_type=_BIG, type_=sa.Integer(), existing_nullable=False)
        batch_op.drop_column("correlation_id")
