"""Counts results, and takes back what was entered in error."""

from datetime import datetime

from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.store import Work
from services.impact.domain import Measure
from services.impact.store import add_to_count


def count(work: Work, measure: Measure, at: datetime, centre: str, area: str | None = None) -> None:
    """Count one, on the centre's local day."""
    add_to_count(work, measure, at.astimezone(BRUSSELS).date(), centre, area, 1)


def uncount(work: Work, measure: Measure, at: datetime, centre: str, area: str | None = None) -> None:
    """Subtract one that was counted."""
    add_to_count(work, measure, at.astimezone(BRUSSELS).date(), centre, area, -1)
