"""The events of scheduling: interviews, paths, workshops, seats and attendance."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict

from services.contracts.appointments import AppointmentMode, ModeCode
from services.contracts.envelope import (
    AreaCode,
    At,
    CentreCode,
    Code,
    Event,
    Flag,
    Number,
    PersonalReference,
    Privacy,
    Reference,
    StaffCode,
    SubjectRef,
    private,
)
from services.contracts.outcomes import InterviewOutcome
from services.contracts.topics import INTERVIEWS, WORKSHOPS


class InterviewKind(StrEnum):
    """An information interview belongs to no path; a guidance interview belongs to exactly one."""

    INFORMATION = "information"
    GUIDANCE = "guidance"


class Method(StrEnum):
    """The two methods of the guidance offer."""

    INDIVIDUAL = "individual"
    COLLECTIVE = "collective"


class AppointmentStatus(StrEnum):
    """As in FHIR."""

    PROPOSED = "proposed"
    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"
    ENTERED_IN_ERROR = "entered-in-error"


class Side(StrEnum):
    """Who cancelled an appointment."""

    VISITOR = "visitor"
    CENTRE = "centre"


class PathOutcome(StrEnum):
    """Why a path was closed."""

    PLAN_CONFIRMED = "plan-confirmed"
    GIVEN_UP = "given-up"
    SEAT_RELEASED = "seat-released"
    WORKSHOP_CANCELLED = "workshop-cancelled"


Kind = Annotated[InterviewKind, private(Privacy.OPERATIONAL)]
MethodCode = Annotated[Method, private(Privacy.OPERATIONAL)]
CancelledBy = Annotated[Side, private(Privacy.OPERATIONAL)]
Outcome = Annotated[PathOutcome, private(Privacy.OPERATIONAL)]


class PathOpened(Event, type="cefo.scheduling.path-opened.v1", topic=INTERVIEWS, about="path_id"):
    """A person started a guidance path."""

    path_id: PersonalReference
    subject_ref: SubjectRef
    centre: CentreCode
    method: MethodCode
    at: At
    workshop_id: Reference | None = None


class PathClosed(Event, type="cefo.scheduling.path-closed.v1", topic=INTERVIEWS, about="path_id"):
    """The path was closed: its plan is confirmed, or the path was given up. No more interviews are booked."""

    path_id: PersonalReference
    centre: CentreCode
    method: MethodCode
    outcome: Outcome
    at: At


class InterviewBooked(Event, type="cefo.scheduling.interview-booked.v1", topic=INTERVIEWS, about="interview_id"):
    """An interview was booked, with time, counsellor and perhaps room."""

    interview_id: PersonalReference
    kind: Kind
    centre: CentreCode
    counsellor: StaffCode
    room: StaffCode | None
    starts_at: At
    minutes: Number
    subject_ref: SubjectRef | None
    path_id: PersonalReference | None
    method: MethodCode | None
    area: AreaCode | None = None
    mode: ModeCode = AppointmentMode.IN_PERSON


class InterviewMoved(Event, type="cefo.scheduling.interview-moved.v1", topic=INTERVIEWS, about="interview_id"):
    """The interview got another time, counsellor, room or mode, by one side; null in older events."""

    interview_id: PersonalReference
    centre: CentreCode
    counsellor: StaffCode
    room: StaffCode | None
    starts_at: At
    minutes: Number
    subject_ref: SubjectRef | None = None
    area: AreaCode | None = None
    moved_by: CancelledBy | None = None
    mode: ModeCode = AppointmentMode.IN_PERSON


class InterviewRestated(Event, type="cefo.scheduling.interview-restated.v1", topic=INTERVIEWS, about="interview_id"):
    """A booked interview as it stands: booked before its readers kept appointments, or wrongly recorded as over.

    `arrived_at`, `visit_id`: of its visitor, who has arrived.
    """

    interview_id: PersonalReference
    kind: Kind
    centre: CentreCode
    counsellor: StaffCode
    room: StaffCode | None
    starts_at: At
    minutes: Number
    subject_ref: SubjectRef
    area: AreaCode | None = None
    mode: ModeCode = AppointmentMode.IN_PERSON
    arrived_at: At | None = None
    visit_id: PersonalReference | None = None


class InterviewCancelled(Event, type="cefo.scheduling.interview-cancelled.v1", topic=INTERVIEWS, about="interview_id"):
    """The interview was cancelled, by one side and for a reason."""

    interview_id: PersonalReference
    kind: Kind
    centre: CentreCode
    at: At
    cancelled_by: CancelledBy
    reason: Code
    visit_id: PersonalReference | None = None
    """The visit of its visitor, if they had arrived."""


class InterviewMissed(Event, type="cefo.scheduling.interview-missed.v1", topic=INTERVIEWS, about="interview_id"):
    """The visitor did not come."""

    interview_id: PersonalReference
    kind: Kind
    centre: CentreCode
    at: At


class InterviewStarted(Event, type="cefo.scheduling.interview-started.v1", topic=INTERVIEWS, about="interview_id"):
    """The interview started."""

    interview_id: PersonalReference
    kind: Kind
    centre: CentreCode
    area: AreaCode | None
    counsellor: StaffCode
    at: At
    visit_id: PersonalReference | None


class InterviewHeld(Event, type="cefo.scheduling.interview-held.v1", topic=INTERVIEWS, about="interview_id"):
    """The interview took place. `number` counts the held interviews of a path from 1.

    `closed_by`: `end-of-day` if nobody ended it on its day; `minutes` then last until the centre closed.
    `first_of_person`: whether the person had no other one of this kind held at this centre in the month of `starts_at`.
    Null: nobody knows whose it was, it was imported, or the event is older. Decision 0069 says how people add up.
    """

    interview_id: PersonalReference
    kind: Kind
    centre: CentreCode
    area: AreaCode | None
    counsellor: StaffCode
    starts_at: At
    minutes: Number
    visit_id: PersonalReference | None = None
    path_id: PersonalReference | None = None
    method: MethodCode | None = None
    number: Number | None = None
    subject_ref: SubjectRef | None = None
    closed_by: Code | None = None
    mode: ModeCode = AppointmentMode.IN_PERSON
    outcome: InterviewOutcome | None = None
    first_of_person: Flag | None = None


class WorkshopSession(BaseModel):
    """One meeting of a workshop."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    session_id: Reference
    starts_at: At
    minutes: Number


