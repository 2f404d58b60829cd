"""What a calendar shows, read once for all who look at it: columns of quarter-hours, or a list for each day."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduling.domain.calendars import Rows, View, hours_around, lanes, places, runs
from services.scheduling.domain.slots import CalendarKey
from services.scheduling.domain.states import OPEN_WORKSHOPS
from services.scheduling.domain.times import QUARTER, Interval, local_day, united
from services.scheduling.pages.calendar_shapes import (
    ELSEWHERE,
    IN_A_MONTH,
    IN_A_WEEK,
    Asked,
    Cell,
    Column,
    Item,
    address_of,
    takes_time,
)
from services.scheduling.pages.desk import length_word
from services.scheduling.store import Centre
from services.scheduling.store.calendars import (
    ABSENCE,
    BUSY,
    NOT_HERE,
    WORKSHOP,
    Block,
    Subject,
    absence_blocks,
    blocks_of,
    first_interviews,
    in_order,
    session_blocks,
)
from services.scheduling.store.counsellors import accounts_to_book, counsellor_names, counsellors_of, is_bookable
from services.scheduling.store.offers import places_left
from services.scheduling.store.rooms import RoomNames, room_names
from services.scheduling.store.slots import FreeTimes, Search, free_times
from services.scheduling.store.workshops import workshops_with


@dataclass(slots=True)
class _Found:
    """What was read."""

    asked: Asked
    centre: Centre
    days: list[date]
    now: datetime
    centres: dict[str, Centre] = field(default_factory=dict[str, Centre])
    calendars: list[CalendarKey] = field(default_factory=list[CalendarKey])
    blocks: list[Block] = field(default_factory=list[Block])
    free: FreeTimes | None = None

    @property
    def span(self) -> Interval:
        return local_day(self.days[0], self.centre.zone)[0], local_day(self.days[-1], self.centre.zone)[1]

    def free_of(self, calendars: Collection[CalendarKey]) -> list[tuple[str, Interval]]:
        """The free times of these calendars, with their centres. Free at two centres is free at the first of them."""
        if self.free is None:
            return []
        timeline, seen = self.free.timeline, 0
        found: list[tuple[str, Interval]] = []
        for code, centre in calendars:
            bits = self.free.free[code, centre] & ~seen
            seen |= bits
            found += [(centre, (timeline.moment(first), timeline.moment(end))) for first, end in runs(bits)]
        return found

    def free_minutes(self, day: date) -> int:
        """How long the counsellors together are free on this day."""
        if self.free is None:
            return 0
        mask = self.free.timeline.days(day, day, self.centre.zone)
        return sum((bits & mask).bit_count() for bits in self.free.free.values()) * (QUARTER // timedelta(minutes=1))


async def calendar_board(session: AsyncSession, asked: Asked) -> dict[str, Any]:
    """The calendar, as its template has it."""
    centre, now = await session.get_one(Centre, asked.centre), asked.clock()
    found = _Found(asked, centre, asked.view.days(asked.day), now)
    subject = await _whose(session, found)
    await _read_free(session, found)
    of_all = asked.counsellor is None and asked.room is None
    listed = asked.view is View.MONTH or (of_all and asked.view is View.WEEK)
    if listed:
        shown: dict[str, Any] = {"cells": await _cells(session, found, subject, first_only=of_all), "columns": None}
    else:
        found.blocks = _seen_by(found, await blocks_of(session, subject, *found.span), subject)
        columns, rows = await _columns(session, found, of_all=of_all)
        off = [one for one in found.blocks if not takes_time(one) and one.kind != ELSEWHERE]
        shown = {"cells": None, "columns": columns, "rows": rows, "off": off}
    codes = {code for one in found.blocks for code in one.counsellors} | {code for code, _centre in found.calendars}
    away = {code for cell in shown["cells"] or () for code in cell.away}
    return shown | {
        "asked": asked,
        "centre": centre,
        "now": now,
        "today": now.astimezone(centre.zone).date(),
        "names": await counsellor_names(session, codes | away),
        "places": await _places(session, found),
        "rooms": await _rooms(session, found),
        "centre_names": {code: one.name for code, one in found.centres.items()},
        "length_word": length_word,
        "address": partial(address_of, asked),
    }


async def _places(session: AsyncSession, found: _Found) -> dict[UUID, int]:
    """How many seats of the workshops that are announced a newcomer can have."""
    announced = {one.id for one in found.blocks if one.kind == WORKSHOP and one.status in OPEN_WORKSHOPS}
    return await places_left(session, await workshops_with(session, announced), found.now, found.asked.answer)


async def _whose(session: AsyncSession, found: _Found) -> Subject:
    """The subject, with the centres and calendars that belong to it, the chosen centre first."""
    asked, own = found.asked, found.asked.centre
    found.centres = {own: found.centre}
    accounts = await accounts_to_book(session)
    if asked.room is not None:
        found.calendars = [("", own)]
        return Subject(own, room=asked.room)
    if asked.counsellor is None:
        team = tuple(one.code for one in accounts if one.code is not None and is_bookable(one, own))
        found.calendars = [(code, own) for code in team]
        return Subject(own, team=team)
    theirs = [one for one in accounts if one.code == asked.counsellor]
    works_at = [code for code in asked.visible if any(is_bookable(one, code) for one in theirs)]
    for code in works_at:
        found.centres[code] = await session.get_one(Centre, code)
    found.calendars = [(asked.counsellor, code) for code in sorted(works_at, key=lambda code: (code != own, code))]
    others = {code for one in theirs for code in one.centres} if works_at else set[str]()
    return Subject(own, counsellor=asked.counsellor, centres=tuple(sorted({*asked.visible, *others})))


async def _read_free(session: AsyncSession, found: _Found) -> None:
    """The free quarter-hours, unless all days are over."""
    if not found.calendars or found.span[1] <= found.now:
        return
    room = found.asked.room
    also = () if room is None else (f"room:{found.centre.code}:{room}",)
    search = Search(found.days[0], found.days[-1], 15, found.now, found.asked.horizon, also=also)
    found.free = await free_times(session, list(found.centres.values()), found.calendars, search)


def _seen_by(found: _Found, blocks: Sequence[Block], subject: Subject) -> list[Block]:
    """What the reader may see: of a colleague at other centres only the time, of other counsellors there nothing."""
    if subject.counsellor is None:
        return list(blocks)
    visible = found.asked.visible
    theirs = set(subject.centres) - set(visible)
    shown: list[Block] = []
    for one in blocks:
        if one.centre in visible or (one.kind in NOT_HERE and found.calendars):
            shown.append(one)
        elif one.centre in theirs:
            shown.append(
                Block(ELSEWHERE, one.id, one.key, one.counsellor, one.starts_at, one.minutes, status=one.status)
            )
    return shown


async def _columns(session: AsyncSession, found: _Found, *, of_all: bool) -> tuple[list[Column], Rows]:
    zone = found.centre.zone
    openings = {day: list(_openings(found, day)) for day in found.days}
    timed = [one.interval for one in found.blocks if one.kind not in NOT_HERE and takes_time(one)]
    free = found.free_of(found.calendars)
    opened = (at for one in openings.values() for at in one)
    hours = hours_around([*timed, *(one for _centre, one in free), *opened], zone)
    rows = Rows.of(found.days, hours, zone)
    if not of_all:
        columns = [
            _column(found, rows, day, found.asked.counsellor, found.blocks, found.calendars, openings[day])
            for day in found.days
        ]
        return columns, rows
    day = found.days[0]
    team = [one.code for one in await counsellors_of(session, found.centre.code)]
    left = sorted({code for one in found.blocks for code in one.counsellors} - set(team))
    columns: list[Column] = []
    for code in [*team, *left]:
        theirs = [one for one in found.blocks if code in one.counsellors]
        calendars = [one for one in found.calendars if one[0] == code]
        column = _column(found, rows, day, code, theirs, calendars, openings[day])
        if any(item.shape != "closed" for item in column.items):
            columns.append(column)
    return columns, rows


def _openings(found: _Found, day: date) -> list[Interval]:
    """When any of the centres is open that the calendar is about."""
    return list(united(one for centre in found.centres.values() for one in centre.hours.intervals(day)))


def _column(
    found: _Found,
    rows: Rows,
    day: date,
    counsellor: str | None,
    blocks: Sequence[Block],
    calendars: Collection[CalendarKey],
    openings: Sequence[Interval],
) -> Column:
    begins, ends = local_day(day, rows.zone)
    today = [one for one in blocks if one.starts_at < ends and one.ends_at > begins and takes_time(one)]
    spans = {one.key: span for one in today if (span := rows.span(day, one.interval))}
    items = [
        Item("entry", *spans[one.key], block=one) for one in today if one.kind not in NOT_HERE and one.key in spans
    ]
    for centre, (first, last) in found.free_of(calendars):
        if first < ends and last > begins:
            cut = places(max(first, begins), min(last, ends), rows.zone)
            items += [
                Item("free", *span, place=one, centre=centre)
                for one in cut
                if (span := rows.span(day, (one.begins, one.ends)))
            ]
    items.sort(key=lambda one: (one.first, -one.count, one.shape))
    for one, (lane, number) in zip(items, lanes([(one.first, one.count) for one in items]), strict=True):
        one.lane, one.lanes = lane, number
    items += [Item("away", *spans[one.key], block=one) for one in today if one.kind in NOT_HERE and one.key in spans]
    items += [Item("closed", first, count) for first, count in _closed(rows, day, openings)]
    items.sort(key=lambda one: (one.first, one.shape != "closed", one.shape != "away", one.lane))
    return Column(day, counsellor, items, found.centre.hours.of(day))


def _closed(rows: Rows, day: date, openings: Sequence[Interval]) -> list[tuple[int, int]]:
    """The rows in which nothing is open."""
    closed = (1 << len(rows.marks)) - 1
    for one in openings:
        if span := rows.span(day, one):
            closed &= ~(((1 << span[1]) - 1) << (span[0] - 1))
    return [(first + 1, end - first) for first, end in runs(closed)]


async def _cells(session: AsyncSession, found: _Found, subject: Subject, *, first_only: bool) -> list[Cell]:
    most = IN_A_WEEK if found.asked.view is View.WEEK else IN_A_MONTH
    bounds = [local_day(day, found.centre.zone) for day in found.days]
    counts: list[int] | None = None
    if first_only:
        first, counts = await first_interviews(session, subject.centre, bounds, most)
        others = [
            *await session_blocks(session, subject, *found.span),
            *await absence_blocks(session, subject, *found.span),
        ]
        found.blocks = in_order([*first, *others])
    else:
        found.blocks = _seen_by(found, await blocks_of(session, subject, *found.span), subject)
    cells: list[Cell] = []
    for nth, (day, (begins, ends)) in enumerate(zip(found.days, bounds, strict=True)):
        today = [one for one in found.blocks if one.kind not in NOT_HERE and begins <= one.starts_at < ends]
        apart = [one for one in found.blocks if one.kind in NOT_HERE and one.starts_at < ends and one.ends_at > begins]
        number = len(today) if counts is None else counts[nth] + sum(one.kind == WORKSHOP for one in today)
        shown = today[:most] if number > most else today
        cells.append(
            Cell(
                day,
                shown,
                number - len(shown),
                sorted({one.counsellor for one in apart if one.kind == ABSENCE}),
                sum(one.kind == BUSY for one in apart),
                found.free_minutes(day),
                bool(_openings(found, day)),
            )
        )
    return cells


async def _rooms(session: AsyncSession, found: _Found) -> dict[str, RoomNames]:
    """The names of the rooms in the entries, by centre."""
    centres = {one.centre for one in found.blocks if one.room is not None} | {found.centre.code}
    return {code: await room_names(session, code) for code in sorted(centres)}
