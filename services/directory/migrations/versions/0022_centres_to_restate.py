"""centres to restate"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "centres_to_restate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("centres_to_restate_key")),
    )
    # Published before the event had the hours as text, or before intake kept the hours.
    op.execute("insert into centres_to_restate (id) select id from centres")


def downgrade() -> None:
    op.drop_table("centres_to_restate")
