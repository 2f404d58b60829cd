"""One centre's day: who comes in, who is served by whom, and who leaves. Seconds and minutes since midnight."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.launcher.season.booking import Site
from services.launcher.season.dice import Dice, WeightedChoice
from services.launcher.season.network import VISIT_AREAS
from services.launcher.season.opening import HALF_DAYS, HalfDay
from services.launcher.season.paths import REASONS, GuidanceInterview, Missed, Path
from services.launcher.season.shape import Workload

VisitStatus = Literal["served", "left", "no_queue"]

# All invented: the brochure gives totals only.
HALF_HOURS = WeightedChoice(
    {
        (half, half.opens + 30 * index): weight
        for half, weights in zip(HALF_DAYS, ((7, 9, 11, 11, 9, 5), (6, 9, 9, 8, 6, 5, 2)), strict=True)
        for index, weight in enumerate(weights)
    }
)
"""When people walk in: the half-day and the minute at which each half-hour begins."""
AREAS = WeightedChoice[str | None]({**VISIT_AREAS, None: 11})
QUEUED_CHANNELS = WeightedChoice({"desk": 54, "kiosk": 40, "phone": 4, "online": 2})
PASSING_CHANNELS = WeightedChoice({"desk": 58, "kiosk": 30, "phone": 8, "online": 4})
BOOKED_CHANNELS = WeightedChoice({"desk": 70, "kiosk": 30})

MAX_WAIT = 45
"""Minutes that a visitor may wait before another counsellor is hired."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit; times are seconds since midnight."""

    visit_id: str
    area: str | None
    channel: str
    checked_in: int
    status: VisitStatus
    called: int | None = None
    served: int | None = None
    ended: int | None = None


@dataclass(frozen=True, slots=True)
class Interview:
    """One interview, held or missed; `start` in minutes since midnight. Of a path: guidance, else information."""

    interview_id: str
    area: str | None
    counsellor: str
    start: int
    minutes: int
    visit_id: str | None
    missed: Missed | None
    path: Path | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class CentreDay:
    """Everything of one centre's day."""

    visits: list[Visit]
    interviews: list[Interview]


def centre_day(site: Site, day: int, load: Workload, guidance: Sequence[GuidanceInterview]) -> CentreDay:
    """Generate one day. Guidance is booked already; information interviews take the diary's free time."""
    dice = site.dice("day", day)
    result = CentreDay([], [])
    for booked in guidance:
        _hold_guidance(site, dice, booked, result)
    for index in range(load.missed_information):
        _miss_information(site, dice, day, index, result)
    _hold_information(site, dice, day, load.information, result)
    _visits_without_interview(site, dice, day, load, result)
    site.diary.drop_day(day)
    return result


def _hold_guidance(site: Site, dice: Dice, booked: GuidanceInterview, result: CentreDay) -> None:
    slot, path = booked.slot, booked.path
    interview_id = site.identity("guidance", path.path_id, slot.day)
    visit_id = None if booked.missed else site.identity("visit", "guidance", path.path_id, slot.day)
    if visit_id is not None:
        served = slot.start * 60
        called = served - dice.between(15, 60)
        result.visits.append(
            Visit(
                visit_id=visit_id,
                area=path.area,
                channel=dice.draw(BOOKED_CHANNELS),
                checked_in=called - dice.between(30, 12 * 60),
                status="served",
                called=called,
                served=served,
                ended=served + slot.minutes * 60,
            )
        )
    result.interviews.append(
        Interview(
            interview_id=interview_id,
            area=path.area,
            counsellor=site.counsellor_code(booked.counsellor),
            start=slot.start,
            minutes=slot.minutes,
            visit_id=visit_id,
            missed=booked.missed,
            path=path,
            number=booked.number,
        )
    )


def _miss_information(site: Site, dice: Dice, day: int, index: int, result: CentreDay) -> None:
    half, minute = dice.draw(HALF_HOURS)
    minutes = 30
    counsellor, start = _take_counsellor(site, day, min(minute, half.closes - minutes), minutes, half)
    result.interviews.append(
        Interview(
            interview_id=site.identity("missed", day, index),
            area=dice.draw(AREAS),
            counsellor=site.counsellor_code(counsellor),
            start=start,
            minutes=minutes,
            visit_id=None,
            missed=dice.draw(REASONS),
        )
    )


