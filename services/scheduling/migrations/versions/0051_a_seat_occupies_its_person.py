"""a seat occupies its person"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

QUARTERS = sa.table(
    "quarter_hours",
    sa.column("resource", sa.String()),
    sa.column("quarter", sqlmodel.sql.sqltypes.UTCDateTime()),
    sa.column("holder", sa.Uuid()),
)
SESSIONS = sa.table(
    "workshop_sessions",
    sa.column("id", sa.Uuid()),
    sa.column("workshop_id", sa.Uuid()),
    sa.column("starts_at", sqlmodel.sql.sqltypes.UTCDateTime()),
    sa.column("minutes", sa.Integer()),
)
WORKSHOPS = sa.table("workshops", sa.column("id", sa.Uuid()), sa.column("status", sa.String()))
SEATS = sa.table(
    "seats", sa.column("workshop_id", sa.Uuid()), sa.column("subject_ref", sa.Uuid()), sa.column("status", sa.String())
)
QUARTER = timedelta(minutes=15)
PERSONS = QUARTERS.c.resource.startswith("person:")


def upgrade() -> None:
    """Reserve the sessions of open workshops for everyone who has a seat, where nothing else is booked for them."""
    bind = op.get_bind()
    seated = (
        sa.select(SEATS.c.subject_ref, SESSIONS.c.id, SESSIONS.c.starts_at, SESSIONS.c.minutes)
        .join_from(SEATS, SESSIONS, SESSIONS.c.workshop_id == SEATS.c.workshop_id)
        .join(WORKSHOPS, WORKSHOPS.c.id == SEATS.c.workshop_id)
        .where(SEATS.c.status == "taken", SEATS.c.subject_ref.is_not(None), WORKSHOPS.c.status == "announced")
        .order_by(SESSIONS.c.starts_at, SESSIONS.c.id)
    )
    found = bind.execute(seated).all()
    if not found:
        return
    reserved = sa.select(QUARTERS.c.resource, QUARTERS.c.quarter).where(
        PERSONS, QUARTERS.c.quarter >= found[0][2] - QUARTER
    )
    taken = {(row[0], row[1]) for row in bind.execute(reserved)}
    rows: list[dict[str, Any]] = []
    for person, session, starts_at, minutes in found:
        for quarter in _quarters(starts_at, minutes):
            key = (f"person:{UUID(str(person))}", quarter)
            if key not in taken:
                taken.add(key)
                rows.append({"resource": key[0], "quarter": quarter, "holder": session})
    op.bulk_insert(QUARTERS, rows)


def _quarters(starts_at: datetime, minutes: int) -> list[datetime]:
    """The quarter-hours that a session touches."""
    first = starts_at - (starts_at - datetime.min.replace(tzinfo=UTC)) % QUARTER
    count = -(-(starts_at + timedelta(minutes=minutes) - first) // QUARTER)
    return [first + QUARTER * number for number in range(count)]


def downgrade() -> None:
    """Free what sessions have of participants."""
    sessions = sa.select(SESSIONS.c.id)
    op.get_bind().execute(sa.delete(QUARTERS).where(PERSONS, QUARTERS.c.holder.in_(sessions)))
