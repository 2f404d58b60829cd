"""partial indexes on SQLite too"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = {"interviews_of_path": "path_id", "interviews_of_person": "subject_ref"}


def upgrade() -> None:
    """On PostgreSQL both are partial since 0001."""
    if op.get_bind().dialect.name == "sqlite":
        for index, column in COLUMNS.items():
            op.drop_index(index, table_name="interviews")
            op.create_index(index, "interviews", [column], sqlite_where=sa.text(f"{column} is not null"))


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for index, column in COLUMNS.items():
            op.drop_index(index, table_name="interviews")
            op.create_index(index, "interviews", [column])
