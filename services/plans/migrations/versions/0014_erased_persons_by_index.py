"""erased persons by index"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("subjects", schema=None) as batch_op:
        batch_op.create_index(
            "subjects_erased",
            ["id"],
            unique=False,
            postgresql_where=sa.text("erased_at is not null"),
            sqlite_where=sa.text("erased_at is not null"),
        )


def downgrade() -> None:
    with op.batch_alter_table("subjects", schema=None) as batch_op:
        batch_op.drop_index(
            "subjects_erased",
            postgresql_where=sa.text("erased_at is not null"),
            sqlite_where=sa.text("erased_at is not null"),
        )
