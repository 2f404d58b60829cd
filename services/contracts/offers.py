"""The events of offers: a free seat in a workshop is kept for the first person on the waitlist, who answers in time."""

from enum import StrEnum
from typing import Annotated

from services.contracts.envelope import (
    At,
    CentreCode,
    Event,
    PersonalReference,
    Privacy,
    Reference,
    SubjectRef,
    private,
)
from services.contracts.scheduling import CancelledBy
from services.contracts.topics import WORKSHOPS


class OfferEnd(StrEnum):
    """Why an offer ended without an acceptance."""

    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """The entry was released, or the workshop cancelled."""


OfferEndCode = Annotated[OfferEnd, private(Privacy.OPERATIONAL)]


class SeatOffered(Event, type="cefo.scheduling.seat-offered.v1", topic=WORKSHOPS, about="workshop_id"):
    """A free seat is offered to a person who waits for one, and kept for them until then. Accepted: `SeatTaken`."""

    workshop_id: Reference
    seat_id: PersonalReference
    subject_ref: SubjectRef
    centre: CentreCode
    at: At
    until: At


class SeatOfferEnded(Event, type="cefo.scheduling.seat-offer-ended.v1", topic=WORKSHOPS, about="workshop_id"):
    """The offer ended without an acceptance, and the person no longer waits. `ended_by`: null if not answered."""

    workshop_id: Reference
    seat_id: PersonalReference
    subject_ref: SubjectRef
    centre: CentreCode
    at: At
    because: OfferEndCode
    ended_by: CancelledBy | None = None
