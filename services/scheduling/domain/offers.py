"""How long an offered seat is kept for the person to whom it is offered. Pure."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

ANSWER_WITHIN = timedelta(hours=48)
"""How long a person has to answer an offer, unless the setting `CEFO_OFFER_HOURS` says otherwise."""
LAST_OFFER = timedelta(hours=2)
"""From so long before the workshop, its seats are no longer offered: the team telephones the first on the waitlist."""
NIGHT_FROM, NIGHT_TO = time(21), time(9)
"""Between these local times no offer ends: nobody would read it in time."""


def answer_until(now: datetime, first_at: datetime, answer: timedelta, zone: ZoneInfo) -> datetime | None:
    """Until when an offer that is made now can be answered. None: the workshop begins too soon for an offer.

    The whole time to answer, but at most half of what is left before the workshop, so that another person can be
    offered the seat; not in the night, but then in the morning, and never past the start.
    """
    left = first_at - now
    if left <= LAST_OFFER:
        return None
    until = now + min(answer, left / 2)
    local = until.astimezone(zone)
    if local.time() >= NIGHT_FROM:
        until = datetime.combine(local.date() + timedelta(days=1), NIGHT_TO, zone).astimezone(now.tzinfo)
    elif local.time() < NIGHT_TO:
        until = datetime.combine(local.date(), NIGHT_TO, zone).astimezone(now.tzinfo)
    return min(until, first_at)


def is_over(until: datetime | None, first_at: datetime, now: datetime) -> bool:
    """Whether an offer can no longer be answered: its time has passed, or the workshop has begun."""
    return now >= first_at or (until is not None and now >= until)
