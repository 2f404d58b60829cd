"""The base of scheduling's own tables."""

from sqlmodel import SQLModel

from services.chassis.storage.tables import chassis_metadata


class Table(SQLModel):
    """Scheduling's own tables."""

    metadata = chassis_metadata()
