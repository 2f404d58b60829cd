"""What a counsellor has to do: in which parts it is listed, and what is done with each line."""

from datetime import datetime, timedelta
from enum import StrEnum

from services.chassis.refusals import msg, with_words
from services.contracts.scheduling import AppointmentStatus, InterviewKind
from services.scheduling.domain.states import is_running


class ToDoPart(StrEnum):
    """A part of the to-do, in the order in which they are shown."""

    WAITING = "waiting"
    """The people who are here and whom this counsellor can take, in the order of the queue."""
    TODAY = "today"
    """Appointments and sessions of workshops of today that are not done."""
    LEFT_OVER = "left-over"
    """Those of earlier days."""
    FINAL_INTERVIEWS = "final-interviews"
    """Due and not held: those to book, then those that are booked."""
    ACCEPTED = "accepted"
    """People who accepted the guidance offer, and have neither path nor appointment yet."""
    PATHS = "paths"
    """Individual paths on which nothing is booked, and which allow one more interview."""
    OPEN_PATHS = "open-paths"
    """Open paths of the centre with nothing to come, which are in the list of no counsellor: see `NothingToCome`."""
    OFFERS = "offers"
    """Places in the counsellor's workshops that are offered to people of the waitlist, who have not answered."""


PART_LABELS = {
    ToDoPart.WAITING: msg("Waiting for you"),
    ToDoPart.TODAY: msg("Today"),
    ToDoPart.LEFT_OVER: msg("Earlier days"),
    ToDoPart.FINAL_INTERVIEWS: msg("Final interviews"),
    ToDoPart.ACCEPTED: msg("Guidance accepted, no appointment yet"),
    ToDoPart.PATHS: msg("Paths without a next interview"),
    ToDoPart.OPEN_PATHS: msg("Open paths with nothing to come"),
    ToDoPart.OFFERS: msg("Unanswered offers"),
}
with_words(PART_LABELS)


class NothingToCome(StrEnum):
    """Why an open path has nothing to come, and is in the list of no counsellor of the centre."""

    MISSED_LAST = "missed-last-session"
    """Its workshop is finished, and its person was not at the last session: no final interview is due."""
    COUNSELLOR_LEFT = "counsellor-left"
    """The centre books no more with the counsellor of its last appointment."""
    NO_INTERVIEW = "no-interview"
    """It was opened, and nothing was ever booked on it."""


WHY_LABELS = {
    NothingToCome.MISSED_LAST: msg("Missed the last session: correct the attendance within a week, or stop the path"),
    NothingToCome.COUNSELLOR_LEFT: msg("The counsellor has left: book with a colleague, or stop the path"),
    NothingToCome.NO_INTERVIEW: msg("No appointment yet: book one, or stop the path"),
}
with_words(WHY_LABELS)


class Task(StrEnum):
    """What is to be done."""

    TAKE = "take"
    PREPARE = "prepare"
    """The appointment, or the session, is still to come."""
    START = "start"
    """The person has arrived."""
    FINISH = "finish"
    RECORD_INTERVIEW = "record-interview"
    """Whether it took place: its time is over."""
    RECORD_ATTENDANCE = "record-attendance"
    CANCEL_WORKSHOP = "cancel-workshop"
    """It has begun, and nobody has a place in it."""
    BOOK_FINAL_INTERVIEW = "book-final-interview"
    HOLD_FINAL_INTERVIEW = "hold-final-interview"
    REGISTER = "register"
    """The person, before their first appointment can be booked."""
    BOOK_FIRST = "book-first"
    BOOK_NEXT = "book-next"
    DECIDE_ON_PATH = "decide-on-path"
    """Whether it goes on, or is stopped."""
    ANSWER_OFFER = "answer-offer"


PATH_LISTED = timedelta(days=365)
"""How long after its opening a path that has nothing to come is in the list of the centre."""
ACCEPTED_WAITS = timedelta(days=30)
"""How long a guidance offer that was accepted waits for the first appointment here."""
PATH_WAITS = timedelta(days=365)
"""How long after its last appointment a path waits for the next one here. Later it is still open, and not listed."""


def task_of_interview(
    kind: str,
    status: str,
    started_at: datetime | None,
    arrived_at: datetime | None,
    ends_at: datetime,
    now: datetime,
    *,
    today: bool,
) -> Task:
    """What is to be done with an interview that is booked or in progress. `ends_at`: as it is booked.

    An appointment of an earlier day is not started or finished any more: only recorded.
    """
    if is_running(AppointmentStatus(status)):
        return Task.FINISH
    if not today:
        return Task.RECORD_INTERVIEW
    if kind == InterviewKind.GUIDANCE and started_at is not None:
        return Task.FINISH
    if arrived_at is not None:
        return Task.START
    return Task.RECORD_INTERVIEW if ends_at <= now else Task.PREPARE


def task_of_session(starts_at: datetime, taken: int, now: datetime) -> Task:
    """What is to be done with a session whose attendance is not recorded: it can be from its beginning on.

    `taken`: places of the workshop; without any there is nothing to record.
    """
    if starts_at > now:
        return Task.PREPARE
    return Task.RECORD_ATTENDANCE if taken else Task.CANCEL_WORKSHOP
