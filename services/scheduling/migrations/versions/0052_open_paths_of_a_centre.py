"""open paths of a centre"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("paths", schema=None) as batch_op:
        batch_op.create_index(
            "paths_open",
            ["centre", "opened_at"],
            unique=False,
            postgresql_where=sa.text("closed_at is null"),
            sqlite_where=sa.text("closed_at is null"),
        )


def downgrade() -> None:
    with op.batch_alter_table("paths", schema=None) as batch_op:
        batch_op.drop_index(
            "paths_open",
            postgresql_where=sa.text("closed_at is null"),
            sqlite_where=sa.text("closed_at is null"),
        )
