"""The base of scheduling's own tables."""

from sqlmodel import SQLModel

from services.chassis.store import chassis_metadata


class Table(SQLModel):
    """Scheduling's own tables."""

    metadata = chassis_metadata()
