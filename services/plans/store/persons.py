"""The log of exports of personal data by staff."""

from services.chassis.service.personal_data import ExportRow
from services.plans.store.paths import Table


class Export(ExportRow, Table, table=True):
    """An export of a person's data by staff."""

    __tablename__ = "personal_data_exports"  # pyright: ignore[reportAssignmentType]
