"""To whom of those who asked for an earlier time which free time is offered. Only reads.

A free time is offered to the first `AT_ONCE` whom it suits, and each person has one offer at a time.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.copies.aliases import groups_of
from services.scheduling.actions.calendar import person_resource
from services.scheduling.actions.earlier import other_starts_of
from services.scheduling.actions.rooms import still_in_use
from services.scheduling.domain.availability import BookingRules
from services.scheduling.domain.earlier import AT_ONCE, answer_by, earlier_starts, first_day, half_starts, path_starts
from services.scheduling.domain.rules import GUIDANCE_MINUTES, LONGEST_SPAN
from services.scheduling.domain.slots import CalendarKey, starts_in
from services.scheduling.domain.times import QUARTER, Half, local_day
from services.scheduling.store import Alias, Centre, EarlierWish, Interview
from services.scheduling.store.earlier import refused_times
from services.scheduling.store.quarters import taken_bits
from services.scheduling.store.slots import FreeTime, FreeTimes, Search, calendars_of, free_times

_DAY = timedelta(days=1)
_QUARTER = QUARTER // timedelta(minutes=1)
Spans = dict[str, list[tuple[datetime, datetime]]]
"""Begins and ends of times, by counsellor."""


class Terms(NamedTuple):
    """How a region offers. `usual`: the rules of a centre without booking rules; `answer`: how long one may answer."""

    usual: BookingRules
    answer: timedelta
    reflection: timedelta


class Asking(NamedTuple):
    """A person who waits, and the interview that is to be earlier."""

    wish: EarlierWish
    interview: Interview


class Busy(NamedTuple):
    """The quarter-hours, as bits of the timeline, in which the visitor or the room of an interview is taken."""

    person: int = 0
    room: int = 0


class NewOffer(NamedTuple):
    """A time to offer, to be answered until then."""

    interview: Interview
    time: FreeTime
    until: datetime


@dataclass(slots=True)
class OpenTimes:
    """The free times of a centre, by length of an interview, and to whom they are offered. All for one moment."""

    session: AsyncSession
    centre: Centre
    now: datetime
    notice: timedelta
    terms: Terms
    free: dict[int, FreeTimes] = field(default_factory=dict[int, FreeTimes])
    rivals: Spans = field(default_factory=lambda: defaultdict(list))
    """The times that are offered, once for each person who has the offer."""
    suiting: dict[tuple[str | None, str | None], list[CalendarKey]] = field(
        default_factory=dict[tuple[str | None, str | None], list[CalendarKey]]
    )
    """Calendars by area and language, filled as they are needed."""
    halves: dict[Half, int] = field(default_factory=dict[Half, int])
    """The starts of each half of the day, filled as they are needed: the same for all lengths."""
    others: dict[UUID, list[datetime]] = field(default_factory=dict[UUID, list[datetime]])
    """When the other interviews on the path of each begin."""
    last_days: dict[UUID, date] = field(default_factory=dict[UUID, date])
    """The last day on which an earlier time is looked for, of each interview."""

    async def look(self, interviews: Sequence[Interview], offered: Sequence[datetime] = ()) -> None:
        """Find what is free, for all counsellors, before these interviews. `offered`: times to look at in any case.

        Of each interview those of `LONGEST_SPAN` count, from the first day that the notice and its path allow.
        """
        zone, reflection = self.centre.zone, self.terms.reflection
        first = (self.now + self.notice).astimezone(zone).date()
        self.others = await other_starts_of(self.session, interviews)
        for one in interviews:
            begins = first_day(one.starts_at, self.others[one.id], reflection, zone) or first
            day = one.starts_at.astimezone(zone).date()
            self.last_days[one.id] = min(day, max(first, begins) + LONGEST_SPAN) - _DAY
        last = max(first, *self.last_days.values(), *(at.astimezone(zone).date() for at in offered))
        calendars = await calendars_of(self.session, [self.centre])
        for minutes in sorted({one.minutes for one in interviews} & set(GUIDANCE_MINUTES)):
            search = Search(first, last, minutes, self.now, self.terms.usual.horizon, self.notice)
            self.free[minutes] = await free_times(self.session, [self.centre], calendars, search)

    def is_free(self, counsellor: str, starts_at: datetime, minutes: int) -> bool:
        """Whether a counsellor is free then."""
        found = self.free.get(minutes)
        at = found.timeline.bit(starts_at) if found is not None else -1
        return found is not None and at >= 0 and bool(found.free.get((counsellor, self.centre.code), 0) >> at & 1)

    def is_apart(self, busy: int, starts_at: datetime, minutes: int) -> bool:
        """Whether an appointment then touches none of these quarter-hours."""
        found = self.free.get(minutes)
        at = found.timeline.bit(starts_at) if found is not None else -1
        return found is None or at < 0 or not busy >> at & ((1 << -(-minutes // _QUARTER)) - 1)

    async def calendars(self, one: Asking) -> tuple[list[CalendarKey], list[CalendarKey]]:
        """The counsellor's own calendar, and those of others with whom the person would come too."""
        own = (one.interview.counsellor, self.centre.code)
        if not one.wish.others:
            return [own], []
        asked = (one.interview.area, one.wish.language)
        if asked not in self.suiting:
            area, language = asked
            found = await calendars_of(self.session, [self.centre], area=area, language=language)
            self.suiting[asked] = found
        return [own], [calendar for calendar in self.suiting[asked] if calendar != own]


