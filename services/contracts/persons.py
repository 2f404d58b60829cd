"""The events of intake that correct whose data something is."""

from services.contracts.envelope import At, CentreCode, Event, PersonalReference
from services.contracts.topics import VISITS


class VisitAnonymised(Event, type="cefo.intake.visit-anonymised.v1", topic=VISITS, about="visit_id"):
    """The visit belongs to nobody known any more: it had been recorded as another person's by mistake."""

    visit_id: PersonalReference
    centre: CentreCode
    at: At
