"""The aliases of persons who were merged, and the log of exports of personal data by staff."""

from services.chassis.copies.aliases import AliasCopy
from services.chassis.service.personal_data import ExportRow
from services.plans.store.paths import Table


class Export(ExportRow, Table, table=True):
    """An export of a person's data by staff."""

    __tablename__ = "personal_data_exports"  # pyright: ignore[reportAssignmentType]


class Alias(AliasCopy, Table, table=True):
    """A reference that leads to a person who was registered twice, as intake published it."""

    __tablename__ = "aliases"  # pyright: ignore[reportAssignmentType]
