"""pages of the centres"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "centre_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("centre_id", sa.Uuid(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("by", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("centre_changes_centre_id_exists")),
        sa.PrimaryKeyConstraint("id", name=op.f("centre_changes_key")),
    )
    with op.batch_alter_table("centre_changes", schema=None) as batch_op:
        batch_op.create_index("centre_changes_of_a_centre", ["centre_id", "at"], unique=False)
    with op.batch_alter_table("centres", schema=None) as batch_op:
        batch_op.add_column(sa.Column("contact", sa.JSON(), server_default="{}", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("centres", schema=None) as batch_op:
        batch_op.drop_column("contact")
    with op.batch_alter_table("centre_changes", schema=None) as batch_op:
        batch_op.drop_index("centre_changes_of_a_centre")
    op.drop_table("centre_changes")
