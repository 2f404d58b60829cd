"""interpreters and erased persons by index"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("interviews", schema=None) as batch_op:
        batch_op.create_index(
            "interviews_with_interpreter",
            ["starts_at"],
            unique=False,
            postgresql_where=sa.text("interpreter_language is not null"),
            sqlite_where=sa.text("interpreter_language is not null"),
        )

    with op.batch_alter_table("known_people", schema=None) as batch_op:
        batch_op.create_index(
            "known_people_erased",
            ["id"],
            unique=False,
            postgresql_where=sa.text("forgotten_at is not null"),
            sqlite_where=sa.text("forgotten_at is not null"),
        )


def downgrade() -> None:
    with op.batch_alter_table("known_people", schema=None) as batch_op:
        batch_op.drop_index(
            "known_people_erased",
            postgresql_where=sa.text("forgotten_at is not null"),
            sqlite_where=sa.text("forgotten_at is not null"),
        )

    with op.batch_alter_table("interviews", schema=None) as batch_op:
        batch_op.drop_index(
            "interviews_with_interpreter",
            postgresql_where=sa.text("interpreter_language is not null"),
            sqlite_where=sa.text("interpreter_language is not null"),
        )
