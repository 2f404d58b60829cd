"""The events of earlier times: one that became free is offered to people who asked for an earlier appointment."""

from enum import StrEnum
from typing import Annotated

from services.contracts.appointments import AppointmentMode, ModeCode
from services.contracts.envelope import (
    At,
    CentreCode,
    Event,
    Flag,
    Number,
    PersonalReference,
    Privacy,
    SubjectRef,
    private,
)
from services.contracts.scheduling import CancelledBy
from services.contracts.topics import INTERVIEWS


class EarlierOfferEnd(StrEnum):
    """Why the offer of an earlier time ended without an acceptance. The booked appointment stays in every case."""

    DECLINED = "declined"
    EXPIRED = "expired"
    TAKEN = "taken"
    """Another person was faster, or the team took the time."""
    WITHDRAWN = "withdrawn"
    """The person left the list, or the offer no longer fits: the appointment was cancelled, held, or is earlier by now,
    another of the path is too near, or the person has an appointment at that time."""


EarlierOfferEndCode = Annotated[EarlierOfferEnd, private(Privacy.OPERATIONAL)]


class EarlierTimeOffered(Event, type="cefo.scheduling.earlier-time-offered.v1", topic=INTERVIEWS, about="offer_id"):
    """An earlier time is offered for a booked interview, to be answered until then. Accepted: `InterviewMoved`.

    It is not kept: up to three people have the same offer, and the first who accepts gets the time.
    """

    offer_id: PersonalReference
    interview_id: PersonalReference
    subject_ref: SubjectRef
    centre: CentreCode
    at: At
    starts_at: At
    minutes: Number
    mode: ModeCode = AppointmentMode.IN_PERSON
    until: At


class EarlierOfferEnded(Event, type="cefo.scheduling.earlier-offer-ended.v1", topic=INTERVIEWS, about="offer_id"):
    """The offer ended without an acceptance; the interview stays as booked. `ended_by`: null if nobody answered.

    `starts_at`: the booked time that stays. `still_waiting`: whether the person is still on the list.
    """

    offer_id: PersonalReference
    interview_id: PersonalReference
    subject_ref: SubjectRef
    centre: CentreCode
    at: At
    because: EarlierOfferEndCode
    ended_by: CancelledBy | None = None
    starts_at: At
    minutes: Number
    mode: ModeCode = AppointmentMode.IN_PERSON
    still_waiting: Flag = True