def _hold_information(site: Site, dice: Dice, day: int, count: int, result: CentreDay) -> None:
    arrivals: list[tuple[int, int, HalfDay]] = []
    for _ in range(count):
        minutes = 10 + min(dice.below(36), dice.below(36))
        # Two minutes to be called and seated: every arrival can be served before closing.
        checked_in, half = _arrival(dice, minutes + 2)
        arrivals.append((checked_in, minutes, half))
    arrivals.sort(key=lambda arrival: arrival[:2])
    for index, (checked_in, minutes, half) in enumerate(arrivals):
        ready = -(-checked_in // 60) + 1
        counsellor, start = _take_counsellor(site, day, ready, minutes, half)
        visit = Visit(
            visit_id=site.identity("visit", day, index),
            area=dice.draw(AREAS),
            channel=dice.draw(QUEUED_CHANNELS),
            checked_in=checked_in,
            status="served",
            called=start * 60 - dice.between(10, 55),
            served=start * 60,
            ended=(start + minutes) * 60,
        )
        result.visits.append(visit)
        result.interviews.append(
            Interview(
                interview_id=site.identity("information", day, index),
                area=visit.area,
                counsellor=site.counsellor_code(counsellor),
                start=start,
                minutes=minutes,
                visit_id=visit.visit_id,
                missed=None,
            )
        )


def _take_counsellor(site: Site, day: int, ready: int, minutes: int, half: HalfDay) -> tuple[int, int]:
    """Book the counsellor who is free first, the least busy of several; hire one if the wait exceeds `MAX_WAIT`."""
    diary = site.diary
    first: tuple[int, int, int] | None = None
    for counsellor in range(diary.counsellors):
        start = diary.earliest(day, counsellor, ready, minutes, half.closes)
        if start is not None:
            offer = (start, diary.bookings(day, counsellor), counsellor)
            first = offer if first is None or offer < first else first
    if first is None or first[0] > ready + MAX_WAIT:
        first = (ready, 0, diary.hire())
    start, _, counsellor = first
    diary.book(day, counsellor, start, minutes)
    return counsellor, start


def _visits_without_interview(site: Site, dice: Dice, day: int, load: Workload, result: CentreDay) -> None:
    """Visits without an interview: passing through, a short answer at the desk, left before their turn."""
    for index in range(load.no_queue):
        checked_in, _ = _arrival(dice, 0)
        visit_id = site.identity("visit", day, "no-queue", index)
        channel = dice.draw(PASSING_CHANNELS)
        result.visits.append(Visit(visit_id, dice.draw(AREAS), channel, checked_in, "no_queue"))
    for index in range(load.brief):
        checked_in, _ = _arrival(dice, 25)
        called = checked_in + dice.between(20, 15 * 60)
        served = called + dice.between(5, 60)
        visit_id = site.identity("visit", day, "brief", index)
        channel, ended = dice.draw(QUEUED_CHANNELS), served + dice.between(60, 8 * 60)
        result.visits.append(Visit(visit_id, dice.draw(AREAS), channel, checked_in, "served", called, served, ended))
    for index in range(load.left):
        checked_in, _ = _arrival(dice, 40)
        waited = dice.between(5 * 60, 40 * 60)
        called = checked_in + waited - dice.between(30, 4 * 60) if dice.percent(30) else None
        visit_id = site.identity("visit", day, "left", index)
        channel = dice.draw(QUEUED_CHANNELS)
        result.visits.append(
            Visit(visit_id, dice.draw(AREAS), channel, checked_in, "left", called, None, checked_in + waited)
        )


def _arrival(dice: Dice, before_closing: int) -> tuple[int, HalfDay]:
    """The second of a check-in, at least `before_closing` minutes before the half-day ends."""
    half, minute = dice.draw(HALF_HOURS)
    second = minute * 60 + dice.below(30 * 60)
    latest = (half.closes - before_closing) * 60
    if second < latest:
        return second, half
    return half.opens * 60 + dice.below(latest - half.opens * 60), half
