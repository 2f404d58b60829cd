"""Calendars of a day, a week or a month: a counsellor's, a room's, or the whole centre's."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from services.chassis.i18n import date_text
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.service.definition import Runtime
from services.chassis.web import Board, Reading, Router, Running, live_board, page
from services.contracts.text import Input, Key
from services.scheduling.actions.boards import board
from services.scheduling.claims import staff_code
from services.scheduling.domain.calendars import VIEW_LABELS, View, week_number
from services.scheduling.pages.calendar_board import calendar_board
from services.scheduling.pages.calendar_shapes import Asked, address_of
from services.scheduling.pages.desk import Counsellor, counsellor_choices, desk_of, lengths, parse_day, room_choices
from services.scheduling.settings import answer_of, horizon_of
from services.scheduling.store import Centre
from services.scheduling.store.counsellors import belongs_to, counsellor_names
from services.scheduling.store.finalising import count_to_book
from services.scheduling.store.rooms import room_names

router = Router("/scheduling", pages=True)


class CalendarQuery(Input, extra="ignore"):
    """The address of a calendar: nothing in it has to be there. `counsellor` `*`: the whole centre's.

    What others add to links, and the language that the reader chose, is ignored here.
    """

    centre: Key = ""
    view: Key = ""
    date: Key = ""
    counsellor: Key = ""
    room: Key = ""


@router.get("/agenda")
async def show(
    request: Request,
    read: Reading,
    running: Running,
    person: Counsellor,
    query: Annotated[CalendarQuery, Query()],
) -> Response:
    """A calendar: the counsellor's own, a colleague's, all of the centre's (`*`), or a room's. `view`: see `View`."""
    centre_copy, own = await desk_of(read, person, query.centre)
    asked = _asked(running, person, centre_copy, query)
    found = await calendar_board(read, asked)
    whose = asked.counsellor or "*"
    belongs = whose != "*" and await belongs_to(read, whose, centre_copy.code)
    names = found["names"] | await counsellor_names(read, [whose] if belongs else [])
    counsellors = await counsellor_choices(read, centre_copy.code)
    if whose not in ("*", *dict(counsellors)):
        counsellors.append((whose, names.get(whose, whose)))
    return page(
        request,
        "scheduling/calendar.html",
        **found,
        own=own,
        centre_name=centre_copy.name,
        title=_title(asked),
        lengths=lengths(),
        views=[(one.value, _(label)) for one, label in VIEW_LABELS.items()],
        before=address_of(asked, day=asked.view.before(asked.day)),
        behind=address_of(asked, day=asked.view.behind(asked.day)),
        whose=whose,
        whose_name=names.get(whose, whose),
        me=staff_code(person),
        counsellors=counsellors,
        room_choices=await room_choices(read, centre_copy.code),
        live_url=address_of(asked).replace("/agenda?", "/agenda/stream?"),
        room_name=(await room_names(read, centre_copy.code))[asked.room] if asked.room else None,
        finals_to_book=await count_to_book(read, centre_copy.code, staff_code(person)),
        openings=centre_copy.hours.of(asked.day),
    )


def _asked(running: Runtime, person: Person, centre: Centre, query: CalendarQuery) -> Asked:
    """The calendar of an address. An unknown view is the day's."""
    today = running.clock().astimezone(centre.zone).date()
    whose = query.counsellor or staff_code(person) or "*"
    return Asked(
        centre=centre.code,
        view=View(query.view) if query.view in VIEW_LABELS else View.DAY,
        day=parse_day(query.date, today),
        counsellor=None if query.room or whose == "*" else whose,
        room=query.room or None,
        visible=tuple(sorted(person.centres)),
        horizon=horizon_of(running),
        answer=answer_of(running),
        clock=running.clock,
    )


def _title(asked: Asked) -> str:
    """The days that are shown, in words."""
    if asked.view is View.DAY:
        return date_text(asked.day, "full")
    if asked.view is View.MONTH:
        return date_text(asked.day, "month")
    days = asked.view.days(asked.day)
    return _("Week {number}: {first} – {last}").format(
        number=week_number(asked.day), first=date_text(days[0]), last=date_text(days[-1])
    )


@router.get("/agenda/stream")
async def stream(
    request: Request,
    read: Reading,
    running: Running,
    person: Counsellor,
    query: Annotated[CalendarQuery, Query()],
) -> Response:
    """The calendar, live: what others book, move and cancel."""
    centre_copy, _own = await desk_of(read, person, query.centre)
    asked = _asked(running, person, centre_copy, query)
    return live_board(
        request, Board(board(centre_copy.code), "scheduling/calendar_board.html", calendar_board, (asked,))
    )
