"""The public pages of the centres: all of them by province, and where, when and why to go to one."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from services.chassis.i18n import coming_day, date_text, time_text
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.web import Reading, Router, anyone, page
from services.chassis.web.pages import fragment
from services.contracts.directory import WEEKDAYS
from services.contracts.opening import Hours
from services.contracts.roles import Role
from services.contracts.text import Key
from services.directory.actions.centre_contacts import CentreContact
from services.directory.domain.centres import PROVINCES, centre_id
from services.directory.pages.views import days_text, now_of
from services.directory.store import Centre, centres

router = Router("/directory/centres", pages=True)
Anyone = Annotated[Person | None, anyone]

CLOSINGS_AHEAD = timedelta(days=45)
"""How far ahead closing days are shown."""
_MAP = "https://www.openstreetmap.org/search"


class CentreSeen(NamedTuple):
    """A centre with its present state in words."""

    centre: Centre
    contact: CentreContact
    is_open: bool
    state: str


@router.get("")
async def list_centres(request: Request, read: Reading, person: Anyone) -> Response:
    """The centres by province, in order of their towns, with what is open now."""
    found = {centre.code: seen(centre, now_of(request)) for centre in await centres(read)}
    provinces = {name: [found.pop(code) for code in codes if code in found] for name, codes in PROVINCES.items()}
    others = {msg("Other places"): list(found.values())} if found else {}
    return page(request, "directory/centres.html", provinces=provinces | others)


@router.get("/{code}")
async def centre_page(code: Key, request: Request, read: Reading, person: Anyone) -> Response:
    """One centre: where it is, when it is open, how to come and what for."""
    centre = await read.get(Centre, centre_id(code))
    if centre is None:
        raise NotFound(what=msg("centre"))
    now, hours = now_of(request), centre.hours
    shown = seen(centre, now)
    return page(
        request,
        "directory/centre.html",
        seen=shown,
        centre=centre,
        contact=shown.contact,
        week=week_lines(hours),
        closings=[date_text(day, "full") for day in closings(hours, now.astimezone(hours.zone).date())],
        others=other_days(hours, now.astimezone(hours.zone).date()),
        map_url=map_url(centre.town, shown.contact),
        edits=person is not None and person.has(Role.MANAGER) and person.works_at(code),
    )


@router.get("/{code}/phone")
async def centre_phone(code: Key, request: Request, read: Reading, person: Anyone) -> Response:
    """How to telephone a centre, and its page: a part of the pages from which a visitor has to telephone it."""
    centre = await read.get(Centre, centre_id(code))
    if centre is None:
        raise NotFound(what=msg("centre"))
    contact = CentreContact.model_construct(**centre.contact)
    return HTMLResponse(fragment(request, "directory/centre_phone.html", centre=centre, contact=contact))


def seen(centre: Centre, now: datetime) -> CentreSeen:
    """The centre, and in words whether it is open now, until when, or when it opens."""
    hours, contact = centre.hours, CentreContact.model_construct(**centre.contact)
    if (until := hours.closes(now)) is not None:
        return CentreSeen(centre, contact, True, _("Open now, until {time}").format(time=_time(until, hours)))
    opens = hours.opens(now)
    if opens is None:
        return CentreSeen(centre, contact, False, _("Closed at the moment. Contact the centre before you come."))
    day = coming_day(opens, now, hours.zone)
    state = _("Closed now. Opens {day} at {time}").format(day=day, time=_time(opens, hours))
    return CentreSeen(centre, contact, False, state)


def week_lines(hours: Hours) -> list[tuple[str, str]]:
    """The usual week: days and their hours; days with the same hours are one line, in order of the first."""
    days: dict[str, list[str]] = {}
    for weekday in WEEKDAYS:
        spans = ", ".join("–".join(span) for span in hours.usual(weekday))
        days.setdefault(spans, []).append(weekday)
    return [(days_text(",".join(same)), spans or _("closed")) for spans, same in days.items()]


def closings(hours: Hours, today: date) -> Iterator[date]:
    """The next closing days on which the centre would be open, in order."""
    for ahead in range(CLOSINGS_AHEAD.days + 1):
        day = today + timedelta(days=ahead)
        if not hours.of(day) and hours.usual(WEEKDAYS[day.weekday()]):
            yield day


def other_days(hours: Hours, today: date) -> list[tuple[str, str]]:
    """The next days with other hours than usual, and these."""
    coming = (today + timedelta(days=ahead) for ahead in range(CLOSINGS_AHEAD.days + 1))
    return [
        (date_text(day, "full"), ", ".join("–".join(span) for span in hours.of(day)))
        for day in coming
        if hours.special.get(day.isoformat())
    ]


def map_url(town: str, contact: CentreContact) -> str | None:
    """The address on a map, of which the map's owner learns nothing before the link is followed."""
    if not contact.address:
        return None
    place = f"{contact.address}, {contact.postal_code or ''} {town}, Belgique"
    return f"{_MAP}?{urlencode({'query': ' '.join(place.split())})}"


def _time(at: datetime, hours: Hours) -> str:
    return time_text(at.astimezone(hours.zone))
