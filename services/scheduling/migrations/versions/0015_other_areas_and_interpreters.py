"""other areas and interpreters of those who are here"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("waiting", schema=None) as batch_op:
        batch_op.add_column(sa.Column("other_areas", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(
            sa.Column("interpreter_language", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=True)
        )


def downgrade() -> None:
    with op.batch_alter_table("waiting", schema=None) as batch_op:
        batch_op.drop_column("interpreter_language")
        batch_op.drop_column("other_areas")
