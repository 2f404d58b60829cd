"""The figures of a centre for its managers and counsellors: `domain.demand` says what each of them is."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.storage.gathered import like_gathered, moment_of
from services.contracts.appointments import AppointmentMode
from services.contracts.scheduling import AppointmentStatus, InterviewKind
from services.scheduling.domain.demand import (
    WEEK,
    WEEKS,
    CounsellorLoad,
    Delay,
    Load,
    NoShows,
    Outcomes,
    WeekFigures,
    delay,
    delays,
    fill_typical,
    mondays,
    no_shows,
    rates,
)
from services.scheduling.domain.slots import Interval, Timeline
from services.scheduling.domain.states import is_held, is_missed
from services.scheduling.domain.times import local_day
from services.scheduling.store import Centre
from services.scheduling.store import demand as rows
from services.scheduling.store.availability import absences_between
from services.scheduling.store.demand import FirstInterviews, TakenByInterviews, TakenBySession
from services.scheduling.store.external import busy_bits
from services.scheduling.store.quarters import QuarterBits, reserved_bits
from services.scheduling.store.slots import ALWAYS, calendars_of, openings, worked_bits

_QUARTER_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Demand:
    """The figures of a centre. Weeks and counsellors are in order; areas by code, None: not stated."""

    weeks: list[WeekFigures]
    counsellors: list[CounsellorLoad]
    delay: Delay
    delay_by_area: dict[str | None, Delay]
    missed_interviews: NoShows
    missed_by_mode: dict[AppointmentMode, NoShows]
    missed_sessions: NoShows

    @property
    def without_hours(self) -> list[CounsellorLoad]:
        """The counsellors who have entered no working hours at the centre."""
        return [one for one in self.counsellors if not one.has_hours]


@dataclass(frozen=True, slots=True)
class _Span:
    """The weeks, and what takes the time of the centre's counsellors in them."""

    centre: Centre
    now: datetime
    days: list[date]
    begins: list[datetime]
    """The moments at which the weeks begin, in UTC; behind them the end of the last one."""
    interviews: list[TakenByInterviews]
    """Each in one part: a week, of which the present one has two."""
    sessions: list[TakenBySession]

    def week(self, at: datetime) -> int:
        """The number of the week in which a moment of the span lies, by the centre's clock."""
        return bisect_right(self.begins, at) - 1


async def demand_of(session: AsyncSession, centre: Centre, now: datetime) -> Demand:
    """The figures of a centre at a moment, in a fixed number of statements."""
    days = mondays(now.astimezone(centre.zone).date())
    begins = [local_day(one, centre.zone)[0] for one in (*days, days[-1] + WEEK)]
    where = centre.code, begins[0], begins[-1]
    span = _Span(
        centre,
        now,
        days,
        begins,
        await rows.interviews_taking_time(session, centre.code, sorted([*begins[:-1], now]), begins[-1]),
        await rows.sessions_taking_time(session, *where),
    )
    weeks, counsellors = await _weeks_and_loads(session, span)
    for first_at, number in await rows.people_on_waitlists(session, *where):
        weeks[span.week(first_at)].waitlisted += number
    fill_typical(weeks)
    first = sorted(await rows.first_interviews(session, *where), key=lambda one: one.area or "")
    by_area = {one.area: _days_between(one, centre.zone) for one in first}
    by_mode = dict(sorted(_outcomes(span).items()))
    attended = await rows.attendance_between(session, centre.code, begins[0], now)
    return Demand(
        weeks,
        counsellors,
        delay([one for some in by_area.values() for one in some]),
        delays(by_area),
        no_shows(Outcomes(*map(sum, zip((0, 0), *by_mode.values(), strict=True)))),
        rates(by_mode),
        no_shows(Outcomes(sum(attended.values()), attended.get(False, 0))),
    )


def _days_between(found: FirstInterviews, zone: ZoneInfo) -> list[int]:
    """Local days from the opening of each path to its first interview, no fewer than none."""
    opened, starts = (_days(moments, zone) for moments in (found.opened_at, found.starts_at))
    return [max(0, start - at) for at, start in zip(opened, starts, strict=True)]


def _days(moments: Sequence[str | datetime], zone: ZoneInfo) -> list[int]:
    """The numbers of the local days of these moments, as `gathered` has them: compared with midnights, and not read."""
    first, last = (moment_of(one).astimezone(zone).date() for one in (min(moments), max(moments)))  # type: ignore[type-var]
    later = [first + timedelta(days=number) for number in range(1, (last - first).days + 1)]
    midnights = [like_gathered(_midnight(day, zone), moments[0]) for day in later]
    number = first.toordinal()
    return [number + bisect_right(midnights, at) for at in moments]


@lru_cache(maxsize=8192)
def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return local_day(day, zone)[0]


