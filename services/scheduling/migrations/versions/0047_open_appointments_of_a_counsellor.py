"""open appointments of a counsellor"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("interviews", schema=None) as batch_op:
        batch_op.create_index(
            "interviews_open_of_counsellor",
            ["counsellor", "status", "centre", "starts_at"],
            unique=False,
            postgresql_where=sa.text("status in ('booked', 'arrived')"),
            sqlite_where=sa.text("status in ('booked', 'arrived')"),
        )

    with op.batch_alter_table("workshops", schema=None) as batch_op:
        batch_op.create_index(
            "workshops_open_of_centre",
            ["centre", "status", "first_at"],
            unique=False,
            postgresql_where=sa.text("status in ('announced')"),
            sqlite_where=sa.text("status in ('announced')"),
        )


def downgrade() -> None:
    with op.batch_alter_table("workshops", schema=None) as batch_op:
        batch_op.drop_index(
            "workshops_open_of_centre",
            postgresql_where=sa.text("status in ('announced')"),
            sqlite_where=sa.text("status in ('announced')"),
        )

    with op.batch_alter_table("interviews", schema=None) as batch_op:
        batch_op.drop_index(
            "interviews_open_of_counsellor",
            postgresql_where=sa.text("status in ('booked', 'arrived')"),
            sqlite_where=sa.text("status in ('booked', 'arrived')"),
        )
