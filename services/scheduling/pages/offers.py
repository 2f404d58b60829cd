"""The next free times of an interview that is to be moved, as choices beside its form; and what is held for a form."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.refusals import Invalid
from services.chassis.service.definition import Runtime
from services.contracts.scheduling import AppointmentStatus
from services.scheduling.actions.calendar import also_needed
from services.scheduling.actions.path_rules import times_to_reflect
from services.scheduling.actions.rooms import still_in_use
from services.scheduling.domain.holds import is_live
from services.scheduling.domain.rules import GUIDANCE_MINUTES, LONGEST_SPAN
from services.scheduling.domain.slots import apart
from services.scheduling.domain.states import is_booked
from services.scheduling.pages.desk import parse_moment
from services.scheduling.settings import horizon_of, reflection_of
from services.scheduling.store import Centre, Interview, SlotHold
from services.scheduling.store.slots import FreeTime, FreeTimes, Search, calendars_of, free_times

OF_THEIRS, OF_OTHERS = 3, 2
"""How many free times of the counsellor are shown, and of colleagues."""


async def times_to_move_to(
    session: AsyncSession, running: Runtime, centre: Centre, interview: Interview, refused: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """The next free times, first of the same counsellor: from now on, or from a time on that was refused.

    For the room and the visitor too. `refused`: the fields of the form. Each has the query that fills the form in.
    """
    if not is_booked(AppointmentStatus(interview.status)) or interview.minutes not in GUIDANCE_MINUTES:
        return []
    now = running.clock()
    counsellor, since = interview.counsellor, now
    if refused is not None:
        counsellor, since = str(refused.get("counsellor") or counsellor), max(now, _typed(centre, refused) or now)
    day = since.astimezone(centre.zone).date()
    room = await still_in_use(session, centre.code, interview.room)
    also = await also_needed(session, centre.code, room, interview.subject_ref)
    last = day + LONGEST_SPAN - timedelta(days=1)
    reflecting = await times_to_reflect(session, interview.path_id, centre.zone, reflection_of(running), interview)
    search = Search(
        day,
        last,
        interview.minutes,
        now,
        horizon_of(running),
        also=also,
        besides=interview.id,
        reflecting=reflecting,
    )
    found = await free_times(session, [centre], await calendars_of(session, [centre]), search)
    theirs = _spaced(found, interview, since, OF_THEIRS, lambda code: code == counsellor)
    others = _spaced(found, interview, since, OF_OTHERS, lambda code: code != counsellor)
    return [_choice(centre, one) for one in (*theirs, *others)]


def _spaced(
    found: FreeTimes, interview: Interview, since: datetime, most: int, whose: Callable[[str], bool]
) -> list[FreeTime]:
    """Free times of these counsellors that overlap neither each other nor, of its own, where the interview is now."""
    length = timedelta(minutes=interview.minutes)

    def suits(one: FreeTime) -> bool:
        here = one.counsellor == interview.counsellor and abs(one.starts_at - interview.starts_at) < length
        return one.starts_at >= since and not here and whose(one.counsellor)

    return list(islice(apart(filter(suits, found.in_order()), interview.minutes, lambda one: one.starts_at), most))


def kept_until(held: SlotHold | None, centre: Centre, now: datetime, form: Mapping[str, Any]) -> datetime | None:
    """Until when the time in a booking form is held for the account. None: it is not."""
    if held is None or held.centre != centre.code or not is_live(held.expires_at, now):
        return None
    mine = _choice(centre, FreeTime(held.starts_at, held.counsellor, held.centre))["fields"] | {"minutes": held.minutes}
    return held.expires_at if all(form.get(name) == value for name, value in mine.items()) else None


def _typed(centre: Centre, form: Mapping[str, Any]) -> datetime | None:
    try:
        return parse_moment(centre, str(form.get("date", "")), str(form.get("time", "")))
    except Invalid:
        return None


def _choice(centre: Centre, one: FreeTime) -> dict[str, Any]:
    local = one.starts_at.astimezone(centre.zone)
    chosen = {"date": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}", "counsellor": one.counsellor}
    return {"at": one.starts_at, "counsellor": one.counsellor, "fields": chosen, "query": urlencode(chosen)}
