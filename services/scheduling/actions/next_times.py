"""What is free instead of a time that is taken: a refused booking names the next three free times."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.service.definition import Runtime
from services.chassis.storage.store import Cause, Work
from services.scheduling.actions.calendar import also_needed
from services.scheduling.actions.path_rules import times_to_reflect
from services.scheduling.domain.refusals import CounsellorAway, Overlap
from services.scheduling.domain.rules import GUIDANCE_MINUTES, LONGEST_SPAN
from services.scheduling.store import Centre, Interview
from services.scheduling.store.slots import FreeTime, Search, calendars_of, free_times, next_times


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be booked. `moved`: the appointment that is to be moved there.

    `path`: on which, and `reflection`: the time between its interviews; zero: the team answered that it is sooner.
    """

    centre: str
    counsellor: str
    room: str | None
    starts_at: datetime
    minutes: int
    subject_ref: UUID | None
    path: UUID | None = None
    reflection: timedelta = timedelta()
    moved: UUID | None = None


class Booking:
    """A unit of work that books `wanted`."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.wanted: Wanted | None = None


@asynccontextmanager
async def booking(running: Runtime, cause: Cause, horizon: timedelta) -> AsyncGenerator[Booking]:
    """One unit of work. `Overlap` and `CounsellorAway` have the next free times in `next_free`.

    They are read after the rollback, so that what another one booked at the same moment is not among them.
    """
    made: Booking | None = None
    try:
        async with running.store.work(cause) as work:
            made = Booking(work)
            yield made
    except (Overlap, CounsellorAway) as refused:
        if made is not None and made.wanted is not None:
            async with running.store.read() as session:
                refused.values["next_free"] = await free_instead(session, made.wanted, running.clock(), horizon)
        raise


async def free_instead(session: AsyncSession, wanted: Wanted, now: datetime, horizon: timedelta) -> list[FreeTime]:
    """The next free times from the wanted one on, for the visitor and the room too, that keep the rules of the path."""
    centre = await session.get(Centre, wanted.centre)
    if centre is None or wanted.minutes not in GUIDANCE_MINUTES:
        return []
    day = wanted.starts_at.astimezone(centre.zone).date()
    moved = await session.get(Interview, wanted.moved) if wanted.moved is not None else None
    search = Search(
        day,
        day + LONGEST_SPAN - timedelta(days=1),
        wanted.minutes,
        now,
        horizon,
        also=await also_needed(session, centre.code, wanted.room, wanted.subject_ref),
        besides=wanted.moved,
        reflecting=await times_to_reflect(session, wanted.path, centre.zone, wanted.reflection, moved),
    )
    found = await free_times(session, [centre], await calendars_of(session, [centre]), search)
    return next_times(found, FreeTime(wanted.starts_at, wanted.counsellor, centre.code))
