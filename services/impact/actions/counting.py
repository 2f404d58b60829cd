"""Counts results."""

from datetime import datetime

from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.store import Work
from services.impact.domain import Measure
from services.impact.store import count_one


def count(work: Work, measure: Measure, at: datetime, centre: str, area: str | None = None) -> None:
    """Count one, on the centre's local day."""
    count_one(work, measure, at.astimezone(BRUSSELS).date(), centre, area)
