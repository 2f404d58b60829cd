"""What intake's pages share: the centre, the boards and the desks' labels."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.visits import (
    Day,
    counts_of,
    has_just_ended,
    in_turn,
    is_here,
    is_left_over,
    just_left,
    just_seen,
)
from services.chassis.i18n import by_name, language_name, word_of
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg, with_words
from services.chassis.runtime.clock import Clock
from services.chassis.web import allow
from services.chassis.web.cookies import cookie_of
from services.contracts.arrivals import INTERPRETED, OTHER_LANGUAGE, Activity
from services.contracts.intake import Channel, VisitStatus
from services.contracts.roles import Role
from services.intake.actions.accesses import may_open
from services.intake.actions.desks import counsellors_of, desks_of
from services.intake.actions.estimates import outlook_for
from services.intake.domain import GROUP_MAX, GROUP_MIN, Need, is_desk
from services.intake.domain.appointments import AppointmentKind, Timing
from services.intake.domain.estimates import Outlook
from services.intake.pages.wait_words import wait_text
from services.intake.store import Centre, Visit, Visitor
from services.intake.store.appointments import (
    Appointment,
    Expected,
    expected_visitors,
    is_awaited,
    is_of_day,
    numbers_expected,
)
from services.intake.store.days import was_closed
from services.intake.store.queue import called_by_desk, last_closing, number_waiting

Team = Annotated[Person, allow(Role.FRONT_DESK, Role.COUNSELLOR)]

NEED_LABELS = {Need.WHEELCHAIR: msg("wheelchair access"), Need.QUIET_ROOM: msg("quiet room")}
with_words(NEED_LABELS)

APPOINTMENT_WORDS = {AppointmentKind.INTERVIEW: msg("Interview"), AppointmentKind.WORKSHOP: msg("Workshop")}
with_words(APPOINTMENT_WORDS)


def needs_choices(chosen: str | None = None) -> dict[str, Any]:
    """What can be prepared for a visitor, in the reader's language. `chosen`: the interpreter's language until now."""
    listed = {*INTERPRETED, chosen or OTHER_LANGUAGE} - {OTHER_LANGUAGE}
    languages = [(code, language_name(code)) for code in listed]
    return {
        "interpreters": [
            *sorted(languages, key=lambda one: by_name(one[1])),
            (OTHER_LANGUAGE, language_name(OTHER_LANGUAGE)),
        ],
        "needs": [(need.value, _(label)) for need, label in NEED_LABELS.items()],
    }


AT_THE_DESK = (Channel.DESK, Channel.PHONE, Channel.ONLINE)


def arrival_choices() -> dict[str, Any]:
    """The choices of an arrival that are the same at every centre, in the reader's language."""
    return needs_choices() | {
        "channels": [(channel.value, word_of(channel)) for channel in AT_THE_DESK],
        "activities": [(activity.value, word_of(activity)) for activity in Activity],
        "group": (GROUP_MIN, GROUP_MAX),
    }


DESK_COOKIE = "desk"
FIRST_DESK = "desk-1"
COLUMNS = (VisitStatus.WAITING, VisitStatus.CALLED, VisitStatus.BEING_SERVED)
SHOWN, EARLIER_SHOWN, WALL_SHOWN, CALLED_SHOWN = 50, 10, 200, 5
"""How many visits a column, the earlier visits and the wall show (waiting, called). A list's page shows the others.

The wall shows those who wait in turn, as many at once as fit: everyone looks for their own ticket there.
"""

DUE_WITHIN, DUE_SHOWN = timedelta(hours=1), 6
"""How long before the appointment a visitor is due on the board, and how many of them it shows."""


async def load_centre(session: AsyncSession, code: str) -> Centre:
    """The centre. Raises `NotFound`."""
    centre = await session.get(Centre, code)
    if centre is None:
        raise NotFound(what=msg("centre"))
    return centre


def sees_name(person: Person, visitor: Visitor) -> bool:
    """Whether this person may see the visitor's name: the team of their centre may."""
    return person.has(Role.FRONT_DESK, Role.COUNSELLOR) and visitor.centre in person.centres


async def may_see(session: AsyncSession, visitor: Visitor, person: Person, now: datetime) -> bool:
    """Whether this person may see the visitor's name: `sees_name`, or who found them from another centre lately."""
    return person.has(Role.FRONT_DESK, Role.COUNSELLOR) and await may_open(session, visitor, person, now)


async def person_of_visit(session: AsyncSession, visit_id: UUID, person: Person) -> tuple[Visit, Visitor]:
    """A visit and its registered person, both of the reader's centres. Raises `NotFound`.

    A person of another centre keeps their link, their consents and their plan there, whatever centre they visit.
    """
    visit = own(await session.get(Visit, visit_id), person, msg("visit"))
    visitor = await session.get(Visitor, visit.subject_ref) if visit.subject_ref is not None else None
    return visit, own(visitor, person, msg("registered person"))


class Here(NamedTuple):
    """The desk where this browser is, and the areas that it serves; none: all.

    `chosen` is false where no desk of the centre was chosen: then it is the first.
    """

    desk: str
    chosen: bool
    areas: tuple[str, ...] = ()


def desk_here(request: Request, desks: Sequence[str]) -> Here:
    """This browser's desk at a centre that has these, from its cookie. Where no desk is known, any."""
    desk, *areas = cookie_of(request, request.app.state.settings, DESK_COOKIE).split(".")
    if desk in desks or (not desks and is_desk(desk)):
        return Here(desk, True, tuple(areas))
    return Here(desks[0] if desks else FIRST_DESK, len(desks) < 2)


def desk_cookie(desk: str, areas: Sequence[str]) -> str:
    """What `desk_here` reads."""
    return ".".join((desk, *areas))


