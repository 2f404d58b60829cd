"""The metadata that the directory's tables share."""

from sqlmodel import SQLModel

from services.chassis.storage.tables import chassis_metadata


class Table(SQLModel):
    """Base of the directory's tables."""

    metadata = chassis_metadata()
