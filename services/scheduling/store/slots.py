"""The free times of counsellors, as `domain.slots` computes them: a fixed number of queries for any number of them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.i18n import DEFAULT
from services.scheduling.domain import slots
from services.scheduling.domain.availability import BookingRules, WorkingHours, worked_times
from services.scheduling.domain.slots import CalendarKey, Start, Timeline
from services.scheduling.domain.times import Interval
from services.scheduling.store.availability import CounsellorProfile, absences_between, profiles_of
from services.scheduling.store.booking_rules import rules_at
from services.scheduling.store.copies import Centre
from services.scheduling.store.counsellors import accounts_to_book, is_bookable
from services.scheduling.store.external import busy_bits
from services.scheduling.store.hours import hours_at
from services.scheduling.store.quarters import taken_bits

ALWAYS = -1
"""Every quarter-hour: who has entered no working hours works while the centre is open."""
NEXT_TIMES = 3
"""How many free times a refusal names."""
WINDOW = timedelta(days=14)
"""How many days one query of a search for days with free times looks at."""


@dataclass(frozen=True, slots=True)
class Search:
    """Free times of this length on local days, from `first` to `last`, both included, that begin after `now`.

    `horizon`: of a centre without booking rules. `notice`: what visitors keep; the team keeps the centre's.
    `also`: further calendars that must be free, of a visitor or a room; `besides`: the appointment that is to be
    moved, whose quarter-hours are free for it. `reflecting`: within these times none begins, as an interview of the
    same path is too near.
    """

    first: date
    last: date
    minutes: int
    now: datetime
    horizon: timedelta
    notice: timedelta = timedelta()
    also: Sequence[str] = ()
    besides: UUID | None = None
    reflecting: Sequence[Interval] = ()


@dataclass(frozen=True, slots=True)
class FreeTime:
    """A time at which an appointment with this counsellor can begin at this centre, in UTC."""

    starts_at: datetime
    counsellor: str
    centre: str


@dataclass(frozen=True, slots=True)
class FreeTimes:
    """The free starts of each calendar, as bits of a timeline."""

    timeline: Timeline
    free: Mapping[CalendarKey, int]

    def in_order(self, after: FreeTime | None = None) -> Iterator[FreeTime]:
        """By time, counsellor and centre; only those behind `after`."""
        behind: Start | None = None
        if after is not None:
            behind = self.timeline.bit(after.starts_at), (after.counsellor, after.centre)
        for at, (counsellor, centre) in slots.in_order(self.free, behind):
            yield FreeTime(self.timeline.moment(at), counsellor, centre)

    def only(self, calendars: Collection[CalendarKey]) -> "FreeTimes":
        """Those of these calendars."""
        return FreeTimes(self.timeline, {one: self.free[one] for one in calendars if one in self.free})

    def least_busy(self, starts_at: datetime) -> FreeTime | None:
        """Who is free at this time: of several, who has the most free times of all days."""
        bit = self.timeline.bit(starts_at)
        who = [(-bits.bit_count(), calendar) for calendar, bits in self.free.items() if bit >= 0 and bits >> bit & 1]
        if not who or starts_at != self.timeline.moment(bit):
            return None
        _busy, (counsellor, centre) = min(who)
        return FreeTime(starts_at, counsellor, centre)

    def starts(self) -> list[datetime]:
        """The times at which any of the counsellors is free, in order."""
        together = 0
        for bits in self.free.values():
            together |= bits
        return slots.moments(self.timeline, together)


async def calendars_of(
    session: AsyncSession,
    centres: Collection[Centre],
    *,
    counsellor: str | None = None,
    area: str | None = None,
    language: str | None = None,
) -> list[CalendarKey]:
    """The calendars of all counsellors with whom these centres book, or of one.

    `area`, `language`: only of counsellors who advise in this area and speak this language with visitors.
    """
    accounts = await accounts_to_book(session)
    found = [
        (account.code, centre.code)
        for account in accounts
        for centre in centres
        if account.code is not None and counsellor in (None, account.code) and is_bookable(account, centre.code)
    ]
    if area is None and language is None:
        return found
    profiles = await profiles_of(session, {code for code, _centre in found})
    return [one for one in found if _suits(profiles.get(one[0]), area, language)]


def _suits(profile: CounsellorProfile | None, area: str | None, language: str | None) -> bool:
    """Whether a counsellor advises in this area and speaks this language.

    Where nothing is entered: in all areas, and in the language of the platform, since no other one can be promised.
    """
    areas, languages = (profile.areas, profile.languages) if profile is not None else ([], [])
    return (area is None or not areas or area in areas) and (language is None or language in (languages or [DEFAULT]))


async def free_times(
    session: AsyncSession, centres: Collection[Centre], calendars: Sequence[CalendarKey], search: Search
) -> FreeTimes:
    """When the counsellors of these calendars are free. The calendars' centres are among `centres`."""
    timeline = Timeline.of(search.first, search.last)
    mine = {code: f"counsellor:{code}" for code, _centre in calendars}
    taken = await taken_bits(session, timeline, [*mine.values(), *search.also], search.now, search.besides)
    rules = await rules_at(session, {one.code for one in centres}, BookingRules(horizon=search.horizon))
    paused = any(one.pause for one in rules.values())
    # What is booked in an absence has its quarter-hours, and is not moved within it. No pause is left beside one.
    asked = set(mine) if paused or search.besides is not None else set[str]()
    absent = await absent_bits(session, timeline, asked)
    elsewhere = await busy_bits(session, timeline, set(mine))
    others = 0
    for one in search.also:
        others |= taken.get(one, 0)
    opened = {one.code: timeline.within(openings(one, timeline)) for one in centres}
    reflecting = timeline.touched(search.reflecting)
    bookable = {
        one.code: timeline.bookable(
            search.now, max(search.notice, rules[one.code].notice), rules[one.code].horizon, one.zone
        )
        & timeline.days(search.first, search.last, one.zone)
        & ~reflecting
        for one in centres
    }
    worked = await worked_bits(session, timeline, centres)
    free = {
        (code, centre): slots.free_starts(
            opened[centre],
            worked.get((code, centre), ALWAYS),
            slots.widened(taken.get(mine[code], 0) & ~absent.get(code, 0), rules[centre].pause)
            | (taken.get(mine[code], 0) | absent.get(code, 0) | elsewhere.get(code, 0) | others),
            search.minutes,
            bookable[centre],
        )
        for code, centre in calendars
    }
    return FreeTimes(timeline, free)