def desk_label(code: str | None) -> str:
    """A desk in the reader's language: `desk-2` is "Desk 2"; a centre's other codes are shown as they are."""
    number = (code or "").removeprefix("desk-")
    return _("Desk {number}").format(number=number) if number != code and number.isdecimal() else (code or "")


async def desk_board(session: AsyncSession, code: str, clock: Clock) -> dict[str, Any]:
    """The board of a centre's desks: who is here today, who was just seen or left, and visits that nobody ended.

    `called_to`: by desk, the visitor whom it called last, and who has not come to it yet. `desks`: all of the centre's.
    """
    centre = await load_centre(session, code)
    day = Day.of(centre, clock())
    here, earlier = is_here(Visit, day), is_left_over(Visit, day)
    counts = await counts_of(session, Visit, here)
    columns = {status: await in_turn(session, Visit, here, SHOWN, status=status) for status in COLUMNS}
    return {
        "centre_code": centre.code,
        "called_to": await called_by_desk(session, day),
        "desks": await desks_of(session, centre.code),
        "columns": {status.value: visits for status, visits in columns.items()},
        "called": _latest_called(columns[VisitStatus.CALLED]),
        "counts": _by_code(counts),
        "ended": _by_code(await counts_of(session, Visit, has_just_ended(Visit, day))),
        "seen": await just_seen(session, Visit, day, SHOWN),
        "left": await just_left(session, Visit, day, SHOWN),
        "closing": await last_closing(session, day),
        "earlier": await in_turn(session, Visit, earlier, EARLIER_SHOWN),
        "earlier_count": sum((await counts_of(session, Visit, earlier)).values()),
        "desk_label": desk_label,
        "need_labels": NEED_LABELS,
        "wait": await _wait(session, centre, day),
        "wait_text": wait_text,
        "expected": (due := await due_soon(session, centre, day.now)),
        "counsellors": await _concerned(session, centre.code, columns[VisitStatus.WAITING], due),
    }


def own_desk(board: Mapping[str, Any], request: Request) -> dict[str, Any]:
    """What the board shows to one desk alone: which it is, and the visitor who is to come to it."""
    here = desk_here(request, board["desks"])
    return {"here": here.desk, "here_chosen": here.chosen, "mine": board["called_to"].get(here.desk)}


class Due(NamedTuple):
    """Who has not arrived: today's in all, those who are late, and the first of those who are due soon."""

    missing: int
    late: int
    soon: list[tuple[Expected, Timing]]


async def due_soon(session: AsyncSession, centre: Centre, now: datetime) -> Due:
    """Who is expected at this centre and has not arrived."""
    missing, late = await numbers_expected(session, centre, now)
    soon = sa.and_(is_of_day(centre, now), is_awaited(now), col(Appointment.starts_at) <= now + DUE_WITHIN)
    found = await expected_visitors(session, soon, DUE_SHOWN) if missing else []
    return Due(missing, late, with_timing(found, now))


def with_timing(found: Sequence[Expected], now: datetime) -> list[tuple[Expected, Timing]]:
    """Each with whether its visitor is early, late or expected."""
    return [(one, one.appointment.timing(now)) for one in found]


async def _concerned(session: AsyncSession, centre: str, waiting: Sequence[Visit], due: Due) -> list[tuple[str, str]]:
    """The counsellors of the centre, by code, if anyone waits for one of them or is expected by one."""
    if not due.soon and all(visit.for_counsellor is None for visit in waiting):
        return []
    return list((await counsellors_of(session, centre)).items())


async def room_board(session: AsyncSession, code: str, clock: Clock) -> dict[str, Any]:
    """The called visitors, latest first, and those who wait: tickets, no names. `closed`: the team closed the day."""
    centre = await load_centre(session, code)
    day = Day.of(centre, clock())
    here = is_here(Visit, day)
    counts = await counts_of(session, Visit, here)
    called = await in_turn(session, Visit, here, SHOWN, status=VisitStatus.CALLED)
    return {
        "closed": not sum(counts.values()) and await was_closed(session, day),
        "called": _latest_called(called)[:CALLED_SHOWN],
        "waiting": await in_turn(session, Visit, here, WALL_SHOWN, status=VisitStatus.WAITING),
        "counts": _by_code(counts),
        "wait": await _wait(session, centre, day),
        "wait_text": wait_text,
        "desk_label": desk_label,
    }


async def column(
    session: AsyncSession, day: Day, which: str, limit: int, after: UUID | None
) -> tuple[int, Sequence[Visit]]:
    """One column of the desk's board, by its status or `earlier`: how many there are, and those behind `after`."""
    if which == "earlier":
        earlier = is_left_over(Visit, day)
        counts = await counts_of(session, Visit, earlier)
        return sum(counts.values()), await in_turn(session, Visit, earlier, limit, after=after)
    status = VisitStatus(which)
    here = has_just_ended(Visit, day) if status.has_ended else is_here(Visit, day)
    number = (await counts_of(session, Visit, here))[status]
    if not status.has_ended:
        return number, await in_turn(session, Visit, here, limit, status=status, after=after)
    just_ended = just_seen if status.was_served else just_left
    return number, await just_ended(session, Visit, day, limit, after=after)


async def _wait(session: AsyncSession, centre: Centre, day: Day) -> Outlook:
    """What a visitor may expect who checks in now."""
    return outlook_for(centre, None, await number_waiting(session, day), day.now)


def _latest_called(called: Sequence[Visit]) -> list[Visit]:
    """Latest first, so that the ticket just called is in sight."""
    return sorted(called, key=lambda visit: visit.called_at or visit.checked_in_at, reverse=True)


def _by_code(counts: dict[VisitStatus, int]) -> dict[str, int]:
    return {status.value: number for status, number in counts.items()}
