"""The statuses of interviews, workshops and seats, and predicates on them.

Each predicate matches every status, so that the type checker reports where a new one is missing. Queries use the
statuses for which a predicate is true.
"""

from enum import StrEnum

from services.contracts.intake import VisitStatus
from services.contracts.scheduling import AppointmentStatus, PathOutcome


class WorkshopStatus(StrEnum):
    """The status of a workshop."""

    ANNOUNCED = "announced"
    FINISHED = "finished"
    """The attendance of its last session is recorded."""
    CANCELLED = "cancelled"


class SeatStatus(StrEnum):
    """The status of a seat."""

    TAKEN = "taken"
    WAITLISTED = "waitlisted"
    OFFERED = "offered"
    """Kept for the person, who waited for it, until they answer or the time to answer is over."""
    DECLINED = "declined"
    EXPIRED = "expired"
    RELEASED = "released"


def takes_seats(status: WorkshopStatus) -> bool:
    """Whether the workshop takes seats and can be changed."""
    match status:
        case WorkshopStatus.ANNOUNCED:
            return True
        case WorkshopStatus.FINISHED | WorkshopStatus.CANCELLED:
            return False


OPEN_WORKSHOPS = tuple(status.value for status in WorkshopStatus if takes_seats(status))


def is_finished(status: WorkshopStatus) -> bool:
    """Whether its finalising sessions can be booked."""
    match status:
        case WorkshopStatus.FINISHED:
            return True
        case WorkshopStatus.ANNOUNCED | WorkshopStatus.CANCELLED:
            return False


def has_seat(status: SeatStatus) -> bool:
    """Whether the visitor has a seat."""
    match status:
        case SeatStatus.TAKEN:
            return True
        case (
            SeatStatus.WAITLISTED | SeatStatus.OFFERED | SeatStatus.DECLINED | SeatStatus.EXPIRED | SeatStatus.RELEASED
        ):
            return False


def is_offered(status: SeatStatus) -> bool:
    """Whether a seat is kept for the visitor until they answer."""
    match status:
        case SeatStatus.OFFERED:
            return True
        case SeatStatus.TAKEN | SeatStatus.WAITLISTED | SeatStatus.DECLINED | SeatStatus.EXPIRED | SeatStatus.RELEASED:
            return False


def is_lapsed(status: SeatStatus) -> bool:
    """Whether the entry ended with an offer that was not accepted: the visitor may wait again."""
    match status:
        case SeatStatus.DECLINED | SeatStatus.EXPIRED:
            return True
        case SeatStatus.TAKEN | SeatStatus.WAITLISTED | SeatStatus.OFFERED | SeatStatus.RELEASED:
            return False


def is_waitlisted(status: SeatStatus) -> bool:
    """Whether the visitor is on the waitlist, and nothing is offered to them."""
    match status:
        case SeatStatus.WAITLISTED:
            return True
        case SeatStatus.TAKEN | SeatStatus.OFFERED | SeatStatus.DECLINED | SeatStatus.EXPIRED | SeatStatus.RELEASED:
            return False


TAKEN_SEATS = tuple(status for status in SeatStatus if has_seat(status))
WAITLISTED_SEATS = tuple(status for status in SeatStatus if is_waitlisted(status))
OFFERED_SEATS = tuple(status for status in SeatStatus if is_offered(status))
LAPSED_SEATS = tuple(status for status in SeatStatus if is_lapsed(status))
QUEUED_SEATS = (*WAITLISTED_SEATS, *OFFERED_SEATS)
"""Of those who have no seat yet."""
ACTIVE_SEATS = (*TAKEN_SEATS, *QUEUED_SEATS)
"""A visitor has at most one such seat per workshop."""


def is_booked(status: AppointmentStatus) -> bool:
    """Whether the interview is booked, with its quarter-hours reserved."""
    match status:
        case AppointmentStatus.BOOKED:
            return True
        case (
            AppointmentStatus.PROPOSED
            | AppointmentStatus.ARRIVED
            | AppointmentStatus.FULFILLED
            | AppointmentStatus.CANCELLED
            | AppointmentStatus.NOSHOW
            | AppointmentStatus.ENTERED_IN_ERROR
        ):
            return False


def is_running(status: AppointmentStatus) -> bool:
    """Whether the interview is in progress."""
    match status:
        case AppointmentStatus.ARRIVED:
            return True
        case (
            AppointmentStatus.PROPOSED
            | AppointmentStatus.BOOKED
            | AppointmentStatus.FULFILLED
            | AppointmentStatus.CANCELLED
            | AppointmentStatus.NOSHOW
            | AppointmentStatus.ENTERED_IN_ERROR
        ):
            return False


