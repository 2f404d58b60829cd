"""How a day at the desk goes, or went, for the centre's own team and its managers. No names, no needs."""

from datetime import date
from typing import Annotated

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from services.chassis.copies.areas import area_label
from services.chassis.copies.centres import centre_copies
from services.chassis.i18n import time_text
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import Refused
from services.chassis.web import Reading, Router, Running, allow, by_field, page
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import day_of
from services.intake.actions.days import TwoDays, two_days
from services.intake.domain.days import NoFiguresYet, hours_shown
from services.intake.pages.views import load_centre
from services.intake.store import Centre

router = Router("/intake", pages=True)
Insider = Annotated[Person, allow(Role.FRONT_DESK, Role.COUNSELLOR, Role.MANAGER)]


@router.get("/day")
async def choose(request: Request, read: Reading, person: Insider) -> Response:
    """Redirects to the day of the person's only centre, or lists their centres."""
    own = [centre for centre in (await centre_copies(read, Centre)).values() if person.works_at(centre.code)]
    if len(own) == 1:
        return RedirectResponse(f"/intake/day/{own[0].code}", 303)
    return page(request, "intake/centres.html", centres=own, leads_to="day", title=_("Day at the desk"))


@router.get("/day/{centre}")
async def centre_day(
    centre: Key, request: Request, read: Reading, running: Running, person: Insider, day: Key = ""
) -> Response:
    """The figures of a day, by default of today, beside those of the same weekday of the week before."""
    copy, now = await load_centre(read, person.at(centre)), running.clock().replace(microsecond=0)
    today = now.astimezone(copy.zone).date()
    found, errors = None, dict[str, str]()
    try:
        found = await two_days(read, copy, _read(day, today), now)
    except Refused as refused:
        errors = by_field(refused)
    return page(
        request,
        "intake/day.html",
        status=422 if errors else 200,
        centre=copy,
        centre_name=copy.name,
        now=now,
        time=time_text(now.astimezone(copy.zone)),
        last=today,
        typed=found.day.day.isoformat() if found else day,
        found=found,
        is_today=found is not None and found.day.day == today,
        areas=_areas(copy, found) if found else [],
        hours=hours_shown(*found) if found else [],
        errors=errors,
        at_desk=person.has(Role.FRONT_DESK, Role.COUNSELLOR),
    )


def _areas(centre: Centre, found: TwoDays) -> list[tuple[str | None, str]]:
    """The areas of the centre, those it no longer has, and the visits without one, each with its name."""
    codes = dict.fromkeys([*centre.areas, *(code for one in found for code in one.by_area if code is not None)])
    return [*((code, area_label(code)) for code in codes), (None, _("Not stated"))]


def _read(text: str, default: date) -> date:
    """The day in the address. Raises `NoFiguresYet`."""
    try:
        return day_of(text) if text else default
    except ValueError:
        raise NoFiguresYet() from None