async def offers_to_make(times: OpenTimes, waiting: Sequence[Asking]) -> list[NewOffer]:
    """In this order, each person gets the earliest time that suits. None of them has an offer."""
    asking = [one for one in waiting if one.interview.minutes in times.free]
    if not asking:
        return []
    busy = await busy_of(times, [one.interview for one in asking])
    refused = await refused_times(times.session, {one.interview.id for one in asking})
    made: list[NewOffer] = []
    for one in asking:
        known = {
            (old.counsellor, old.starts_at)
            for old in refused
            if old.interview_id == one.interview.id and old.offered_at >= one.wish.asked_at
        }
        theirs = busy[one.interview.id]
        found = await _first_that_suits(times, one, theirs.person | theirs.room, known)
        if found is not None:
            made.append(found)
            times.rivals[found.time.counsellor].append(span(found.time.starts_at, one.interview.minutes))
    return made


async def busy_of(times: OpenTimes, interviews: Sequence[Interview]) -> dict[UUID, Busy]:
    """When the visitor, under each of their references, and the room of each of these interviews are taken."""
    if not times.free:
        return {}
    session, code = times.session, times.centre.code
    groups = await groups_of(session, Alias, {one.subject_ref for one in interviews if one.subject_ref})
    persons = {
        one.id: [person_resource(ref) for ref in groups[one.subject_ref]] if one.subject_ref is not None else []
        for one in interviews
    }
    used = sorted({one.room for one in interviews if one.room is not None})
    rooms = {room: f"room:{code}:{room}" for room in used if await still_in_use(session, code, room) is not None}
    timeline = next(iter(times.free.values())).timeline
    keys = {key for needed in persons.values() for key in needed}.union(rooms.values())
    taken = await taken_bits(session, timeline, keys, times.now)
    return {
        one.id: Busy(
            _together([taken.get(key, 0) for key in persons[one.id]]), taken.get(rooms.get(one.room or "", ""), 0)
        )
        for one in interviews
    }


def _together(bits: Sequence[int]) -> int:
    found = 0
    for one in bits:
        found |= one
    return found


async def _first_that_suits(
    times: OpenTimes, one: Asking, busy: int, refused: Collection[tuple[str, datetime]]
) -> NewOffer | None:
    """The earliest time that suits; at the same time rather the counsellor whom they know.

    The rules are bits: who waits for what is never free costs no look at each free time.
    """
    suits = _starts(times, one, busy)
    path: int | None = None
    best: NewOffer | None = None
    for calendars in await times.calendars(one):
        found = times.free[one.interview.minutes].only(calendars)
        if path is None and any(bits & suits for bits in found.free.values()):
            path = _path_of(times, one.interview)
            suits &= path
        for time in FreeTimes(found.timeline, {key: bits & suits for key, bits in found.free.items()}).in_order():
            if best is not None and time.starts_at >= best.time.starts_at:
                break
            until = _until(times, one, time)
            if until is not None and (time.counsellor, time.starts_at) not in refused:
                best = NewOffer(one.interview, time, until)
                break
    return best


def _starts(times: OpenTimes, one: Asking, busy: int) -> int:
    """The starts that the person, the room, the notice and the wish allow."""
    interview, zone = one.interview, times.centre.zone
    timeline = times.free[interview.minutes].timeline
    fits = starts_in(timeline.bits([(0, timeline.size)]) & ~busy, interview.minutes)
    fits &= earlier_starts(timeline, times.now, interview.starts_at, times.notice, zone)
    fits &= timeline.bits([(0, timeline.bit(local_day(times.last_days[interview.id], zone)[1]))])
    if one.wish.half is None:
        return fits
    half = Half(one.wish.half)
    if half not in times.halves:
        times.halves[half] = half_starts(timeline, half, zone)
    return fits & times.halves[half]


def _path_of(times: OpenTimes, interview: Interview) -> int:
    """The starts that its path allows."""
    others = times.others[interview.id]
    timeline, reflection = times.free[interview.minutes].timeline, times.terms.reflection
    return path_starts(timeline, interview.starts_at, others, reflection, times.centre.zone)


def _until(times: OpenTimes, one: Asking, time: FreeTime) -> datetime | None:
    """Until when it can be answered. None: it is offered to enough people."""
    if overlapping(times.rivals[time.counsellor], time.starts_at, one.interview.minutes) >= AT_ONCE:
        return None
    return answer_by(times.now, time.starts_at, times.notice, times.terms.answer, times.centre.zone)


def span(starts_at: datetime, minutes: int) -> tuple[datetime, datetime]:
    """Begin and end."""
    return starts_at, starts_at + timedelta(minutes=minutes)


def overlapping(spans: Sequence[tuple[datetime, datetime]], starts_at: datetime, minutes: int) -> int:
    """How many of these overlap an appointment."""
    begins, ends = span(starts_at, minutes)
    return sum(one_begins < ends and begins < one_ends for one_begins, one_ends in spans)
