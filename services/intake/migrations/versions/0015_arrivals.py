"""arrivals: several areas, activities, needs, and arrivals recorded later"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    with op.batch_alter_table("visits", schema=None) as batch_op:
        batch_op.add_column(sa.Column("other_areas", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("activity", text(length=40), nullable=True))
        batch_op.add_column(sa.Column("recorded_later", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("interpreter_language", text(length=3), nullable=True))
        batch_op.add_column(sa.Column("needs", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("visits", schema=None) as batch_op:
        for column in ("needs", "interpreter_language", "recorded_later", "activity", "other_areas"):
            batch_op.drop_column(column)
