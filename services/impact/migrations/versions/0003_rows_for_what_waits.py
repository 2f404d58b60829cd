"""rows for what waits"""

from alembic import op

from services.chassis.events.inbox import add_rows_for_held_events

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_rows_for_held_events(op.get_bind())


def downgrade() -> None:
    """The rows harm nobody."""