def _outcomes(span: _Span) -> dict[AppointmentMode, Outcomes]:
    """The guidance interviews until now that were held or missed, by mode."""
    found: dict[AppointmentMode, Outcomes] = {}
    for one in span.interviews:
        status = AppointmentStatus(one.status)
        if one.kind == InterviewKind.GUIDANCE.value and (is_held(status) or is_missed(status)) and one.part <= WEEKS:
            mode = AppointmentMode(one.mode)
            total, missed = found.get(mode, (0, 0))
            found[mode] = Outcomes(total + one.number, missed + one.number * is_missed(status))
    return found


async def _weeks_and_loads(session: AsyncSession, span: _Span) -> tuple[list[WeekFigures], list[CounsellorLoad]]:
    now_at = span.week(span.now)
    weeks = [WeekFigures(day, coming=number >= now_at) for number, day in enumerate(span.days)]
    team = [code for code, _centre in await calendars_of(session, [span.centre])]
    booked = {one.counsellor for one in (*span.interviews, *span.sessions)}
    loads = {code: CounsellorLoad(code) for code in sorted({*team, *booked})}
    for one in span.interviews:
        load = loads[one.counsellor]
        week = weeks[one.part - (one.part > WEEKS)]
        week.minutes += one.minutes
        if one.kind == InterviewKind.GUIDANCE.value:
            week.appointments += one.number
        else:
            week.walk_ins += one.number
        (load.coming if week.coming else load.past).booked += one.minutes
    for one in span.sessions:
        load = loads[one.counsellor]
        (load.coming if weeks[span.week(one.starts_at)].coming else load.past).booked += one.minutes
    await _fill_working_time(session, span, team, weeks, loads)
    return weeks, list(loads.values())


async def _fill_working_time(
    session: AsyncSession, span: _Span, team: list[str], weeks: list[WeekFigures], loads: dict[str, CounsellorLoad]
) -> None:
    """The open time of the weeks, and the working time of the counsellors who have entered hours."""
    centre = span.centre
    timeline = Timeline.of(span.days[0], span.days[-1] + WEEK - timedelta(days=1))
    opened = timeline.within(openings(centre, timeline))
    worked = await worked_bits(session, timeline, [centre])
    away = await _absent(session, timeline, team)
    reserved = await reserved_bits(session, timeline, [f"counsellor:{code}" for code in team])
    busy = await busy_bits(session, timeline, team)
    own = _own(timeline, span)
    in_sessions = _touched(timeline, span.sessions)
    masks = [timeline.days(one.monday, one.monday + timedelta(days=6), centre.zone) for one in weeks]
    for code in team:
        hours = worked.get((code, centre.code))
        theirs = opened & (ALWAYS if hours is None else hours)
        others = reserved.get(f"counsellor:{code}", 0) | away.get(code, 0) | busy.get(code, 0)
        elsewhere = (others & ~own.get(code, 0)) | in_sessions.get(code, 0)
        present = theirs & ~away.get(code, 0)
        load = loads[code]
        if hours is not None:
            load.past, load.coming = (Load(0, one.booked) for one in (load.past, load.coming))
        for week, mask in zip(weeks, masks, strict=True):
            week.open_minutes += (theirs & ~elsewhere & mask).bit_count() * _QUARTER_MINUTES
            of = load.coming if week.coming else load.past
            if of.worked is not None:
                of.worked += (present & mask).bit_count() * _QUARTER_MINUTES


async def _absent(session: AsyncSession, timeline: Timeline, team: list[str]) -> dict[str, int]:
    found: dict[str, list[Interval]] = defaultdict(list)
    for one in await absences_between(session, team, timeline.begins, timeline.ends):
        found[one.counsellor].append((one.starts_at, one.ends_at))
    return {code: timeline.touched(intervals) for code, intervals in found.items()}


def _own(timeline: Timeline, span: _Span) -> dict[str, int]:
    """The quarter-hours of the guidance interviews of the centre, by counsellor."""
    starts: dict[tuple[str, int], list[str | datetime]] = defaultdict(list)
    for one in span.interviews:
        if one.kind == InterviewKind.GUIDANCE.value:
            starts[one.counsellor, one.each].extend(one.starts_at)
    found: dict[str, int] = defaultdict(int)
    bits = QuarterBits(timeline)
    for (code, minutes), theirs in starts.items():
        found[code] |= bits.touched(theirs, minutes)
    return found


def _touched(timeline: Timeline, sessions: Iterable[TakenBySession]) -> dict[str, int]:
    """The quarter-hours of these sessions, by counsellor."""
    found: dict[str, list[Interval]] = defaultdict(list)
    for one in sessions:
        found[one.counsellor].append((one.starts_at, one.starts_at + timedelta(minutes=one.minutes)))
    return {code: timeline.touched(intervals) for code, intervals in found.items()}
