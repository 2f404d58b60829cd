"""Refusals about earlier times."""

from services.chassis.refusals import Refused, msg


class NoEarlierTime(Refused):
    """Between the notice and the appointment there is no day on which an earlier time could be offered."""

    slug = "no-earlier-time"
    message = msg("Before this appointment no earlier time can be offered any more. Ask your centre by telephone.")
    field_name = "interview_id"


class EarlierTimeTaken(Refused):
    """An earlier time is offered to several people, and another one was faster; or the team took it."""

    slug = "earlier-time-taken"
    message = msg(
        "Another person was faster: this time is taken. The appointment stays as it was: {at}. Wait for another offer."
    )
    field_name = "offer_id"


class EarlierOfferOver(Refused):
    """The offer was declined, not answered in time, or no longer fits the appointment."""

    slug = "earlier-offer-over"
    message = msg(
        "This offer has ended. The appointment stays as it was: {at}. Open its page to see whether others follow."
    )
    field_name = "offer_id"
