"""The outcome of an interview, in codes alone: what it informed about, what follows, guidance and referral.

What its events carry is here; which codes there are, too. An event has them as codes, so that the lists can grow.
"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from services.contracts.envelope import Code, Flag


class InformationTopic(StrEnum):
    """What an interview informed about: the areas of the centres, their guidance offer and their directory."""

    OCCUPATIONS = "occupations"
    TRAINING = "training"
    SKILLS = "skills"
    JOB_SEARCH = "job-search"
    BUSINESS = "business"
    GUIDANCE_OFFER = "guidance-offer"
    PROVIDERS = "providers"
    OTHER = "other"


class NextStep(StrEnum):
    """What follows an interview."""

    NOT_STATED = "not-stated"
    """It was not stated; `NONE` states that nothing follows."""
    NONE = "none"
    COME_BACK = "come-back"
    APPOINTMENT_BOOKED = "appointment-booked"
    WORKSHOP = "workshop"
    GUIDANCE_PATH = "guidance-path"
    SENT_ELSEWHERE = "sent-elsewhere"


class InterviewOutcome(BaseModel):
    """The outcome of an interview. An event without one: it was not stated.

    `topics`: codes of `InformationTopic`; `next_step`: a code of `NextStep`. Guidance that was taken was offered.
    `guidance_stated`: false: it was not stated whether guidance was offered, and the two flags beside it mean nothing.
    Events of older versions have no such flag: theirs was stated.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    topics: tuple[Code, ...] = ()
    next_step: Code = NextStep.NONE.value
    guidance_offered: Flag = False
    guidance_taken: Flag = False
    guidance_stated: Flag = True
    referral_wanted: Flag = False


NOTHING_STATED = InterviewOutcome(next_step=NextStep.NOT_STATED.value, guidance_stated=False)
"""The end of an interview by one press. `InterviewHeld` has no outcome then."""
