"""Pages on which visitors book a first interview themselves: free times of a centre, and what was booked.

Between the two intake takes name and contact. Nothing here knows a name.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form, Request
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.chassis.copies.areas import area_label
from services.chassis.copies.centres import centre_copies
from services.chassis.i18n import LANGUAGE_NAMES, Language
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, Refused, Unavailable, msg
from services.chassis.service.definition import Runtime
from services.chassis.web import Body, Reading, Router, Running, anyone, cause_of, explain, limited, page, see_other
from services.chassis.web.cookies import cookie_of, set_cookie
from services.contracts.public_booking import (
    CONFIRMED_PATH,
    CONFIRMED_PERSON,
    HELD_TIME,
    REQUEST_PATH,
    ConfirmedPerson,
    HeldTime,
    choose_path,
)
from services.contracts.scheduling import AppointmentStatus
from services.contracts.text import Key, Local
from services.contracts.values import Moment
from services.scheduling.actions import public_booking as booking
from services.scheduling.domain.availability import BookingRules
from services.scheduling.domain.holds import new_browser_token, owner_of_browser
from services.scheduling.domain.public_booking import (
    HALF_LABELS,
    SEARCHED,
    ConfirmationUsedUp,
    Half,
    NotPublic,
    PersonErased,
    TimeTaken,
    is_in_half,
)
from services.scheduling.domain.refusals import CounsellorAway, OutsideWorkingHours, Overlap, TooSoon
from services.scheduling.domain.states import is_booked
from services.scheduling.pages.desk import length_word, parse_day
from services.scheduling.pages.mine import notice_words
from services.scheduling.settings import rules_of_settings
from services.scheduling.store import Centre, SlotHold
from services.scheduling.store.booking_rules import rules_at, rules_of
from services.scheduling.store.slots import calendars_of, free_days

router = Router("/scheduling", pages=True)
Anyone = Annotated[Person | None, anyone]
Days = list[tuple[date, list[datetime]]]
DAYS = 5
"""Days with free times on one page."""
_COOKIE, _HOUR, _DAY = "chooser", 3600, 86_400
"""The cookie by which a browser holds one time; how long it is kept, and how long a signature is read at all (s)."""
_LOST = (TimeTaken, Overlap, CounsellorAway, OutsideWorkingHours, TooSoon)


class HoldForm(Body):
    """A time that was chosen."""

    area: Key
    language: Language | None = None
    starts_at: Moment


class InsteadForm(Body):
    """Another time than the one that was held. None: that one."""

    starts_at: Moment | None = None


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
    copy = await _centre(read, centre)
    kept = await rules_of(read, centre, rules_of_settings(running))
    chosen = {
        "area": area if area in copy.areas else "",
        "language": language if language in LANGUAGE_NAMES else "",
        "half": half if half in HALF_LABELS else "",
    }
    days: Days = []
    later: date | None = None
    if kept.public and chosen["area"]:
        days, later = await _days(read, copy, kept, running.clock(), chosen, day)
    return page(
        request,
        "scheduling/public_times.html",
        centre=copy,
        public_booking=kept.public,
        days=days,
        later=f"?{urlencode(chosen | {'day': later.isoformat()})}" if later else None,
        chosen=chosen,
        areas=[(one, area_label(one)) for one in copy.areas],
        spoken=list(LANGUAGE_NAMES.items()),
        halves=[(half.value, _(label)) for half, label in HALF_LABELS.items()],
    )


async def _days(
    session: AsyncSession, centre: Centre, kept: BookingRules, now: datetime, chosen: dict[str, str], day: str
) -> tuple[Days, date | None]:
    """The next days with free times, and where to go on."""
    search = booking.search_of(kept, centre, now)
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
    secret = cookie_of(request, settings, _COOKIE) or new_browser_token()
    try:
        async with running.store.work(cause_of(request)) as work:
            held = await booking.hold_time(
                work,
                owner_of_browser(secret),
                centre,
                form.area,
                form.language,
                form.starts_at.astimezone(UTC),
                rules_of_settings(running),
            )
            time = _held_time(held)
    except NotPublic:
        return see_other(request, choose_path(centre))  # which says how to come
    except _LOST:
        query = urlencode({"area": form.area, "language": form.language or ""})
        return see_other(request, f"{choose_path(centre)}?{query}", error=explain(TimeTaken()))
    sealed = request.app.state.signer.seal(HELD_TIME, time.model_dump(mode="json"))
    response = RedirectResponse(f"{REQUEST_PATH}?{urlencode({'time': sealed})}", 303)
    set_cookie(response, settings, _COOKIE, secret, _HOUR)
    return response


def _held_time(held: SlotHold) -> HeldTime:
    return HeldTime(
        hold_id=held.id,
        centre=held.centre,
        area=held.area or "",
        starts_at=held.starts_at,
        minutes=held.minutes,
        held_until=held.expires_at,
    )


@router.post("/confirmed/{token}", dependencies=[limited("link")])
async def book(
    token: Local, form: Annotated[InsteadForm, Form()], request: Request, running: Running, person: Anyone
) -> Response:
    """Book what intake confirmed. The token counts once; again it leads to the same appointment."""
    usual, confirmed = rules_of_settings(running), _confirmed(request, token)
    if confirmed is None:
        return _ended(request, ConfirmationUsedUp(), None)
    starts_at = form.starts_at.astimezone(UTC) if form.starts_at is not None else None
    try:
        async with running.store.work(cause_of(request)) as work:
            await booking.book_confirmed(work, confirmed, starts_at, usual)
    except _LOST:
        return await _other_times(request, running, confirmed, token)
    except Unavailable:
        raise
    except Refused as refused:
        return _ended(request, refused, confirmed.held.centre if isinstance(refused, PersonErased) else None)
    return RedirectResponse(f"{CONFIRMED_PATH}/{token}", 303)


@router.get("/confirmed/{token}", dependencies=[limited("link")])
async def booked_page(token: Local, request: Request, read: Reading, running: Running, person: Anyone) -> Response:
    """When and where: what was booked, or what the person had booked before."""
    confirmed, now = _confirmed(request, token), running.clock()
    if confirmed is None or confirmed.expires_at <= now:
        return _ended(request, ConfirmationUsedUp(), None)
    interview = await booking.booked_by(read, confirmed, now)
    if interview is None:
        return _ended(request, ConfirmationUsedUp(), None)
    kept = await rules_of(read, interview.centre, rules_of_settings(running))
    return page(
        request,
        "scheduling/public_booked.html",
        interview=interview,
        centre=await _centre(read, interview.centre),
        booked=is_booked(AppointmentStatus(interview.status)),
        before=interview.id != confirmed.held.hold_id,
        continues_at=confirmed.continues_at,
        length_word=length_word,
        notice=notice_words(kept.visitor_notice),
    )


async def _other_times(request: Request, running: Runtime, confirmed: ConfirmedPerson, token: str) -> Response:
    async with running.store.read() as session:
        times = await booking.times_instead(session, confirmed, running.clock(), rules_of_settings(running))
        centre = await _centre(session, confirmed.held.centre)
    action, back = f"{CONFIRMED_PATH}/{token}", choose_path(centre.code)
    return page(
        request, "scheduling/public_lost.html", status=409, centre=centre, times=times, action=action, back=back
    )


def _confirmed(request: Request, token: str) -> ConfirmedPerson | None:
    """What intake signed; None if it did not."""
    try:
        return ConfirmedPerson.model_validate(request.app.state.signer.unseal(CONFIRMED_PERSON, token, _DAY))
    except ValidationError:
        return None


async def _centre(session: AsyncSession, code: str) -> Centre:
    found = await session.get(Centre, code)
    if found is None:
        raise NotFound(what=msg("centre"))
    return found


def _ended(request: Request, refused: Refused, centre: str | None) -> Response:
    back = choose_path(centre) if centre is not None else None
    return page(request, "scheduling/public_ended.html", status=refused.status, problem=explain(refused), back=back)
