"""What intake's pages share: the centre, the boards and the desks' labels."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.web import allow
from services.chassis.web.cookies import cookie_of
from services.contracts.intake import VisitStatus
from services.contracts.roles import Role
from services.intake.domain import start_of_day
from services.intake.store import Centre, Visit, Visitor
from services.intake.store.queue import in_the_room, recently_ended

Team = Annotated[Person, allow(Role.FRONT_DESK, Role.COUNSELLOR)]

DESK_COOKIE = "desk"
FIRST_DESK = "desk-1"


async def load_centre(session: AsyncSession, code: str) -> Centre:
    """The centre. Raises `NotFound`."""
    centre = await session.get(Centre, code)
    if centre is None:
        raise NotFound(what=msg("centre"))
    return centre


def sees_name(person: Person, visitor: Visitor) -> bool:
    """Whether this person may see the visitor's name: the team of their centre may."""
    return person.has(Role.FRONT_DESK, Role.COUNSELLOR) and visitor.centre in person.centres


def current_desk(request: Request) -> str:
    """This browser's desk, from its cookie; by default the first."""
    code = cookie_of(request, request.app.state.settings, DESK_COOKIE)
    return code if code.startswith("desk-") and code[5:].isdecimal() and len(code) <= 8 else FIRST_DESK


def desk_label(code: str | None) -> str:
    """A desk in the reader's language: `desk-2` is "Desk 2"; a centre's other codes are shown as they are."""
    number = (code or "").removeprefix("desk-")
    return _("Desk {number}").format(number=number) if number != code and number.isdecimal() else (code or "")


async def desk_board(session: AsyncSession, centre: Centre, now: datetime) -> dict[str, Any]:
    """The desk's board: today's visitors in the room, visits ended within 12 hours, and earlier visits never ended."""
    day_start = start_of_day(now, ZoneInfo(centre.timezone))
    here = await in_the_room(session, centre.code, since=day_start)
    return {
        "centre_code": centre.code,
        **_by_status(here),
        "ended": await recently_ended(session, centre.code, now - timedelta(hours=12)),
        "earlier": await in_the_room(session, centre.code, 50, before=day_start),
        "desk_label": desk_label,
    }


async def room_board(session: AsyncSession, centre: Centre, now: datetime) -> dict[str, Any]:
    """The called visitors, latest first, and the waiting ones: tickets, no names."""
    here = await in_the_room(session, centre.code, since=start_of_day(now, ZoneInfo(centre.timezone)))
    by_status = _by_status(here)
    return {
        "called": sorted(by_status["called"], key=lambda visit: visit.called_at or visit.checked_in_at, reverse=True)[
            :6
        ],
        "waiting": by_status["waiting"],
        "desk_label": desk_label,
    }


def _by_status(here: Iterable[Visit]) -> dict[str, list[Visit]]:
    """The visits by column of the board."""
    waiting, called, being_served = list[Visit](), list[Visit](), list[Visit]()
    for visit in here:
        match VisitStatus(visit.status):
            case VisitStatus.WAITING:
                waiting.append(visit)
            case VisitStatus.CALLED:
                called.append(visit)
            case VisitStatus.BEING_SERVED:
                being_served.append(visit)
            case VisitStatus.SERVED | VisitStatus.LEFT | VisitStatus.NO_QUEUE:
                pass
    return {"waiting": waiting, "called": called, "being_served": being_served}
