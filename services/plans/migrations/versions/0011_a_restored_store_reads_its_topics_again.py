"""a restored store reads its topics again"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("epochs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reread_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    # Those of an earlier version were opened before, and the service has served since.
    op.execute("UPDATE epochs SET reread_at = opened_at")


def downgrade() -> None:
    with op.batch_alter_table("epochs", schema=None) as batch_op:
        batch_op.drop_column("reread_at")
