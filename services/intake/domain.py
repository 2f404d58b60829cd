"""The rules of the front desk: free, anonymous, without appointment; and a fair queue."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.chassis.refusals import Invalid, Refused, msg
from services.contracts.intake import VisitStatus

CLOCK_TOLERANCE = timedelta(minutes=2)
"""How far a desk's clock may run ahead of ours."""

EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
"""No centre has visits from before; a clock or a file that says so is wrong."""

RETENTION = timedelta(days=365 * 3)
"""How long a person stays known after the last thing that happened, unless they ask for less."""

PURPOSES = ("guidance", "plan", "reminders")
"""What a person can agree to be known for: to book, to get a plan, to be reminded (the only reasons there are)."""

_TICKET_LETTERS = {"choose-path": "O", "select-training": "F", "find-job": "E", "create-business": "C"}


def _next_statuses(status: VisitStatus) -> frozenset[VisitStatus]:
    """What a visit that stands there may become."""
    match status:
        case VisitStatus.WAITING:
            return frozenset({VisitStatus.CALLED, VisitStatus.BEING_SERVED, VisitStatus.LEFT})
        case VisitStatus.CALLED:
            return frozenset({VisitStatus.BEING_SERVED, VisitStatus.LEFT, VisitStatus.CALLED})
        case VisitStatus.BEING_SERVED:
            return frozenset({VisitStatus.SERVED})
        case VisitStatus.SERVED | VisitStatus.LEFT | VisitStatus.NO_QUEUE:
            return frozenset()


def _times_of(status: VisitStatus) -> tuple[frozenset[str], frozenset[str]]:
    """Which times a past visit of this status needs, and which it may have."""
    match status:
        case VisitStatus.SERVED:
            return frozenset({"served_at", "ended_at"}), frozenset({"called_at", "served_at", "ended_at"})
        case VisitStatus.LEFT:
            return frozenset({"ended_at"}), frozenset({"called_at", "ended_at"})
        case VisitStatus.NO_QUEUE:
            return frozenset(), frozenset()
        case VisitStatus.WAITING | VisitStatus.CALLED | VisitStatus.BEING_SERVED:
            raise ValueError(f"a visit of the past is not {status}")


def may_be_called_next(status: VisitStatus) -> bool:
    """Whether the queue calls a visit that stands there: once, and whoever misses the call is called by hand."""
    match status:
        case VisitStatus.WAITING:
            return True
        case (
            VisitStatus.CALLED | VisitStatus.BEING_SERVED | VisitStatus.SERVED | VisitStatus.LEFT | VisitStatus.NO_QUEUE
        ):
            return False


def start_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """When the centre's day began. A queue is a day's: tickets begin anew, and nobody waits overnight."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


class InTheFuture(Invalid):
    """Something is said to have happened later than now."""

    slug = "in-the-future"
    message = msg("{at} lies in the future; it is now {now}.")
    field_name = "at"


class TooLongAgo(Invalid):
    """Something is said to have happened before there were centres."""

    slug = "too-long-ago"
    message = msg("{at} lies too far back; visits are kept from {earliest} on.")
    field_name = "at"


class OutOfSequence(Invalid):
    """The times of a past visit contradict each other, or its status."""

    slug = "times-out-of-sequence"
    message = msg("{field}: a visit that is {status} is checked in, called, served and ended in this order.")


class WrongStep(Refused):
    """The visit cannot go from where it stands to there."""

    slug = "wrong-step"
    message = msg("This visit is {status}; it cannot become {wanted}.")
    field_name = "status"


class NobodyWaiting(Refused):
    """The queue is empty."""

    slug = "nobody-waiting"
    message = msg("Nobody is waiting at {centre}.")
    field_name = "centre"


class AlreadyKnown(Refused):
    """The visit already belongs to a person."""

    slug = "already-identified"
    message = msg("This visit already belongs to a person who agreed to be known.")
    field_name = "visit_id"


class UnknownPurpose(Invalid):
    """A consent names a purpose that does not exist."""

    slug = "unknown-purpose"
    message = msg("{purpose} is not a purpose. Possible: {known}.")
    field_name = "purposes"


def check_past(at: datetime, now: datetime, field: str = "at") -> None:
    """Nothing happens later than now, give or take a desk's clock. Raises `InTheFuture` or `TooLongAgo`."""
    if at < EARLIEST:
        raise TooLongAgo(about=field, at=at.isoformat(timespec="seconds"), earliest=EARLIEST.date().isoformat())
    if at > now + CLOCK_TOLERANCE:
        raise InTheFuture(about=field, at=at.isoformat(timespec="seconds"), now=now.isoformat(timespec="seconds"))


def may_become(status: VisitStatus, wanted: VisitStatus) -> bool:
    """A visit waits, is called, is served, or leaves."""
    return wanted in _next_statuses(status)


def check_step(status: VisitStatus, wanted: VisitStatus) -> None:
    """The same as a rule. Raises `WrongStep`."""
    if not may_become(status, wanted):
        raise WrongStep(status=status.value, wanted=wanted.value)


def check_times(
    status: VisitStatus,
    checked_in_at: datetime,
    called_at: datetime | None,
    served_at: datetime | None,
    ended_at: datetime | None,
) -> None:
    """The times of a past visit are in order and fit its status. Raises `OutOfSequence`, naming the field."""
    named = {"called_at": called_at, "served_at": served_at, "ended_at": ended_at}
    needed, allowed = _times_of(status)
    last = checked_in_at
    for field, at in named.items():
        wrong = (at is None and field in needed) or (at is not None and (field not in allowed or at < last))
        if wrong:
            raise OutOfSequence(about=field, field=field, status=status.value)
        last = at or last


def check_purposes(purposes: list[str]) -> None:
    """A person agrees to something that exists. Raises `UnknownPurpose`."""
    for purpose in purposes:
        if purpose not in PURPOSES:
            raise UnknownPurpose(purpose=purpose, known=", ".join(PURPOSES))


def ticket(area: str | None, number: int) -> str:
    """What is called out in the waiting room: a letter for the area, a number of the day."""
    return f"{_TICKET_LETTERS.get(area or '', 'A')}-{number:03d}"
