"""The events of scheduling that take back or correct what earlier ones reported about an interview."""

from services.contracts.appointments import AppointmentMode, ModeCode
from services.contracts.envelope import AreaCode, At, CentreCode, Event, Flag, PersonalReference, StaffCode
from services.contracts.outcomes import InterviewOutcome
from services.contracts.scheduling import Kind
from services.contracts.topics import INTERVIEWS


class InterviewUndone(Event, type="cefo.scheduling.interview-undone.v1", topic=INTERVIEWS, about="interview_id"):
    """An interview was started by mistake, and counts for nothing. `held`: it had already ended as held.

    One with an appointment stays booked. `outcome`: the one with which it was held.
    `last_of_person`: whether the person has no other one of this kind held at this centre in its month, as in
    `InterviewHeld`. Null: it was not held, or nobody knows whose it was.
    """

    interview_id: PersonalReference
    kind: Kind
    centre: CentreCode
    area: AreaCode | None
    counsellor: StaffCode
    starts_at: At
    at: At
    held: Flag
    visit_id: PersonalReference | None
    mode: ModeCode = AppointmentMode.IN_PERSON
    outcome: InterviewOutcome | None = None
    last_of_person: Flag | None = None


class InterviewResumed(Event, type="cefo.scheduling.interview-resumed.v1", topic=INTERVIEWS, about="interview_id"):
    """The end of an interview was recorded by mistake: it goes on, and counts once it is held again.

    `area`, `outcome`: those with which it was held. One with an appointment is booked as it was: `interview-restated`
    follows.
    `last_of_person`: as of `InterviewUndone`.
    """

    interview_id: PersonalReference
    kind: Kind
    centre: CentreCode
    area: AreaCode | None
    counsellor: StaffCode
    starts_at: At
    at: At
    visit_id: PersonalReference | None
    path_id: PersonalReference | None = None
    mode: ModeCode = AppointmentMode.IN_PERSON
    outcome: InterviewOutcome | None = None
    last_of_person: Flag | None = None


class InterviewOutcomeCorrected(
    Event, type="cefo.scheduling.interview-outcome-corrected.v1", topic=INTERVIEWS, about="interview_id"
):
    """The outcome of a held interview was corrected. Who counts by it moves the interview from one to the other."""

    interview_id: PersonalReference
    kind: Kind
    centre: CentreCode
    counsellor: StaffCode
    starts_at: At
    """On whose day the interview counts."""
    at: At
    mode: ModeCode
    area_before: AreaCode | None
    area: AreaCode | None
    outcome_before: InterviewOutcome | None
    outcome: InterviewOutcome
