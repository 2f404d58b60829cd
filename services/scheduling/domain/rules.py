"""The rules of interviews, paths and workshops. Source: the guidance offer of the centres (brochure, p. 28)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from services.chassis.refusals import Refused, msg, with_words
from services.contracts.consent import CONSENT_ENDED, Purpose
from services.contracts.intake import VisitStatus
from services.contracts.scheduling import AppointmentStatus, Method, PathOutcome
from services.scheduling.domain.refusals import (
    AlreadyInInterview,
    ConsentMissing,
    FifthInterview,
    FinalisingNotDue,
    NoShowStays,
    NotArrived,
    NotBooked,
    NotInTheRoom,
    NotRunning,
    NotYet,
    OneFinalisingSession,
    PathIsClosed,
    SeatHasArrived,
    SessionsOverlap,
    SpanBackwards,
    SpanTooLong,
    VisitorHasArrived,
    VisitorIsHere,
    WorkshopClosed,
    WorkshopTooOld,
    WrongLength,
)
from services.scheduling.domain.states import WorkshopStatus, is_booked, is_missed, is_running, takes_seats
from services.scheduling.domain.times import HORIZON, Hours, check_future, check_horizon, check_quarter_hour

GUIDANCE_MINUTES = (60, 120)
PATH_LIMIT = 4
LONGEST_SPAN = timedelta(days=31)
"""The days in which free times are looked for at once."""
NO_SHOW_UNDONE_WITHIN = timedelta(days=7)
"""How long after its start a no-show of an appointment can be undone."""
COMES_BEFORE = timedelta(minutes=30)
"""How long before an appointment a visit may begin and end that counts as having come for it."""
NEEDED_PURPOSE = Purpose.GUIDANCE.value
"""The purpose that a visitor must consent to before anything is booked for them."""
WORKSHOP_ENTERED_WITHIN = timedelta(days=31)
"""How long after its first session a workshop may still be entered by hand."""


class CancelReason(StrEnum):
    """Why an appointment is cancelled. No reason reveals anything about a person's health or family."""

    UNABLE_TO_COME = "unable-to-come"
    WORK_OR_TRAINING = "work-or-training"
    TRANSPORT = "transport"
    NO_LONGER_NEEDED = "no-longer-needed"
    COUNSELLOR_AWAY = "counsellor-away"
    ROOM_UNAVAILABLE = "room-unavailable"
    CENTRE_CLOSED = "centre-closed"
    TOO_FEW_PARTICIPANTS = "too-few-participants"
    ENTERED_IN_ERROR = "entered-in-error"
    OTHER = "other"


NOT_RECORDED = "not-recorded"
"""The reason of a cancellation without one: imported, or by a visitor who stated none."""

REASON_LABELS = {
    CancelReason.UNABLE_TO_COME: msg("Unable to come"),
    CancelReason.WORK_OR_TRAINING: msg("Work or training"),
    CancelReason.TRANSPORT: msg("Transport"),
    CancelReason.NO_LONGER_NEEDED: msg("No longer needed"),
    CancelReason.COUNSELLOR_AWAY: msg("Counsellor away"),
    CancelReason.ROOM_UNAVAILABLE: msg("Room unavailable"),
    CancelReason.CENTRE_CLOSED: msg("Centre closed"),
    CancelReason.TOO_FEW_PARTICIPANTS: msg("Too few people signed up"),
    CancelReason.ENTERED_IN_ERROR: msg("Entered in error"),
    CancelReason.OTHER: msg("Another reason"),
}
with_words(REASON_LABELS)
UNCHOSEN_LABELS = {CONSENT_ENDED: msg("Consent withdrawn"), NOT_RECORDED: msg("Reason unknown")}
"""The reasons that are recorded without a choice."""


