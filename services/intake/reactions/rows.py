"""The rows that reactions of intake load and lock."""

from services.chassis.events.reactions import RowKey
from services.contracts import Event
from services.contracts.interviews import InterviewResumed, InterviewUndone
from services.contracts.queue import seat_appointment
from services.contracts.scheduling import (
    AttendanceRecorded,
    InterviewCancelled,
    InterviewHeld,
    InterviewKind,
    InterviewMissed,
    InterviewMoved,
    InterviewRestated,
    InterviewStarted,
)
from services.intake.store import Visit, Visitor
from services.intake.store.appointments import Appointment
from services.intake.store.reminders import Reminder


def of_visit(event: InterviewStarted | InterviewHeld | InterviewResumed | InterviewUndone) -> list[RowKey]:
    """The visit of the interview's visitor."""
    return [(Visit, event.visit_id)] if event.visit_id else []


def of_appointment(
    event: InterviewHeld | InterviewMoved | InterviewRestated | InterviewCancelled | InterviewMissed,
) -> list[RowKey]:
    """The copy of the appointment, and its reminders."""
    return [(Appointment, event.interview_id), (Reminder, event.interview_id)]


def of_attendance(event: AttendanceRecorded) -> list[RowKey]:
    """The copy of the appointment."""
    return [(Appointment, seat_appointment(event.session_id, event.seat_id))]


def of_held(event: InterviewHeld) -> list[RowKey]:
    """The visit of the interview's visitor; and of one that was booked, what is kept of the appointment."""
    return [*(of_appointment(event) if event.kind is InterviewKind.GUIDANCE else ()), *of_visit(event)]


def of_person(event: Event) -> list[RowKey]:
    """The person, if the event is about one who may be registered here."""
    return [(Visitor, ref)] if (ref := getattr(event, "subject_ref", None)) is not None else []
