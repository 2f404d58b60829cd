"""The earliest free times of a centre's counsellors, for the team: one press holds a time and leads to its booking."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Annotated, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Form, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.aliases import references_of
from services.chassis.copies.areas import area_label
from services.chassis.i18n import language_name
from services.chassis.identity.people import Person
from services.chassis.service.definition import Runtime
from services.chassis.web import Body, Reading, Router, Running, Working, by_field, page, see_other
from services.contracts.envelope import StaffCode
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import Moment, Whole
from services.scheduling.actions import holds
from services.scheduling.actions.calendar import also_needed
from services.scheduling.actions.path_rules import times_to_reflect
from services.scheduling.domain import rules, times
from services.scheduling.domain.holds import owner_of_account
from services.scheduling.domain.refusals import TooFarAhead
from services.scheduling.domain.rules import GUIDANCE_MINUTES, LONGEST_SPAN
from services.scheduling.domain.slots import apart
from services.scheduling.pages.booking_form import first_day, uuid_of, within
from services.scheduling.pages.desk import (
    Booker,
    counsellor_choices,
    desk_of,
    length_word,
    lengths,
    parse_day,
    spoken_by,
)
from services.scheduling.settings import horizon_of, reflection_of, rules_of_settings
from services.scheduling.store import Alias, Centre, GuidancePath, SlotHold
from services.scheduling.store.availability import CounsellorProfile, profiles_of
from services.scheduling.store.booking_rules import rules_of
from services.scheduling.store.hours import hours_at
from services.scheduling.store.paths import open_individual_path
from services.scheduling.store.slots import Search, calendars_of, free_times

router = Router("/scheduling/free-times", pages=True)
OF_EACH = 6
"""How many times of each counsellor are shown."""


class Wish(Body):
    """What is looked for; `person` and `path`, for whom it is to be booked, are kept for the booking form."""

    centre: Key = ""
    area: Key = ""
    language: Key = ""
    minutes: Annotated[int, Whole()] = 60
    day: Key = ""
    person: Key = ""
    path: Key = ""


class ChooseForm(Wish):
    """A time of the page."""

    counsellor: StaffCode
    starts_at: Moment


class Offer(NamedTuple):
    """A counsellor with the earliest times, by day."""

    code: str
    name: str
    languages: list[str]
    days: list[tuple[date, list[datetime]]]


@router.get("")
async def show(
    request: Request,
    read: Reading,
    running: Running,
    person: Booker,
    centre: Key = "",
    area: Key = "",
    language: Key = "",
    minutes: Annotated[int, Whole()] = 60,
    day: Key = "",
    who: Annotated[Key, Query(alias="person")] = "",
    path: Key = "",
) -> Response:
    """The counsellors with free times, the earliest first. `day`: the first day to look at."""
    if minutes not in GUIDANCE_MINUTES:
        minutes = GUIDANCE_MINUTES[0]
    wish = Wish(centre=centre, area=area, language=language, minutes=minutes, day=day, person=who, path=path)
    return await _page(request, read, running, person, wish)


@router.post("")
async def choose(
    form: Annotated[ChooseForm, Form()], request: Request, work: Working, running: Running, person: Booker
) -> Response:
    """Hold a time for the account, and open the booking form with it."""
    centre, _own = await desk_of(work.session, person, form.centre)
    held = await holds.hold_slot(
        work,
        owner_of_account(person.subject),
        centre=centre.code,
        counsellor=form.counsellor,
        starts_at=form.starts_at,
        minutes=form.minutes,
        area=form.area or None,
        horizon=horizon_of(running),
    )
    return see_other(request, f"/scheduling/interviews/new?{_query(centre, held, form)}")


def _query(centre: Centre, held: SlotHold, wish: Wish) -> str:
    local = held.starts_at.astimezone(centre.zone)
    chosen = {"date": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}", "counsellor": held.counsellor}
    kept = {"centre": centre.code, "person": wish.person, "path": wish.path, "area": wish.area}
    query = kept | chosen | {"minutes": held.minutes}
    return urlencode({name: value for name, value in query.items() if value})


async def _page(
    request: Request,
    session: AsyncSession,
    running: Runtime,
    person: Person,
    wish: Wish,
) -> Response:
    centre, own = await desk_of(session, person, wish.centre)
    now = running.clock()
    path_id = await _path_of(session, wish)
    earliest = await first_day(session, running, centre, path_id)
    day = parse_day(wish.day, earliest)
    reflecting = await times_to_reflect(session, path_id, centre.zone, reflection_of(running))
    faults: dict[str, str] = {}
    names = dict(await counsellor_choices(session, centre.code))
    offers: list[Offer] = []
    profiles = await profiles_of(session, names)
    try:
        kept = await rules_of(session, centre.code, rules_of_settings(running))
        times.check_horizon(times.local_day(day, centre.zone)[0], now, kept.horizon, centre.zone, "day")
        search = await _search(session, running, person, day, wish.minutes)
        also = await also_needed(session, centre.code, None, await _subject_of(session, wish))
        search = replace(search, also=also, reflecting=reflecting)
        offers = await _offers(session, centre, names, profiles, wish, search)
    except TooFarAhead as error:
        faults = by_field(error)
    return page(
        request,
        "scheduling/free_times.html",
        status=422 if faults else 200,
        centre=centre,
        own=own,
        wish=wish,
        day=day,
        errors=faults,
        offers=offers,
        counsellors=names,
        areas=[(code, area_label(code)) for code in centre.areas],
        spoken=spoken_by(profiles.values()),
        lengths=lengths(),
        length=length_word(wish.minutes),
        hours_entered=bool(await hours_at(session, [centre])),
        reflected=earliest if within(reflecting, now) else None,
        keeps_hours=person.has(Role.COUNSELLOR, Role.MANAGER),
        last=day + rules.LONGEST_SPAN - timedelta(days=1),
    )


async def _path_of(session: AsyncSession, wish: Wish) -> UUID | None:
    """The path on which it is to be booked: the chosen one, or the individual path that the person has."""
    subject_ref = uuid_of(wish.person)
    if wish.path or subject_ref is None:
        return uuid_of(wish.path)
    return await open_individual_path(session, await references_of(session, Alias, subject_ref), wish.centre or None)


async def _subject_of(session: AsyncSession, wish: Wish) -> UUID | None:
    """For whom it is to be booked, if that is known: the times are free in their calendar too."""
    path_id = uuid_of(wish.path)
    path = await session.get(GuidancePath, path_id) if path_id is not None else None
    return path.subject_ref if path is not None else uuid_of(wish.person)


async def _search(session: AsyncSession, running: Runtime, person: Person, day: date, minutes: int) -> Search:
    """What the account itself holds counts as free for it."""
    held = await session.get(SlotHold, owner_of_account(person.subject))
    last = day + LONGEST_SPAN - timedelta(days=1)
    besides = held.id if held is not None else None
    return Search(day, last, minutes, running.clock(), horizon_of(running), besides=besides)


async def _offers(
    session: AsyncSession,
    centre: Centre,
    names: dict[str, str],
    profiles: dict[str, CounsellorProfile],
    wish: Wish,
    search: Search,
) -> list[Offer]:
    calendars = await calendars_of(session, [centre], area=wish.area or None, language=wish.language or None)
    found = await free_times(session, [centre], calendars, search)
    offers: list[Offer] = []
    for code, centre_code in calendars:
        days: dict[date, list[datetime]] = {}
        for at in islice(apart(found.only([(code, centre_code)]).starts(), search.minutes, lambda at: at), OF_EACH):
            days.setdefault(at.astimezone(centre.zone).date(), []).append(at)
        if days:
            profile = profiles.get(code)
            languages = [language_name(one) for one in profile.languages] if profile is not None else []
            offers.append(Offer(code, names.get(code, code), languages, list(days.items())))
    return sorted(offers, key=lambda one: (one.days[0][1][0], one.name))
