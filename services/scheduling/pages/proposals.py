"""The next interview of a path: the first free times of the same counsellor after the time for reflection.

The final interview of a workshop: those of its facilitator; between it and the last session no time is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.service.definition import Runtime
from services.contracts.scheduling import Method
from services.scheduling.actions.calendar import also_needed
from services.scheduling.domain.paths import reflection_ends
from services.scheduling.domain.rules import LONGEST_SPAN
from services.scheduling.domain.slots import apart
from services.scheduling.domain.states import ON_PATH
from services.scheduling.settings import horizon_of, reflection_of
from services.scheduling.store import Centre, GuidancePath, Interview, Workshop
from services.scheduling.store.slots import Search, calendars_of, free_days

DAYS, TIMES = 3, 3
"""Days with proposed times, and the most times of a day."""
FINAL_MINUTES = 60
"""How long a proposed final interview is. The team books two hours where they are needed."""


@dataclass(frozen=True, slots=True)
class Proposals:
    """Times with the counsellor of the last interview, as long as that was. `reflected`: after the time for it.

    Of a final interview: with the facilitator of the workshop.
    """

    counsellor: str
    minutes: int
    first: date
    reflected: bool
    days: Sequence[tuple[date, Sequence[datetime]]]


async def _wanted(session: AsyncSession, path: GuidancePath, counted: Sequence[Interview]) -> tuple[str, int] | None:
    """With whom, and how many minutes: as the last interview, or with the facilitator of the workshop."""
    if path.method == Method.INDIVIDUAL:
        return (counted[-1].counsellor, counted[-1].minutes) if counted else None
    workshop = await session.get(Workshop, path.workshop_id) if path.workshop_id is not None else None
    return (workshop.counsellor, FINAL_MINUTES) if workshop is not None and not counted else None


async def proposals(
    session: AsyncSession, running: Runtime, path: GuidancePath, centre: Centre, interviews: Sequence[Interview]
) -> Proposals | None:
    """The proposed times. None: nothing says with whom, or that counsellor is not booked any more."""
    counted = [one for one in interviews if one.status in ON_PATH]
    wanted = await _wanted(session, path, counted)
    if wanted is None:
        return None
    counsellor, minutes = wanted
    calendars = await calendars_of(session, [centre], counsellor=counsellor)
    if not calendars:
        return None
    individual = path.method == Method.INDIVIDUAL
    now, reflection = running.clock(), reflection_of(running) if individual else timedelta()
    ends = reflection_ends([one.starts_at for one in counted], reflection, centre.zone)
    first = max(now.astimezone(centre.zone).date(), ends or date.min)
    until = first + LONGEST_SPAN - timedelta(days=1)
    also = await also_needed(session, centre.code, None, path.subject_ref)
    search = Search(first, until, minutes, now, horizon_of(running), also=also)
    found, _later = await free_days(session, centre, calendars, search, most=DAYS, suits=lambda _at: True)
    days = [(day, list(islice(apart(times, minutes, lambda at: at), TIMES))) for day, times in found]
    return Proposals(counsellor, minutes, first, reflected=bool(reflection), days=days)
