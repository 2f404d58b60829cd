"""What the form that books a guidance interview has, and the free times that are shown beside it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.refusals import Invalid
from services.chassis.service.definition import Runtime
from services.chassis.web import Body, by_field
from services.contracts.appointments import AppointmentMode
from services.contracts.arrivals import Language
from services.contracts.envelope import StaffCode
from services.contracts.text import Key
from services.contracts.values import Whole, YesNo
from services.scheduling.actions.calendar import also_needed
from services.scheduling.actions.path_rules import next_day, times_to_reflect
from services.scheduling.domain import times
from services.scheduling.domain.refusals import TooFarAhead
from services.scheduling.domain.rules import GUIDANCE_MINUTES, LONGEST_SPAN
from services.scheduling.pages.desk import parse_day, parse_moment
from services.scheduling.settings import reflection_of, rules_of_settings
from services.scheduling.store import Centre, SlotHold
from services.scheduling.store.booking_rules import rules_of
from services.scheduling.store.slots import FreeTime, Search, calendars_of, earliest_of_each, free_times, next_times

FIRST_TIMES = 6
"""For how many counsellors the earliest free time is shown."""


class BookForm(Body):
    """The booking form. `path`: the path to book on; without it, the visitor's individual path."""

    centre: Key = ""
    person: Key = ""
    path: Key = ""
    area: Key = ""
    date: Key = ""
    time: Key = ""
    minutes: Annotated[int, Whole()] = 60
    counsellor: StaffCode | None = None
    room: StaffCode | None = None
    mode: AppointmentMode = AppointmentMode.IN_PERSON
    interpreter_language: Language | None = None
    outside_working_hours: YesNo = False
    while_busy: YesNo = False
    sooner: YesNo = False


@dataclass(frozen=True, slots=True)
class ForWhom:
    """Whose appointment it becomes, and on which path; None: not chosen yet, or the path begins with it."""

    subject_ref: UUID | None
    path_id: UUID | None


async def first_day(session: AsyncSession, running: Runtime, centre: Centre, path_id: UUID | None) -> date:
    """The first day for which times are proposed: today, or the first one of the next interview of the path."""
    today = running.clock().astimezone(centre.zone).date()
    return max(today, await next_day(session, path_id, centre.zone, reflection_of(running)) or today)


async def slots_beside(
    running: Runtime,
    session: AsyncSession,
    centre: Centre,
    form: BookForm,
    counsellors: Collection[str],
    room: str | None,
    whom: ForWhom,
    held: SlotHold | None,
    *,
    refused: bool,
) -> dict[str, Any]:
    """The counsellor's free times on the chosen day, and the first ones from then on, shown beside the form.

    The first ones are each counsellor's earliest; of a refused time, those that come instead. They leave the path its
    time for reflection, unless the team answered that it is sooner.
    """
    now = running.clock()
    horizon = (await rules_of(session, centre.code, rules_of_settings(running))).horizon
    earliest = await first_day(session, running, centre, whom.path_id)
    day = parse_day(form.date, earliest)
    if form.minutes not in GUIDANCE_MINUTES:
        return {"day": day, "times": [], "first": [], "reflected": None}
    try:
        times.check_horizon(times.local_day(day, centre.zone)[0], now, horizon, centre.zone, "date")
    except TooFarAhead as error:
        return {"day": day, "times": [], "first": [], "reflected": None, "errors": by_field(error)}
    reflection = timedelta() if form.sooner else reflection_of(running)
    search = Search(
        day,
        day + LONGEST_SPAN - timedelta(days=1),
        form.minutes,
        now,
        horizon,
        also=await also_needed(session, centre.code, room, whom.subject_ref),
        besides=held.id if held is not None else None,
        reflecting=await times_to_reflect(session, whom.path_id, centre.zone, reflection),
    )
    found = await free_times(session, [centre], [(code, centre.code) for code in counsellors], search)
    of_area = found.only(await calendars_of(session, [centre], area=form.area or None))
    chosen = [one.starts_at for one in found.in_order() if one.counsellor == form.counsellor]
    wanted = _wanted(centre, form) if refused else None
    return {
        "day": day,
        "times": [(f"{local:%H:%M}", at) for at in chosen if (local := at.astimezone(centre.zone)).date() == day],
        "first": [
            _offer(centre, one, form)
            for one in (next_times(found, wanted) if wanted else earliest_of_each(of_area)[:FIRST_TIMES])
        ],
        "instead": wanted is not None,
        "reflected": earliest if within(search.reflecting, now) else None,
    }


def within(reflecting: Collection[times.Interval], now: datetime) -> bool:
    """Whether any of this time for reflection is still to come."""
    return any(ends > now for _begins, ends in reflecting)


def _wanted(centre: Centre, form: BookForm) -> FreeTime | None:
    """The time that was typed, or None if it cannot be read."""
    try:
        return FreeTime(parse_moment(centre, form.date, form.time), form.counsellor or "", centre.code)
    except Invalid:
        return None


def _offer(centre: Centre, one: FreeTime, form: BookForm) -> dict[str, Any]:
    """A free time, with the address of the form that has it and what was filled in."""
    local = one.starts_at.astimezone(centre.zone)
    names = ("person", "path", "area", "minutes", "room", "mode", "interpreter_language")
    kept = {name: getattr(form, name) for name in names} | {"sooner": "true" if form.sooner else ""}
    chosen = {"date": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}", "counsellor": one.counsellor}
    query = {name: value for name, value in ({"centre": centre.code} | kept | chosen).items() if value}
    return {"at": one.starts_at, "counsellor": one.counsellor, "query": urlencode(query)}


def uuid_of(text: str) -> UUID | None:
    """The id that a form has, or None."""
    try:
        return UUID(text)
    except ValueError:
        return None
