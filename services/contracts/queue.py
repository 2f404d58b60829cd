"""The events of intake's queue: what changes a visitor's turn and keeps the place."""

from uuid import UUID, uuid5

from services.contracts.arrivals import KeptInterpreterLanguage
from services.contracts.envelope import (
    AreaCode,
    At,
    CentreCode,
    Event,
    Flag,
    PersonalReference,
    Reference,
    StaffCode,
)
from services.contracts.topics import VISITS

BY_MISTAKE = "by-mistake"
"""`closed_by` of a visit that was recorded as an arrival by mistake: it was none, and does not count."""


class VisitPutOnHold(Event, type="cefo.intake.visit-put-on-hold.v1", topic=VISITS, about="visit_id"):
    """The visitor is not called for now: `waiting` at the same place, until `VisitReturned` or a call."""

    visit_id: PersonalReference
    centre: CentreCode
    at: At


class VisitTransferred(Event, type="cefo.intake.visit-transferred.v1", topic=VISITS, about="visit_id"):
    """The visit is `waiting` at its old place, for this area, desk or counsellor alone; for any, where all are null.

    The visit's own area stays what it was: `area` is whose queue the visitor waits in.
    """

    visit_id: PersonalReference
    centre: CentreCode
    at: At
    area: AreaCode | None = None
    desk: StaffCode | None = None
    counsellor: StaffCode | None = None


class VisitPrioritised(Event, type="cefo.intake.visit-prioritised.v1", topic=VISITS, about="visit_id"):
    """The visitor is called before those without priority; `priority` false: no longer. The reason is in no event."""

    visit_id: PersonalReference
    centre: CentreCode
    at: At
    priority: Flag


class VisitInterpreterChanged(Event, type="cefo.intake.visit-interpreter-changed.v1", topic=VISITS, about="visit_id"):
    """The visitor, who is here, needs an interpreter of this language; null: none. Every copy ends with the visit."""

    visit_id: PersonalReference
    centre: CentreCode
    at: At
    interpreter_language: KeptInterpreterLanguage | None = None


class VisitorArrived(Event, type="cefo.intake.visitor-arrived.v1", topic=VISITS, about="visit_id"):
    """The visit is that of an appointment: of an interview, or of a seat in a workshop's session.

    Who waits has priority from now on, and waits for `counsellor`.
    """

    visit_id: PersonalReference
    centre: CentreCode
    at: At
    counsellor: StaffCode
    interview_id: PersonalReference | None = None
    session_id: Reference | None = None
    seat_id: PersonalReference | None = None


class VisitorArrivalUndone(Event, type="cefo.intake.visitor-arrival-undone.v1", topic=VISITS, about="visit_id"):
    """The arrival was recorded by mistake: the appointment's visitor has not arrived. The visit is nobody's."""

    visit_id: PersonalReference
    centre: CentreCode
    at: At
    checked_in_at: At
    """On whose day the visit was counted; it counts no more, unless `visit_stays`."""
    area: AreaCode | None = None
    visit_stays: Flag = False
    """The visit had its ticket before it was taken for this arrival: it goes on, and counts."""
    interview_id: PersonalReference | None = None
    session_id: Reference | None = None
    seat_id: PersonalReference | None = None


def seat_appointment(session_id: UUID, seat_id: UUID) -> UUID:
    """The id of the appointment that a seat is in one of the workshop's sessions."""
    return uuid5(session_id, str(seat_id))
