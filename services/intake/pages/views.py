"""What intake's pages share: the centre, the boards and the desks' labels."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.copies.visits import Day, counts_of, first_come, is_here, is_left_over, just_left, just_seen
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.web import allow
from services.chassis.web.cookies import cookie_of
from services.contracts.intake import VisitStatus
from services.contracts.roles import Role
from services.intake.store import Centre, Visit, Visitor
from services.intake.store.queue import called_to

Team = Annotated[Person, allow(Role.FRONT_DESK, Role.COUNSELLOR)]

DESK_COOKIE = "desk"
FIRST_DESK = "desk-1"
COLUMNS = (VisitStatus.WAITING, VisitStatus.CALLED, VisitStatus.BEING_SERVED)
SHOWN, EARLIER_SHOWN, WALL_SHOWN = 50, 10, 24
"""How many visits a column, the earlier visits and the wall show. The page of a list shows the others."""


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
    return code if re.fullmatch(r"desk-[0-9]{1,3}", code) else FIRST_DESK


def desk_label(code: str | None) -> str:
    """A desk in the reader's language: `desk-2` is "Desk 2"; a centre's other codes are shown as they are."""
    number = (code or "").removeprefix("desk-")
    return _("Desk {number}").format(number=number) if number != code and number.isdecimal() else (code or "")


async def desk_board(session: AsyncSession, centre: Centre, now: datetime, desk: str) -> dict[str, Any]:
    """The desk's board: who is here today, who was just seen or left, and earlier visits that nobody ended.

    `mine`: the visitor whom this desk called last, and who has not come to it yet.
    """
    day = Day.of(centre, now)
    here, earlier = is_here(Visit, day), is_left_over(Visit, day)
    columns = {status: await first_come(session, Visit, here, SHOWN, status=status) for status in COLUMNS}
    return {
        "centre_code": centre.code,
        "mine": await called_to(session, day, desk),
        "columns": {status.value: visits for status, visits in columns.items()},
        "called": _latest_called(columns[VisitStatus.CALLED]),
        "counts": _by_code(await counts_of(session, Visit, here)),
        "seen": await just_seen(session, Visit, day, SHOWN),
        "left": await just_left(session, Visit, day, SHOWN),
        "earlier": await first_come(session, Visit, earlier, EARLIER_SHOWN),
        "earlier_count": sum((await counts_of(session, Visit, earlier)).values()),
        "desk_label": desk_label,
    }


async def room_board(session: AsyncSession, centre: Centre, now: datetime) -> dict[str, Any]:
    """The called visitors, latest first, and the first waiting ones: tickets, no names."""
    here = is_here(Visit, Day.of(centre, now))
    called = await first_come(session, Visit, here, SHOWN, status=VisitStatus.CALLED)
    return {
        "called": _latest_called(called)[:6],
        "waiting": await first_come(session, Visit, here, WALL_SHOWN, status=VisitStatus.WAITING),
        "counts": _by_code(await counts_of(session, Visit, here)),
        "desk_label": desk_label,
    }


def _latest_called(called: Sequence[Visit]) -> list[Visit]:
    """Latest first, so that the ticket just called is in sight."""
    return sorted(called, key=lambda visit: visit.called_at or visit.checked_in_at, reverse=True)


def _by_code(counts: dict[VisitStatus, int]) -> dict[str, int]:
    return {status.value: number for status, number in counts.items()}
