"""What impact does: count."""

from datetime import datetime

from services.chassis.clock import BRUSSELS
from services.chassis.store import Work
from services.impact.domain import Measure
from services.impact.store import Centre, count_one


def count(work: Work, measure: Measure, at: datetime, centre: str, area: str | None = None) -> None:
    """Count one, on the centre's local day."""
    count_one(work, measure, at.astimezone(BRUSSELS).date(), centre, area)


async def know_centre(work: Work, code: str, name: str, areas: list[str]) -> None:
    """Remember a centre's name."""
    centre = await work.find(Centre, code)
    if centre is None:
        work.add(Centre(code=code, name=name, areas=areas))
    else:
        centre.name, centre.areas = name, areas
