"""The rules of the front desk: free, anonymous, without appointment; and a fair queue."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.chassis.copies.purposes import PURPOSE_TITLES
from services.chassis.refusals import Invalid, NotFound, Refused, msg
from services.contracts.consent import Purpose
from services.contracts.intake import NIGHT, VisitStatus
from services.contracts.queue import BY_MISTAKE

CLOCK_TOLERANCE = timedelta(minutes=2)
"""How far a desk's clock may run ahead of ours."""

EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
"""The earliest time of an import: no centre has older visits, so that an older time is an error."""

CHECK_IN_WITHIN = timedelta(days=30)
"""How long after the arrival a check-in may still come, from a desk that was offline."""

RETENTION = timedelta(days=365 * 3)
"""How long a visitor's data is kept after they consented, or consented again, unless they are erased earlier."""

RETENTION_NOTICE = timedelta(days=30)
"""How long before the end of the retention the centre sees whose data will be erased."""

_TICKET_LETTERS = {"choose-path": "P", "select-training": "F", "find-job": "E", "create-business": "C"}
"""Any other area: A. Never I or O, which read as 1 and 0 in a number called out or on the wall."""


def _next_statuses(status: VisitStatus) -> frozenset[VisitStatus]:
    """The statuses that may follow this one."""
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
    """The times that an imported visit of this status needs, and those it may have."""
    match status:
        case VisitStatus.SERVED:
            return frozenset({"served_at", "ended_at"}), frozenset({"called_at", "served_at", "ended_at"})
        case VisitStatus.LEFT:
            return frozenset({"ended_at"}), frozenset({"called_at", "ended_at"})
        case VisitStatus.NO_QUEUE:
            return frozenset(), frozenset()
        case VisitStatus.WAITING | VisitStatus.CALLED | VisitStatus.BEING_SERVED:
            raise ValueError(f"an imported visit cannot be {status}")


def may_be_called_next(status: VisitStatus) -> bool:
    """Whether call-next calls a visit with this status: only once; a visitor who missed it is called by hand."""
    match status:
        case VisitStatus.WAITING:
            return True
        case (
            VisitStatus.CALLED | VisitStatus.BEING_SERVED | VisitStatus.SERVED | VisitStatus.LEFT | VisitStatus.NO_QUEUE
        ):
            return False


def is_expected_at_desk(status: VisitStatus) -> bool:
    """Whether the visitor was called and has not come to the desk yet."""
    match status:
        case VisitStatus.CALLED:
            return True
        case (
            VisitStatus.WAITING
            | VisitStatus.BEING_SERVED
            | VisitStatus.SERVED
            | VisitStatus.LEFT
            | VisitStatus.NO_QUEUE
        ):
            return False


def ends_the_day(now: datetime, zone: ZoneInfo, closed_before: date | None) -> bool:
    """Whether the visits of earlier days are to be closed: once a night, and in the morning if it did not run then."""
    local = now.astimezone(zone)
    return local.time() >= NIGHT and (closed_before is None or closed_before < local.date())


def closed_as(status: VisitStatus) -> VisitStatus:
    """What becomes of a visit that nobody ended on its day: who was being served was served, the others left."""
    match status:
        case VisitStatus.BEING_SERVED:
            return VisitStatus.SERVED
        case VisitStatus.WAITING | VisitStatus.CALLED:
            return VisitStatus.LEFT
        case VisitStatus.SERVED | VisitStatus.LEFT | VisitStatus.NO_QUEUE:
            return status


class PersonUnknown(NotFound):
    """No visitor has this reference. Other services may have something under it."""

    slug = "person-unknown"
    message = msg(
        "No registered person has this reference. Check it. Other services may still have data. To delete it there, "
        "confirm with unknown=true."
    )


class AlreadyErased(Refused):
    """The person of this reference was erased."""

    slug = "already-erased"
    message = msg(
        "This person’s data is already deleted. Check on the page Deletions which services have confirmed it."
    )
    field_name = "subject_ref"


class VisitNotPerson(Refused):
    """The reference is that of a visit."""

    slug = "visit-not-person"
    message = msg("This is the reference of a visit. Use that of the person: it is on the page of the visit.")
    field_name = "subject_ref"


class InTheFuture(Invalid):
    """A past time lies in the future."""

    slug = "in-the-future"
    message = msg("This time is in the future: {at}. It is now {now}. Enter a time in the past.")
    field_name = "at"


