"""The list of people who asked for an earlier time of their interview. Pure; times are aware, days are local."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.contracts.earlier import EarlierOfferEnd
from services.scheduling.domain.offers import LAST_OFFER, answer_until
from services.scheduling.domain.slots import Timeline
from services.scheduling.domain.times import NOON, Half, local_day

_DAY = timedelta(days=1)
AT_ONCE = 3
"""To how many people a free time is offered at once: the first answer wins."""
MOST_OFFERS = 3
"""After so many offers that a person did not accept they leave the list, and may ask again."""
KEPT = timedelta(days=30)
"""How long an entry is kept after its end, with its offers: the page of the appointment shows what became of it."""


class OfferState(StrEnum):
    """How an offer stands."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    TAKEN = "taken"
    WITHDRAWN = "withdrawn"


class WishEnd(StrEnum):
    """Why a person is no longer on the list."""

    LEFT = "left"
    MOVED = "moved"
    """They accepted an offer."""
    UNANSWERED = "unanswered"
    """`MOST_OFFERS` were declined or not answered in time."""
    OVER = "over"
    """The appointment is cancelled, held, or about to begin."""


def counts(because: EarlierOfferEnd) -> bool:
    """Whether an offer that ended so is one of the `MOST_OFFERS`: not if another person was faster."""
    return because in (EarlierOfferEnd.DECLINED, EarlierOfferEnd.EXPIRED)


def is_earlier(at: datetime, booked_at: datetime, zone: ZoneInfo) -> bool:
    """Whether a time is worth an offer: on an earlier day than the booked one."""
    return at.astimezone(zone).date() < booked_at.astimezone(zone).date()


def may_wait(booked_at: datetime, now: datetime, notice: timedelta, zone: ZoneInfo) -> bool:
    """Whether an earlier time could still be offered: there is a day between the notice and the appointment."""
    return is_earlier(now + notice, booked_at, zone)


def answer_by(
    now: datetime, starts_at: datetime, notice: timedelta, answer: timedelta, zone: ZoneInfo
) -> datetime | None:
    """Until when an offer of this time can be answered, never later than the notice before it.

    None: it begins too soon. Otherwise as for a seat of a workshop.
    """
    return answer_until(now, starts_at - notice, answer, zone)


def keeps_the_path(
    at: datetime, booked_at: datetime, others: Iterable[datetime], reflection: timedelta, zone: ZoneInfo
) -> bool:
    """Whether the interview keeps its order among the others of its individual path, and the time for reflection.

    `others`: when those begin. Source: brochure, p. 28, reflection between interviews.
    """
    day = at.astimezone(zone).date()
    return not any(at <= one < booked_at or abs(day - one.astimezone(zone).date()) < reflection for one in others)


def first_day(booked_at: datetime, others: Iterable[datetime], reflection: timedelta, zone: ZoneInfo) -> date | None:
    """The first day that its path allows an interview, as `keeps_the_path`. None: none is before it on its path."""
    before = max((one for one in others if one < booked_at), default=None)
    return None if before is None else before.astimezone(zone).date() + -(-reflection // _DAY) * _DAY


def earlier_starts(timeline: Timeline, now: datetime, booked_at: datetime, notice: timedelta, zone: ZoneInfo) -> int:
    """The bits at which an offer may begin: on a day before the booked one, and not too soon for an answer.

    As `is_earlier` and `answer_by`.
    """
    begins = timeline.bit(now + notice + LAST_OFFER) + 1
    day, _end = local_day(booked_at.astimezone(zone).date(), zone)
    return timeline.bits([(begins, timeline.bit(day))])


def half_starts(timeline: Timeline, half: Half, zone: ZoneInfo) -> int:
    """The bits in this half of the days of the timeline, as `is_in_half`."""
    found = 0
    for number in range((timeline.last - timeline.first).days + 1):
        day = timeline.first + timedelta(days=number)
        begins, ends = local_day(day, zone)
        noon = datetime.combine(day, time(NOON), zone)
        found |= timeline.within([(begins, noon) if half is Half.MORNING else (noon, ends)])
    return found


def path_starts(
    timeline: Timeline, booked_at: datetime, others: Iterable[datetime], reflection: timedelta, zone: ZoneInfo
) -> int:
    """The bits at which the interview keeps its place on its path, as `keeps_the_path`."""
    found = timeline.bits([(0, timeline.size)])
    near = -(-reflection // _DAY) - 1  # the days on either side that are less than it away
    for one in others:
        if one < booked_at:
            found &= timeline.bits([(timeline.bit(one) + 1, timeline.size)])
        if near >= 0:
            day, days = one.astimezone(zone).date(), timedelta(days=near)
            found &= ~timeline.days(day - days, day + days, zone)
    return found
