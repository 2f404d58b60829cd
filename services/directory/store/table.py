"""What all of the directory's tables share."""

from sqlmodel import SQLModel

from services.chassis.storage.tables import chassis_metadata


class Table(SQLModel):
    """The directory's own tables."""

    metadata = chassis_metadata()
