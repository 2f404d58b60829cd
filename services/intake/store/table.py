"""The base of intake's own tables."""

from sqlmodel import SQLModel

from services.chassis.storage.tables import chassis_metadata


class Table(SQLModel):
    """Intake's own tables."""

    metadata = chassis_metadata()
