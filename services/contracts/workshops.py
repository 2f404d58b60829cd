"""The events of workshops that change: what they are from now on, and whom it concerns."""

from services.contracts.envelope import (
    AreaCode,
    At,
    CentreCode,
    Event,
    Flag,
    Number,
    PersonalReference,
    Reference,
    StaffCode,
    SubjectRef,
)
from services.contracts.scheduling import WorkshopSession
from services.contracts.topics import WORKSHOPS


class WorkshopChanged(Event, type="cefo.scheduling.workshop-changed.v1", topic=WORKSHOPS, about="workshop_id"):
    """The workshop as it is from now on, with all of its sessions."""

    workshop_id: Reference
    centre: CentreCode
    at: At
    area: AreaCode | None
    counsellor: StaffCode
    facilitators: tuple[StaffCode, ...]
    room: StaffCode | None
    seats: Number
    sessions: tuple[WorkshopSession, ...]
    published: Flag


class SeatRescheduled(Event, type="cefo.scheduling.seat-rescheduled.v1", topic=WORKSHOPS, about="workshop_id"):
    """The sessions of one person's workshop have changed. `waits`: the person is on its waitlist."""

    workshop_id: Reference
    seat_id: PersonalReference
    subject_ref: SubjectRef
    centre: CentreCode
    at: At
    waits: Flag


class WaitlistEnded(Event, type="cefo.scheduling.waitlist-ended.v1", topic=WORKSHOPS, about="workshop_id"):
    """The workshop on whose waitlist a person is is going to be cancelled."""

    workshop_id: Reference
    seat_id: PersonalReference
    subject_ref: SubjectRef
    centre: CentreCode
    at: At


class FinalisingSessionWithdrawn(
    Event, type="cefo.scheduling.finalising-session-withdrawn.v1", topic=WORKSHOPS, about="workshop_id"
):
    """The person did not come to the last session after all: the session that was due to finalise their path is not."""

    workshop_id: Reference
    path_id: PersonalReference
    subject_ref: SubjectRef
    centre: CentreCode
    at: At