def is_held(status: AppointmentStatus) -> bool:
    """Whether the interview took place."""
    match status:
        case AppointmentStatus.FULFILLED:
            return True
        case (
            AppointmentStatus.PROPOSED
            | AppointmentStatus.BOOKED
            | AppointmentStatus.ARRIVED
            | AppointmentStatus.CANCELLED
            | AppointmentStatus.NOSHOW
            | AppointmentStatus.ENTERED_IN_ERROR
        ):
            return False


def is_cancelled(status: AppointmentStatus) -> bool:
    """Whether the visitor or the centre cancelled it, with a reason."""
    match status:
        case AppointmentStatus.CANCELLED:
            return True
        case (
            AppointmentStatus.PROPOSED
            | AppointmentStatus.BOOKED
            | AppointmentStatus.ARRIVED
            | AppointmentStatus.FULFILLED
            | AppointmentStatus.NOSHOW
            | AppointmentStatus.ENTERED_IN_ERROR
        ):
            return False


def is_missed(status: AppointmentStatus) -> bool:
    """Whether the visitor did not come."""
    match status:
        case AppointmentStatus.NOSHOW:
            return True
        case (
            AppointmentStatus.PROPOSED
            | AppointmentStatus.BOOKED
            | AppointmentStatus.ARRIVED
            | AppointmentStatus.FULFILLED
            | AppointmentStatus.CANCELLED
            | AppointmentStatus.ENTERED_IN_ERROR
        ):
            return False


def takes_time(status: AppointmentStatus) -> bool:
    """Whether the interview takes, or took, its counsellor's time: what was cancelled left it to others."""
    match status:
        case (
            AppointmentStatus.BOOKED
            | AppointmentStatus.ARRIVED
            | AppointmentStatus.FULFILLED
            | AppointmentStatus.NOSHOW
        ):
            return True
        case AppointmentStatus.PROPOSED | AppointmentStatus.CANCELLED | AppointmentStatus.ENTERED_IN_ERROR:
            return False


BOOKED = tuple(status.value for status in AppointmentStatus if is_booked(status))
RUNNING = tuple(status.value for status in AppointmentStatus if is_running(status))
ON_PATH = tuple(status.value for status in AppointmentStatus if is_held(status) or is_booked(status))
MISSED = tuple(status.value for status in AppointmentStatus if is_missed(status))
HELD = tuple(status.value for status in AppointmentStatus if is_held(status))
ENDED = (*HELD, *MISSED, *(status.value for status in AppointmentStatus if is_cancelled(status)))
TAKING_TIME = tuple(status.value for status in AppointmentStatus if takes_time(status))
"""For queries: what is still to come, what is under way, what counts towards a path's limit, the no-shows, what was
held, what is over in whichever way, and what takes time."""


def was_present(status: VisitStatus) -> bool:
    """Whether the visitor came and did not leave before being served."""
    match status:
        case (
            VisitStatus.WAITING
            | VisitStatus.CALLED
            | VisitStatus.BEING_SERVED
            | VisitStatus.SERVED
            | VisitStatus.NO_QUEUE
        ):
            return True
        case VisitStatus.LEFT:
            return False


def waits(status: VisitStatus) -> bool:
    """Whether the visitor waits, and is neither called nor being served: whom a counsellor takes next."""
    match status:
        case VisitStatus.WAITING:
            return True
        case (
            VisitStatus.CALLED | VisitStatus.BEING_SERVED | VisitStatus.SERVED | VisitStatus.LEFT | VisitStatus.NO_QUEUE
        ):
            return False


WAITS = tuple(status.value for status in VisitStatus if waits(status))
PRESENT = tuple(status.value for status in VisitStatus if was_present(status))


def may_go_on(outcome: PathOutcome) -> bool:
    """Whether a path that ended so may be reopened: a confirmed plan stays, and a seat begins another path."""
    match outcome:
        case PathOutcome.GIVEN_UP:
            return True
        case PathOutcome.PLAN_CONFIRMED | PathOutcome.SEAT_RELEASED | PathOutcome.WORKSHOP_CANCELLED:
            return False


def led_to_plan(outcome: PathOutcome) -> bool:
    """Whether the path led to a confirmed plan."""
    match outcome:
        case PathOutcome.PLAN_CONFIRMED:
            return True
        case PathOutcome.GIVEN_UP | PathOutcome.SEAT_RELEASED | PathOutcome.WORKSHOP_CANCELLED:
            return False
