"""numbers of steps"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A step has the number of its event, which takes 64 bits in an epoch after a restore. On SQLite every integer does.
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("referral_steps", "number", type_=sa.BigInteger())


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("referral_steps", "number", type_=sa.Integer())