class TooLongAgo(Invalid):
    """A time lies before the first that is accepted."""

    slug = "too-long-ago"
    message = msg("This time is too long ago: {at}. Visits are accepted from {earliest} on. Enter a later time.")
    field_name = "at"


class OutOfSequence(Invalid):
    """The times of a past visit contradict each other, or its status."""

    slug = "times-out-of-sequence"
    message = msg(
        "{field}: this time is missing or not possible. Expected order: arrival, call, desk, end. Correct the times."
    )


class WrongStep(Refused):
    """The visit cannot change from its status to this one."""

    slug = "wrong-step"
    message = msg("Current state of the visit: {status}. This change is no longer possible. Reload the page.")
    field_name = "status"


class NobodyWaiting(Refused):
    """Nobody waits whom this desk calls next."""

    slug = "nobody-waiting"
    message = msg(
        "{centre}: nobody is waiting for this desk. Choose a person from the list, or wait for the next arrival."
    )
    field_name = "centre"


class DeskHasCalled(Refused):
    """The desk has called a visitor who has not come to it yet, and calls the next one without naming that visitor."""

    slug = "desk-has-called"
    message = msg(
        "Ticket {ticket} has been called and is not at the desk yet. Receive the person, record their absence, or call "
        "the next person anyway."
    )
    field_name = "called"


class AlreadyKnown(Refused):
    """The visit already belongs to a registered visitor."""

    slug = "already-identified"
    message = msg("This visit already belongs to a registered person. Reload the page.")
    field_name = "visit_id"


class RecordedByMistake(Refused):
    """The visit was recorded as an arrival by mistake: it was none, and nothing about it counts."""

    slug = "recorded-by-mistake"
    message = msg("This visit was recorded by mistake and does not count. Choose another visit.")
    field_name = "visit_id"


class InterviewBegun(Refused):
    """The visit stays that of its person: it led to an interview with them."""

    slug = "interview-begun"
    message = msg(
        "This visit led to an interview with this person. Change the person after the interview has been undone."
    )
    field_name = "visit_id"


class NoConsentLeft(Refused):
    """The retention cannot be prolonged: the visitor has withdrawn every consent."""

    slug = "no-consent-left"
    message = msg(
        "This person has withdrawn their consent. Their data cannot be kept longer. Record a new consent first."
    )


class UnknownPurpose(Invalid):
    """A consent names a purpose that does not exist."""

    slug = "unknown-purpose"
    message = msg("Unknown purpose: {purpose}. Choose from: {known}.")
    field_name = "purposes"


def check_past(
    at: datetime, now: datetime, zone: ZoneInfo, field: str = "at", *, earliest: datetime = EARLIEST
) -> None:
    """The time is from `earliest` to now, plus `CLOCK_TOLERANCE`. Raises `InTheFuture` or `TooLongAgo`."""
    if at < earliest:
        raise TooLongAgo(about=field, at=at.astimezone(zone), earliest=earliest.astimezone(zone))
    if at > now + CLOCK_TOLERANCE:
        raise InTheFuture(about=field, at=at.astimezone(zone), now=now.astimezone(zone))


def check_not_by_mistake(closed_by: str | None) -> None:
    """Raises `RecordedByMistake`."""
    if closed_by == BY_MISTAKE:
        raise RecordedByMistake()


def may_become(status: VisitStatus, wanted: VisitStatus) -> bool:
    """Whether a visit may change from `status` to `wanted`."""
    return wanted in _next_statuses(status)


def check_step(status: VisitStatus, wanted: VisitStatus) -> None:
    """Raises `WrongStep` unless `may_become`."""
    if not may_become(status, wanted):
        raise WrongStep(status=status, wanted=wanted)


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
            raise OutOfSequence(about=field, field=field)
        last = at or last


def check_purposes(purposes: list[str]) -> None:
    """Each purpose is a `Purpose`. Raises `UnknownPurpose`."""
    for purpose in purposes:
        if purpose not in set(Purpose):
            raise UnknownPurpose(purpose=purpose, known=tuple(PURPOSE_TITLES.values()))


def ticket_letter(area: str | None) -> str:
    """The letter of an area's tickets."""
    return _TICKET_LETTERS.get(area or "", "A")


def ticket(area: str | None, number: int) -> str:
    """A ticket: a letter for the area and the day's number, for example `P-007`."""
    return f"{ticket_letter(area)}-{number:03d}"
