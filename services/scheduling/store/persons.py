"""Visitors with their current links, who see their own data, their aliases, and the log of exports by staff."""

from services.chassis.copies.aliases import AliasCopy
from services.chassis.copies.visitors import VisitorCopy
from services.chassis.service.personal_data import ExportRow
from services.scheduling.store.table import Table


class Visitor(VisitorCopy, Table, table=True):
    """Which personal link of a visitor is the current one, as intake published it."""

    __tablename__ = "visitors"  # pyright: ignore[reportAssignmentType]


class Export(ExportRow, Table, table=True):
    """An export of a person's data by staff."""

    __tablename__ = "personal_data_exports"  # pyright: ignore[reportAssignmentType]


class Alias(AliasCopy, Table, table=True):
    """A reference that leads to a person who was registered twice, as intake published it."""

    __tablename__ = "aliases"  # pyright: ignore[reportAssignmentType]
