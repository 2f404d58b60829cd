"""opening hours"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_COLUMNS = ("opening_hours", "closed_on", "special_days")


def upgrade() -> None:
    # Filled when the directory publishes the centres: it does so once after its update.
    with op.batch_alter_table("centres", schema=None) as batch_op:
        for name in _COLUMNS:
            batch_op.add_column(sa.Column(name, sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("centres", schema=None) as batch_op:
        for name in reversed(_COLUMNS):
            batch_op.drop_column(name)
