"""The events of intake that correct whose data something is."""

from services.contracts.envelope import At, CentreCode, Event, PersonalReference, SubjectRef
from services.contracts.topics import VISITORS, VISITS


class VisitAnonymised(Event, type="cefo.intake.visit-anonymised.v1", topic=VISITS, about="visit_id"):
    """The visit belongs to nobody known any more: it had been recorded as another person's by mistake."""

    visit_id: PersonalReference
    centre: CentreCode
    at: At


class VisitorMerged(Event, type="cefo.intake.visitor-merged.v1", topic=VISITORS, about="subject_ref"):
    """Two registered persons are the same one. `subject_ref` is an alias of `kept_ref` from now on, of nothing else.

    Rows keep their own reference. A further event of the same alias names another kept reference: the person that it
    led to was merged too, or was separated again.
    """

    subject_ref: SubjectRef
    kept_ref: SubjectRef
    """No alias itself, once every event of its own is processed."""
    at: At


class VisitorSeparated(Event, type="cefo.intake.visitor-separated.v1", topic=VISITORS, about="subject_ref"):
    """`subject_ref` is no alias any more: the two were merged by mistake."""

    subject_ref: SubjectRef
    at: At
