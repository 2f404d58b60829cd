"""What the messages to registered persons say: the built-in texts (msgids)."""

from typing import NamedTuple

from services.chassis.refusals import msg
from services.intake.domain.messages import MailPurpose


class Words(NamedTuple):
    """A message: the subject of its e-mail, what that says above the time, and the text to a telephone (msgids)."""

    subject: str
    text: str
    sms: str


BOOKED_AFAR = msg("Your appointment is booked.")
"""Above the time of one to which nobody comes: by telephone, by video, at home."""
SEVERAL_CANCELLED = Words(
    msg("Cancelled: sessions of your workshop, from {date}"),
    msg("Several sessions of your workshop are cancelled. The other sessions take place."),
    msg("Several sessions of your workshop are cancelled. The first of them: {date} at {time}."),
)
"""If one message cancels more than one session."""
BY_TELEPHONE = {
    MailPurpose.WORKSHOP_OFFER: Words(
        msg("A place is free for you in the workshop from {date}"),
        msg("You wait for a place in this workshop. One is free now, and is kept for you. Do you want it?"),
        msg("A place is free in the workshop: {date}, {time}. Call us by {until}."),
    ),
    MailPurpose.WORKSHOP_OFFER_ENDED: Words(
        msg("The place in the workshop from {date} is no longer kept for you"),
        msg("The place in this workshop is no longer kept for you. Ask your centre what you can do now."),
        msg("The place in the workshop from {date} at {time} is no longer kept for you."),
    ),
    MailPurpose.EARLIER_OFFER: Words(
        msg("An earlier appointment is possible: {date} at {time}"),
        msg("You asked for an earlier appointment. This time is free. Do you want it?"),
        msg("An earlier time is free: {date}, {time}. Call us by {until}."),
    ),
    MailPurpose.EARLIER_LAST: Words(
        msg("Your appointment on {date} at {time} stays as it is"),
        msg(
            "The offer of an earlier appointment is over, and you are no longer on the list. To ask again, telephone "
            "your centre. Your appointment stays as it is:"
        ),
        msg("The offer is over, you are no longer on the list. Your appointment stays as it is: {date} at {time}."),
    ),
}
"""Of messages that speak of the person's page, to who has none."""
WORDS = {
    MailPurpose.APPOINTMENT_BOOKED: Words(
        msg("Your appointment on {date} at {time}"),
        msg("Your appointment is booked. We look forward to seeing you."),
        msg("Your appointment: {date} at {time}."),
    ),
    MailPurpose.APPOINTMENT_MOVED: Words(
        msg("Changed: your appointment on {date} at {time}"),
        msg("Your appointment has changed."),
        msg("Your appointment has changed: {date} at {time}."),
    ),
    MailPurpose.APPOINTMENT_CANCELLED: Words(
        msg("Cancelled: your appointment on {date} at {time}"),
        msg("This appointment is cancelled. Ask the centre for a new one if you want one."),
        msg("Cancelled: your appointment of {date} at {time}."),
    ),
    MailPurpose.APPOINTMENT_REMINDER: Words(
        msg("Reminder: your appointment on {date} at {time}"),
        msg("This is a reminder of your appointment."),
        msg("Reminder: your appointment is on {date} at {time}."),
    ),
    MailPurpose.WORKSHOP_PLACE: Words(
        msg("You have a place in the workshop from {date}"),
        msg("You have a place in a workshop."),
        msg("You have a place in the workshop from {date} at {time}."),
    ),
    MailPurpose.WORKSHOP_CHANGED: Words(
        msg("The dates of your workshop have changed"),
        msg("The dates of your workshop have changed. These sessions are to come:"),
        msg("The dates of your workshop have changed. First session concerned: {date} at {time}."),
    ),
    MailPurpose.WORKSHOP_SESSION_CANCELLED: Words(
        msg("Cancelled: one session of your workshop, {date} at {time}"),
        msg("A session of your workshop is cancelled. The other sessions take place."),
        msg("One session of your workshop is cancelled: {date} at {time}."),
    ),
    MailPurpose.WORKSHOP_CANCELLED: Words(
        msg("Your place in the workshop on {date} at {time} is cancelled"),
        msg("You no longer have a place in this workshop. Ask the centre about other dates."),
        msg("Your place in the workshop of {date} at {time} is cancelled."),
    ),
    MailPurpose.WORKSHOP_LEFT: Words(
        msg("You gave up your place in the workshop on {date}"),
        msg("You gave up your place in this workshop. If you want another date, ask your centre."),
        msg("You gave up your place in the workshop of {date} at {time}."),
    ),
    MailPurpose.WORKSHOP_REMINDER: Words(
        msg("Reminder: your workshop on {date} at {time}"),
        msg("This is a reminder of your workshop."),
        msg("Reminder: your workshop is on {date} at {time}."),
    ),
    MailPurpose.WAITLIST_CHANGED: Words(
        msg("Changed: the workshop for which you are on the waiting list"),
        msg("The workshop for which you are on the waiting list has other times. You keep your place on the list."),
        msg("The workshop for which you are on the waiting list has changed. Next date: {date} at {time}."),
    ),
    MailPurpose.WAITLIST_CANCELLED: Words(
        msg("Cancelled: the workshop for which you were on the waiting list"),
        msg("The workshop for which you were on the waiting list is cancelled. Ask the centre about other dates."),
        msg("The workshop for which you were on the waiting list is cancelled: {date} at {time}."),
    ),
    MailPurpose.WORKSHOP_OFFER: Words(
        msg("A place is free for you in the workshop from {date}"),
        msg("You wait for a place in this workshop. One is free now, and is kept for you. Do you want it?"),
        msg("A place is free in the workshop: {date}, {time}. Answer or call by {until}."),
    ),
    MailPurpose.WORKSHOP_OFFER_ENDED: Words(
        msg("The place in the workshop from {date} is no longer kept for you"),
        msg("The place in this workshop is no longer kept for you. Your page says what you can do now."),
        msg("The place in the workshop from {date} at {time} is no longer kept for you."),
    ),
    MailPurpose.EARLIER_OFFER: Words(
        msg("An earlier appointment is possible: {date} at {time}"),
        msg("You asked for an earlier appointment. This time is free. Do you want it?"),
        msg("An earlier time is free: {date}, {time}. Answer or call by {until}."),
    ),
    MailPurpose.EARLIER_TAKEN: Words(
        msg("Your appointment on {date} at {time} stays as it is"),
        msg(
            "The earlier time that was offered to you is taken: another person was faster. You stay on the list. Your "
            "appointment stays as it is:"
        ),
        msg("The earlier time is taken. Your appointment stays as it is: {date} at {time}."),
    ),
    MailPurpose.EARLIER_EXPIRED: Words(
        msg("Your appointment on {date} at {time} stays as it is"),
        msg("The time to answer the offer of an earlier appointment is over. Your appointment stays as it is:"),
        msg("The offer of an earlier time is over. Your appointment stays as it is: {date} at {time}."),
    ),
    MailPurpose.EARLIER_LAST: Words(
        msg("Your appointment on {date} at {time} stays as it is"),
        msg(
            "The offer of an earlier appointment is over, and you are no longer on the list. On the page of your "
            "appointment you can ask again. Your appointment stays as it is:"
        ),
        msg("The offer is over, you are no longer on the list. Your appointment stays as it is: {date} at {time}."),
    ),
    MailPurpose.FINALISING_DUE: Words(
        msg("Your workshop is over: book your final interview"),
        msg("Your workshop is over. Only the final interview is left. Ask your centre for a date."),
        msg("Your workshop is over. Ask us for the date of your final interview."),
    ),
    MailPurpose.PLAN_TASKS: Words(
        msg("There are new actions in your plan"),
        msg("There are new actions in your plan."),
        msg("There are new actions in your plan."),
    ),
    MailPurpose.REFERRAL_ANSWERED: Words(
        msg("There is an answer to your referral"),
        msg("A provider has answered your referral."),
        msg("A provider has answered your referral."),
    ),
    MailPurpose.BOOKING_TO_CONFIRM: Words(
        msg("Please confirm your appointment on {date} at {time}"),
        msg("An appointment was requested with this address. It is booked once you confirm it."),
        msg("Please confirm your appointment: {date} at {time}."),
    ),
}
