"""interviews of a path by time"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("interviews", schema=None) as batch_op:
        batch_op.drop_index(
            "interviews_of_path",
            postgresql_where=sa.text("path_id is not null"),
            sqlite_where=sa.text("path_id is not null"),
        )
        batch_op.create_index(
            "interviews_of_path",
            ["path_id", "starts_at"],
            unique=False,
            postgresql_where=sa.text("path_id is not null"),
            sqlite_where=sa.text("path_id is not null"),
        )


def downgrade() -> None:
    with op.batch_alter_table("interviews", schema=None) as batch_op:
        batch_op.drop_index(
            "interviews_of_path",
            postgresql_where=sa.text("path_id is not null"),
            sqlite_where=sa.text("path_id is not null"),
        )
        batch_op.create_index(
            "interviews_of_path",
            ["path_id"],
            unique=False,
            postgresql_where=sa.text("path_id is not null"),
            sqlite_where=sa.text("path_id is not null"),
        )
