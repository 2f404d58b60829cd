"""The states of interviews, workshops and seats, and the questions that are asked of them.

Each question names every state, so that the type checker shows where a new one has to be decided about. Queries take
the states for which the answer is yes.
"""

from enum import StrEnum

from services.contracts.intake import VisitStatus
from services.contracts.scheduling import AppointmentStatus, PathOutcome


class WorkshopStatus(StrEnum):
    """Where a workshop stands."""

    ANNOUNCED = "announced"
    FINISHED = "finished"
    """The attendance of its last session is recorded."""
    CANCELLED = "cancelled"


class SeatStatus(StrEnum):
    """Where a seat stands."""

    TAKEN = "taken"
    WAITLISTED = "waitlisted"
    RELEASED = "released"


def takes_seats(status: WorkshopStatus) -> bool:
    """Whether the workshop takes seats, and anything about it still changes."""
    match status:
        case WorkshopStatus.ANNOUNCED:
            return True
        case WorkshopStatus.FINISHED | WorkshopStatus.CANCELLED:
            return False


def is_finished(status: WorkshopStatus) -> bool:
    """Whether its finalising sessions can be booked."""
    match status:
        case WorkshopStatus.FINISHED:
            return True
        case WorkshopStatus.ANNOUNCED | WorkshopStatus.CANCELLED:
            return False


def has_seat(status: SeatStatus) -> bool:
    """Whether the person takes part."""
    match status:
        case SeatStatus.TAKEN:
            return True
        case SeatStatus.WAITLISTED | SeatStatus.RELEASED:
            return False


def is_waitlisted(status: SeatStatus) -> bool:
    """Whether the person stands in line."""
    match status:
        case SeatStatus.WAITLISTED:
            return True
        case SeatStatus.TAKEN | SeatStatus.RELEASED:
            return False


TAKEN_SEATS = tuple(status for status in SeatStatus if has_seat(status))
WAITLISTED_SEATS = tuple(status for status in SeatStatus if is_waitlisted(status))
ACTIVE_SEATS = (*TAKEN_SEATS, *WAITLISTED_SEATS)
"""A person has one of these in a workshop at most."""


def is_booked(status: AppointmentStatus) -> bool:
    """Whether the interview lies ahead, with its time taken."""
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
    """Whether counsellor and visitor sit together."""
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
    """Whether it took place, and counts."""
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
    """Whether a side called it off, for a reason."""
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


ON_PATH = tuple(status.value for status in AppointmentStatus if is_held(status) or is_booked(status))
"""What takes one of the interviews that a path holds."""


def was_present(status: VisitStatus) -> bool:
    """Whether the person came and did not go away before anybody saw them."""
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


PRESENT = tuple(status.value for status in VisitStatus if was_present(status))


def led_to_plan(outcome: PathOutcome) -> bool:
    """Whether the path came to what it is for."""
    match outcome:
        case PathOutcome.PLAN_CONFIRMED:
            return True
        case PathOutcome.GIVEN_UP | PathOutcome.SEAT_RELEASED | PathOutcome.WORKSHOP_CANCELLED:
            return False
