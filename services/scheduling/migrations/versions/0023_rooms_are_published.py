"""rooms are published"""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ROOMS = sa.table("rooms", sa.column("id", sa.Uuid()), sa.column("version"), sa.column("correlation_id", sa.Uuid()))


def upgrade() -> None:
    with op.batch_alter_table("rooms", schema=None) as batch_op:
        batch_op.add_column(sa.Column("correlation_id", sa.Uuid(), nullable=True))
        batch_op.alter_column("version", existing_type=sa.Integer(), type_=_BIG, existing_nullable=False)
    bind = op.get_bind()
    for id in bind.execute(sa.select(ROOMS.c.id)).scalars().all():
        # Published by a job: no event of theirs was emitted before.
        bind.execute(sa.update(ROOMS).where(ROOMS.c.id == id).values(version=0, correlation_id=uuid4()))
    with op.batch_alter_table("rooms", schema=None) as batch_op:
        batch_op.alter_column("correlation_id", existing_type=sa.Uuid(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("rooms", schema=None) as batch_op:
        batch_op.alter_column("version", existing_type=_BIG, type_=sa.Integer(), existing_nullable=False)
        batch_op.drop_column("correlation_id")