def _outcome_label(outcome: PathOutcome) -> str:
    match outcome:
        case PathOutcome.PLAN_CONFIRMED:
            return msg("plan confirmed")
        case PathOutcome.GIVEN_UP:
            return msg("stopped early")
        case PathOutcome.SEAT_RELEASED:
            return msg("place in the workshop cancelled")
        case PathOutcome.WORKSHOP_CANCELLED:
            return msg("workshop cancelled")


OUTCOME_LABELS = {outcome: _outcome_label(outcome) for outcome in PathOutcome}


def check_in_the_room(status: str, taken_by: str | None, counsellor: str) -> None:
    """The visitor is in the room, and with no other counsellor. Raises `NotInTheRoom` or `AlreadyInInterview`."""
    if taken_by is not None and taken_by != counsellor:
        raise AlreadyInInterview(counsellor=taken_by)
    if not VisitStatus(status).in_the_room:
        raise NotInTheRoom(status=VisitStatus(status))


def check_consent(purposes: Sequence[str]) -> None:
    """Booking needs consent to guidance. Raises `ConsentMissing`."""
    if NEEDED_PURPOSE not in purposes:
        raise ConsentMissing(purposes=list(purposes), needed=NEEDED_PURPOSE)


def check_length(minutes: int) -> None:
    """One or two hours. Raises `WrongLength`."""
    if minutes not in GUIDANCE_MINUTES:
        raise WrongLength()


def check_span(first: date, last: date) -> None:
    """Days in which free times are looked for: in order, and `LONGEST_SPAN` at most. Raises `SpanBackwards`,
    `SpanTooLong`.
    """
    if last < first:
        raise SpanBackwards()
    if last - first >= LONGEST_SPAN:
        raise SpanTooLong(until=first + LONGEST_SPAN - timedelta(days=1))


def check_appointment(
    starts_at: datetime, minutes: int, hours: Hours, now: datetime, horizon: timedelta = HORIZON
) -> None:
    """A guidance interview's time: its length, on a quarter-hour, from now to the horizon, within opening hours.

    Raises `WrongLength`, `NotOnQuarterHour`, `NotInFuture`, `TooFarAhead` or `OutsideHours`.
    """
    check_length(minutes)
    check_quarter_hour(starts_at)
    check_future(starts_at, now, hours.zone)
    check_horizon(starts_at, now, horizon, hours.zone)
    hours.check_open(starts_at, minutes)


def check_path_capacity(method: str, held: int, booked: int, *, due: bool) -> None:
    """The path has room for one more interview.

    Individual: four at most. Collective: exactly one, once the workshop is done.
    Raises `FifthInterview`, `FinalisingNotDue` or `OneFinalisingSession`.
    """
    if method == Method.COLLECTIVE:
        if not due:
            raise FinalisingNotDue()
        if held + booked >= 1:
            raise too_many(method, held, booked)
    elif held + booked >= PATH_LIMIT:
        raise too_many(method, held, booked)


def limit_of(method: str) -> int:
    """How many interviews a path of this method allows."""
    return 1 if method == Method.COLLECTIVE else PATH_LIMIT


def too_many(method: str, held: int, booked: int) -> Refused:
    """The refusal of one interview more than the method allows."""
    if method == Method.COLLECTIVE:
        return OneFinalisingSession()
    return FifthInterview(limit=PATH_LIMIT, held=held, booked=booked)


def first_free(taken: Collection[int]) -> int:
    """The first of a path's numbers, from 1, that is not taken."""
    return next(number for number in range(1, PATH_LIMIT + 2) if number not in taken)


def may_book(method: str, held: int, booked: int, *, due: bool) -> bool:
    """Whether `check_path_capacity` allows one more interview."""
    try:
        check_path_capacity(method, held, booked, due=due)
    except Refused:
        return False
    return True


def check_path_open(closed_at: datetime | None, because: str | None, zone: ZoneInfo) -> None:
    """A closed path takes no more interviews. Raises `PathIsClosed`."""
    if closed_at is not None and because is not None:
        raise PathIsClosed(because=OUTCOME_LABELS[PathOutcome(because)], day=closed_at.astimezone(zone).date())


