"""rows for what waits"""

from alembic import op

from services.chassis.inbox import give_rows_to_what_waits

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    give_rows_to_what_waits(op.get_bind())


def downgrade() -> None:
    """The rows harm nobody."""