class WorkshopAnnounced(Event, type="cefo.scheduling.workshop-announced.v1", topic=WORKSHOPS, about="workshop_id"):
    """A workshop, a series of sessions, was announced. `facilitators`: `counsellor` first; none in older events."""

    workshop_id: Reference
    centre: CentreCode
    area: AreaCode | None
    counsellor: StaffCode
    room: StaffCode | None
    seats: Number
    sessions: tuple[WorkshopSession, ...]
    facilitators: tuple[StaffCode, ...] = ()
    published: Flag = True


class WorkshopCancelled(Event, type="cefo.scheduling.workshop-cancelled.v1", topic=WORKSHOPS, about="workshop_id"):
    """The whole workshop was cancelled."""

    workshop_id: Reference
    centre: CentreCode
    at: At
    reason: Code


class SeatTaken(Event, type="cefo.scheduling.seat-taken.v1", topic=WORKSHOPS, about="workshop_id"):
    """A person booked a seat; their collective path is `path_id`."""

    workshop_id: Reference
    seat_id: PersonalReference
    subject_ref: SubjectRef
    path_id: PersonalReference
    centre: CentreCode
    at: At


class SeatReleased(Event, type="cefo.scheduling.seat-released.v1", topic=WORKSHOPS, about="workshop_id"):
    """One person's seat was released; all other seats are unchanged. `reason`: null in older events, or if unknown."""

    workshop_id: Reference
    seat_id: PersonalReference
    centre: CentreCode
    at: At
    cancelled_by: CancelledBy
    reason: Code | None = None


class AttendanceRecorded(Event, type="cefo.scheduling.attendance-recorded.v1", topic=WORKSHOPS, about="workshop_id"):
    """Whether one person came to one session. `final`: it was the workshop's last.

    `present_since`, `absent_since`: when the contrary was recorded, if this corrects it. Who counted it takes it back.
    `repeated`: only `final` is new. `opens_session`, `opens_workshop`: the first that is recorded of it.
    `first_of_person`: of a presence, as of an interview, in the month of `at`; `last_of_person`: of one taken back.
    """

    workshop_id: Reference
    session_id: Reference
    seat_id: PersonalReference
    subject_ref: SubjectRef
    path_id: PersonalReference
    centre: CentreCode
    at: At
    attended: Flag
    final: Flag
    present_since: At | None = None
    absent_since: At | None = None
    repeated: Flag = False
    opens_session: Flag = False
    opens_workshop: Flag = False
    first_of_person: Flag | None = None
    last_of_person: Flag | None = None


class FinalisingSessionDue(
    Event, type="cefo.scheduling.finalising-session-due.v1", topic=WORKSHOPS, about="workshop_id"
):
    """The workshop is finished: one individual session is due to finalise this person's path."""

    workshop_id: Reference
    path_id: PersonalReference
    subject_ref: SubjectRef
    centre: CentreCode
    at: At
