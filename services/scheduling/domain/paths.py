"""How a path ends and goes on: what its end frees, who may reopen it and why, and the time for reflection on it."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from services.chassis.refusals import msg, with_words
from services.contracts.scheduling import PathOutcome
from services.scheduling.domain.refusals import (
    KeepsOrder,
    PathIsOpen,
    PathStaysClosed,
    ReflectFirst,
    StillBooked,
    TimeToReflect,
)
from services.scheduling.domain.rules import OUTCOME_LABELS
from services.scheduling.domain.states import may_go_on
from services.scheduling.domain.times import QUARTER, Interval, local_day

REOPENED = "reopened"
"""The change of a path that was reopened; the others are its outcomes."""


class ReopenReason(StrEnum):
    """Why a path is reopened. No reason reveals anything about a person's health or family."""

    CLOSED_IN_ERROR = "closed-in-error"
    VISITOR_CONTINUES = "visitor-continues"
    VISITOR_BACK = "visitor-back"
    OTHER = "other"


REOPEN_LABELS = {
    ReopenReason.CLOSED_IN_ERROR: msg("Stopped by mistake"),
    ReopenReason.VISITOR_CONTINUES: msg("The person wants to continue"),
    ReopenReason.VISITOR_BACK: msg("The person is back after a break"),
    ReopenReason.OTHER: msg("Another reason"),
}
with_words(REOPEN_LABELS)
CHANGE_LABELS: dict[str, str] = {
    **{outcome.value: label for outcome, label in OUTCOME_LABELS.items()},
    REOPENED: msg("reopened"),
}


class Booking(NamedTuple):
    """What the end of a path frees: an interview; or a seat in a workshop, with the beginnings of its sessions."""

    id: UUID
    starts: Sequence[datetime]
    workshop_id: UUID | None = None

    def as_said(self) -> dict[str, UUID | datetime]:
        """For programs."""
        if self.workshop_id is None:
            return {"interview_id": self.id, "starts_at": self.starts[0]}
        return {"seat_id": self.id, "workshop_id": self.workshop_id, "starts_at": self.starts[0]}


def check_freed(booked: Sequence[Booking], zone: ZoneInfo) -> None:
    """What the end of the path would free, and the team did not agree to. Raises `StillBooked`, naming it."""
    if booked:
        times = sorted({at for one in booked for at in one.starts})
        raise StillBooked(times=[at.astimezone(zone) for at in times], booked=[one.as_said() for one in booked])


Ending = tuple[PathOutcome, datetime]
"""How a path, or the seat with which it began, ended, and when."""


def check_may_reopen(ended: Ending | None, seat_ended: Ending | None, zone: ZoneInfo) -> None:
    """Only a path that was given up goes on, and one by workshop only with its seat: another seat opens another path.

    `seat_ended` None: it did not, or the path has none. Raises `PathIsOpen` or `PathStaysClosed`.
    """
    if ended is None:
        raise PathIsOpen()
    outcome, at = ended if seat_ended is None or not may_go_on(ended[0]) else seat_ended
    if not may_go_on(outcome):
        raise PathStaysClosed(because=OUTCOME_LABELS[outcome], day=at.astimezone(zone).date())


def reflection_ends(starts: Collection[datetime], reflection: timedelta, zone: ZoneInfo) -> date | None:
    """The first local day after the time for reflection that follows the last of these interviews; None: none yet."""
    return max(starts).astimezone(zone).date() + reflection if starts else None


def reflecting(starts: Collection[datetime], reflection: timedelta, zone: ZoneInfo) -> list[Interval]:
    """The times, in whole local days, in which `check_reflection` refuses the beginning of one more interview."""
    if not reflection:
        return []
    days = [at.astimezone(zone).date() for at in starts]
    around = reflection - timedelta(days=1)
    return [(local_day(day - around, zone)[0], local_day(day + around, zone)[1]) for day in days]


def between_others(
    starts_at: datetime, others: Collection[datetime], reflection: timedelta, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    """Where a visitor may move an interview of a path: from the first moment on, and before the second; None: no limit.

    Its order among the `others` stays, and the time for reflection, where it has that now: the team may have booked it
    sooner. The days are local.
    """
    day = starts_at.astimezone(zone).date()
    before, after = [at for at in others if at <= starts_at], [at for at in others if at > starts_at]
    first = last = None
    if before:
        soonest = max(before).astimezone(zone).date() + reflection
        first = local_day(soonest, zone)[0] if reflection and soonest <= day else max(before) + QUARTER
    if after:
        latest = min(after).astimezone(zone).date() - reflection
        last = local_day(latest, zone)[1] if reflection and day <= latest else min(after)
    return first, last


def check_between_others(wanted: datetime, limits: tuple[datetime | None, datetime | None], zone: ZoneInfo) -> None:
    """Raises `ReflectFirst` or `KeepsOrder`: before or after the limits of `between_others`."""
    first, last = limits
    if first is not None and wanted < first:
        raise ReflectFirst(day=first.astimezone(zone).date())
    if last is not None and wanted >= last:
        raise KeepsOrder(day=(last - QUARTER).astimezone(zone).date())


def check_reflection(starts_at: datetime, starts: Collection[datetime], reflection: timedelta, zone: ZoneInfo) -> None:
    """The plan is developed by reflection between interviews (brochure, p. 28). Raises `TimeToReflect`.

    `starts`: the beginnings of the path's other interviews. The days are local.
    """
    day = starts_at.astimezone(zone).date()
    near = [at for at in starts if abs(day - at.astimezone(zone).date()) < reflection]
    if near:
        raise TimeToReflect(day=reflection_ends(near, reflection, zone))