def check_booked(status: str) -> None:
    """Only a booked interview can be moved, held or missed. Raises `NotBooked`."""
    if not is_booked(AppointmentStatus(status)):
        raise NotBooked(status=AppointmentStatus(status))


def check_running(status: str) -> None:
    """Only a running interview can be finished. Raises `NotRunning`."""
    if not is_running(AppointmentStatus(status)):
        raise NotRunning(status=AppointmentStatus(status))


def may_undo_no_show(status: AppointmentStatus, starts_at: datetime, now: datetime) -> bool:
    """Whether a no-show that was recorded by mistake can be undone: until `NO_SHOW_UNDONE_WITHIN` after the start."""
    return is_missed(status) and now <= starts_at + NO_SHOW_UNDONE_WITHIN


def check_may_undo_no_show(status: str, starts_at: datetime, now: datetime, zone: ZoneInfo) -> None:
    """Raises `NotBooked` unless it is a no-show, and `NoShowStays` unless `may_undo_no_show`."""
    if not is_missed(AppointmentStatus(status)):
        raise NotBooked(status=AppointmentStatus(status))
    if not may_undo_no_show(AppointmentStatus(status), starts_at, now):
        raise NoShowStays(until=(starts_at + NO_SHOW_UNDONE_WITHIN).astimezone(zone))


def check_begun(starts_at: datetime, now: datetime, zone: ZoneInfo) -> None:
    """Attendance and no-shows are recorded after the start. Raises `NotYet`."""
    if starts_at > now:
        raise NotYet(at=starts_at.astimezone(zone))


def check_absent(ticket: str | None, *, here: bool) -> None:
    """A visitor who was at the centre at the time of the appointment is no no-show. Raises `VisitorIsHere`."""
    if here:
        raise VisitorIsHere(ticket=ticket or "–")


def check_not_arrived(arrived_at: datetime | None, zone: ZoneInfo) -> None:
    """A visitor whose arrival was recorded is no no-show. Raises `VisitorHasArrived`."""
    if arrived_at is not None:
        raise VisitorHasArrived(at=arrived_at.astimezone(zone))


def check_arrived(arrived_at: datetime | None) -> None:
    """An appointment starts once its visitor has arrived. Raises `NotArrived`."""
    if arrived_at is None:
        raise NotArrived()


def check_present(
    seats: Iterable[UUID], came: Collection[UUID], arrived: Mapping[UUID, datetime], zone: ZoneInfo
) -> None:
    """No participant who has arrived is recorded as absent. Raises `SeatHasArrived`."""
    for seat in seats:
        if seat in arrived and seat not in came:
            raise SeatHasArrived(at=arrived[seat].astimezone(zone))


def check_sessions(
    sessions: Sequence[tuple[datetime, int]], now: datetime, zone: ZoneInfo, horizon: timedelta = HORIZON
) -> None:
    """Sessions begin on quarter-hours and do not overlap; the first is at most `WORKSHOP_ENTERED_WITHIN` ago.

    None is beyond the horizon. Raises `NotOnQuarterHour`, `SessionsOverlap`, `TooFarAhead` or `WorkshopTooOld`.
    """
    free_from = now - WORKSHOP_ENTERED_WITHIN
    if sessions and sessions[0][0] < free_from:
        raise WorkshopTooOld(at=sessions[0][0].astimezone(zone), days=WORKSHOP_ENTERED_WITHIN.days)
    for starts_at, minutes in sessions:
        check_quarter_hour(starts_at, "sessions")
        check_horizon(starts_at, now, horizon, zone, "sessions")
        if starts_at < free_from:
            raise SessionsOverlap(at=starts_at.astimezone(zone))
        free_from = starts_at + timedelta(minutes=minutes)


def check_workshop_open(status: str) -> None:
    """A finished or cancelled workshop cannot be changed. Raises `WorkshopClosed`."""
    if not takes_seats(WorkshopStatus(status)):
        raise WorkshopClosed(status=WorkshopStatus(status))