async def absent_bits(session: AsyncSession, timeline: Timeline, counsellors: Collection[str]) -> dict[str, int]:
    """The quarter-hours that absences touch, of each of these counsellors who has any."""
    absent: dict[str, int] = {}
    if counsellors:
        for one in await absences_between(session, counsellors, timeline.begins, timeline.ends):
            away = timeline.touched([(one.starts_at, one.ends_at)])
            absent[one.counsellor] = absent.get(one.counsellor, 0) | away
    return absent


async def leaves_pause(
    session: AsyncSession,
    centre: Centre,
    counsellor: str,
    appointment: Interval,
    pause: timedelta,
    now: datetime,
    besides: UUID | None,
) -> bool:
    """Whether the counsellor has no other appointment less than a pause before or after this one.

    `besides`: the appointment or hold that gives up its time for it.
    """
    day = appointment[0].astimezone(centre.zone).date()
    timeline = Timeline.of(day, day)
    key = f"counsellor:{counsellor}"
    taken = (await taken_bits(session, timeline, [key], now, besides)).get(key, 0)
    absent = (await absent_bits(session, timeline, [counsellor])).get(counsellor, 0)
    return not slots.widened(taken & ~absent, pause) & timeline.touched([appointment])


def next_times(found: FreeTimes, wanted: FreeTime) -> list[FreeTime]:
    """The next free times from a wanted one on, `NEXT_TIMES` at most: first of its counsellor, then of the others."""
    later = [one for one in found.in_order() if one.starts_at >= wanted.starts_at]
    of_others = (one for one in later if one.counsellor != wanted.counsellor)
    same = [one for one in later if one.counsellor == wanted.counsellor][:NEXT_TIMES]
    return [*same, *islice(of_others, NEXT_TIMES - len(same))]


def earliest_of_each(found: FreeTimes) -> list[FreeTime]:
    """The earliest free time of each counsellor, in order of time."""
    first: dict[str, FreeTime] = {}
    for one in found.in_order():
        first.setdefault(one.counsellor, one)
    return list(first.values())


async def free_days(
    session: AsyncSession,
    centre: Centre,
    calendars: Sequence[CalendarKey],
    search: Search,
    *,
    most: int,
    suits: Callable[[datetime], bool],
) -> tuple[list[tuple[date, list[datetime]]], date | None]:
    """The next days of the search with free times of any of these calendars, `most` at most, and where to go on.

    `suits`: only times for which it is true. Where nothing is free, the search goes on to its last day. None: there are
    no later days.
    """
    found: list[tuple[date, list[datetime]]] = []
    day = search.first
    while day <= search.last and not found:
        end = min(day + WINDOW - timedelta(days=1), search.last)
        days: dict[date, list[datetime]] = {}
        for at in (await free_times(session, [centre], calendars, replace(search, first=day, last=end))).starts():
            if suits(at):
                days.setdefault(at.astimezone(centre.zone).date(), []).append(at)
        found = list(days.items())[:most]
        day = (found[-1][0] if len(found) == most else end) + timedelta(days=1)
    return found, day if day <= search.last else None


async def who_is_free(
    session: AsyncSession,
    centre: Centre,
    calendars: Sequence[CalendarKey],
    search: Search,
    starts_at: datetime,
    *,
    rather: str | None,
) -> FreeTime | None:
    """The counsellor `rather`, if free at this time, else who has the most free times of seven days."""
    day = starts_at.astimezone(centre.zone).date()
    if not search.first <= day <= search.last:
        return None
    week = replace(search, first=day, last=min(search.last, day + timedelta(days=6)))
    found = await free_times(session, [centre], calendars, week)
    theirs = found.only([one for one in calendars if one[0] == rather])
    return theirs.least_busy(starts_at) or found.least_busy(starts_at)


async def worked_bits(session: AsyncSession, timeline: Timeline, centres: Collection[Centre]) -> dict[CalendarKey, int]:
    """The quarter-hours in which they work, of the counsellors who have entered working hours at these centres."""
    last = timeline.last + timedelta(days=1)  # an appointment may go on after midnight
    return {
        (code, centre): _worked(tuple(rows), timeline, last)
        for (code, centre), rows in (await hours_at(session, centres)).items()
    }


@lru_cache(maxsize=1024)
def _worked(rows: tuple[WorkingHours, ...], timeline: Timeline, last: date) -> int:
    """Kept for further requests: hours change seldom, and the days that are asked for are often the same."""
    return timeline.within(worked_times(rows, timeline.first, last))


def openings(centre: Centre, timeline: Timeline) -> Iterator[slots.Interval]:
    """The openings of the days of the timeline, and of the day after: an appointment may go on after midnight."""
    hours = centre.hours
    for number in range((timeline.last - timeline.first).days + 2):
        yield from hours.intervals(timeline.first + timedelta(days=number))
