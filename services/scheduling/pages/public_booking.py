"""Pages on which visitors book a first interview themselves: free times of a centre, and what was booked.

Between the two intake takes name and contact. Nothing here knows a name.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.chassis.copies.areas import area_label
from services.chassis.copies.centres import centre_copies
from services.chassis.i18n import LANGUAGE_NAMES, Language
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.storage.store import Work
from services.chassis.web import Body, Reading, Router, Running, anyone, cause_of, explain, limited, page, see_other
from services.chassis.web.cookies import cookie_of, set_cookie
from services.contracts.public_booking import (
    CHOOSER_COOKIE,
    HELD_TIME,
    REQUEST_PATH,
    HeldTime,
    choose_path,
)
from services.contracts.text import Key
from services.contracts.values import Moment
from services.scheduling.actions import public_booking as booking
from services.scheduling.domain.holds import new_browser_token, owner_of_browser
from services.scheduling.domain.public_booking import (
    LOST,
    SEARCHED,
    NotPublic,
    TimeTaken,
)
from services.scheduling.domain.times import HALF_LABELS, Half, is_in_half
from services.scheduling.pages.desk import halves, parse_day
from services.scheduling.settings import rules_of_settings
from services.scheduling.store import Centre, SlotHold
from services.scheduling.store.booking_rules import rules_at, rules_of
from services.scheduling.store.slots import Search, calendars_of, free_days

router = Router("/scheduling", pages=True)
Anyone = Annotated[Person | None, anyone]
Days = list[tuple[date, list[datetime]]]
DAYS = 5
"""Days with free times on one page."""
_HOUR = 3600
"""Seconds for which the cookie of a hold is kept."""


class HoldForm(Body):
    """A time that was chosen."""

    area: Key
    language: Language | None = None
    starts_at: Moment


@router.get("/book")
async def choose_centre(request: Request, read: Reading, running: Running, person: Anyone) -> Response:
    """The centres at which visitors book themselves."""
    copies = await centre_copies(read, Centre)
    kept = await rules_at(read, copies, rules_of_settings(running))
    centres = sorted((one for one in copies.values() if kept[one.code].public), key=lambda one: one.name)
    return page(request, "scheduling/public_centres.html", centres=centres, choose_path=choose_path)


@router.get("/centres/{centre}/book", dependencies=[limited("search")])
async def choose_time(
    centre: Key,
    request: Request,
    read: Reading,
    running: Running,
    person: Anyone,
    area: Key = "",
    language: Key = "",
    half: Key = "",
    day: Key = "",
) -> Response:
    """The next free times of a centre for a first interview."""
    copy = await centre_of(read, centre)
    kept = await rules_of(read, centre, rules_of_settings(running))
    chosen = {
        "area": area if area in copy.areas else "",
        "language": language if language in LANGUAGE_NAMES else "",
        "half": half if half in HALF_LABELS else "",
    }
    days: Days = []
    later: date | None = None
    settings = request.app.state.settings
    secret = cookie_of(request, settings, CHOOSER_COOKIE)
    if kept.public and chosen["area"]:
        held = await booking.live_hold(read, owner_of_browser(secret), running.clock()) if secret else None
        search = booking.search_of(kept, copy, running.clock())
        days, later = await _days(read, copy, replace(search, besides=held.id if held else None), chosen, day)
    shown = page(
        request,
        "scheduling/public_times.html",
        centre=copy,
        public_booking=kept.public,
        days=days,
        later=f"?{urlencode(chosen | {'day': later.isoformat()})}" if later else None,
        chosen=chosen,
        areas=[(one, area_label(one)) for one in copy.areas],
        spoken=list(LANGUAGE_NAMES.items()),
        halves=halves(),
    )
    if days:  # before the first press, so that a second one is the same browser's
        set_cookie(shown, settings, CHOOSER_COOKIE, secret or new_browser_token(), _HOUR)
    return shown


async def _days(
    session: AsyncSession, centre: Centre, search: Search, chosen: dict[str, str], day: str
) -> tuple[Days, date | None]:
    """The next days with free times, and where to go on."""
    first = max(search.first, min(parse_day(day, search.first), search.last))
    last = min(search.last, first + SEARCHED)
    half = Half(chosen["half"]) if chosen["half"] else None
    found, later = await free_days(
        session,
        centre,
        await calendars_of(session, [centre], area=chosen["area"], language=chosen["language"] or None),
        replace(search, first=first, last=last),
        most=DAYS,
        suits=lambda at: is_in_half(at, half, centre.zone),
    )
    if later is None and last < search.last:
        later = last + timedelta(days=1)
    return found, later


@router.post("/centres/{centre}/book", dependencies=[limited("booking")])
async def hold_time(
    centre: Key, form: Annotated[HoldForm, Form()], request: Request, running: Running, person: Anyone
) -> Response:
    """Hold the time for this browser, and go on to intake's page. What the browser held before is free again."""
    settings = request.app.state.settings
    secret = cookie_of(request, settings, CHOOSER_COOKIE) or new_browser_token()
    usual, starts_at = rules_of_settings(running), form.starts_at.astimezone(UTC)

    async def act(work: Work, _number: int) -> HeldTime:
        owner = owner_of_browser(secret)
        held = await booking.hold_time(work, owner, centre, form.area, form.language, starts_at, usual)
        return _held_time(held, form.language)

    try:
        time = await booking.first_free(running.store, cause_of(request), act)
    except NotPublic:
        return see_other(request, choose_path(centre))  # which says how to come
    except LOST:
        query = urlencode({"area": form.area, "language": form.language or ""})
        return see_other(request, f"{choose_path(centre)}?{query}", error=explain(TimeTaken()))
    sealed = request.app.state.signer.seal(HELD_TIME, time.model_dump(mode="json"))
    response = RedirectResponse(f"{REQUEST_PATH}?{urlencode({'time': sealed})}", 303)
    set_cookie(response, settings, CHOOSER_COOKIE, secret, _HOUR)
    return response


def _held_time(held: SlotHold, language: str | None) -> HeldTime:
    return HeldTime(
        hold_id=held.id,
        centre=held.centre,
        area=held.area or "",
        starts_at=held.starts_at,
        minutes=held.minutes,
        language=language,
        held_until=held.expires_at,
    )


async def centre_of(session: AsyncSession, code: str) -> Centre:
    """The centre with this code. Raises `NotFound`."""
    found = await session.get(Centre, code)
    if found is None:
        raise NotFound(what=msg("centre"))
    return found
