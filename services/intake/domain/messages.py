"""The messages to registered persons: why and when they are sent, and what of an appointment they say."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from services.chassis.refusals import msg
from services.contracts.appointments import AppointmentMode

REMIND_BEFORE = (timedelta(hours=48), timedelta(hours=2))
"""How long before an appointment its reminders are sent."""


class MailPurpose(StrEnum):
    """Why a message is sent."""

    APPOINTMENT_BOOKED = "appointment-booked"
    APPOINTMENT_MOVED = "appointment-moved"
    APPOINTMENT_CANCELLED = "appointment-cancelled"
    APPOINTMENT_REMINDER = "appointment-reminder"
    WORKSHOP_PLACE = "workshop-place"
    WORKSHOP_CHANGED = "workshop-changed"
    WORKSHOP_SESSION_CANCELLED = "workshop-session-cancelled"
    WORKSHOP_CANCELLED = "workshop-cancelled"
    WORKSHOP_LEFT = "workshop-left"
    """The person gave up their place themselves."""
    WORKSHOP_REMINDER = "workshop-reminder"
    WAITLIST_CHANGED = "waitlist-changed"
    WAITLIST_CANCELLED = "waitlist-cancelled"
    WORKSHOP_OFFER = "workshop-offer"
    """A free place is kept for the person, who waited for it, until they answer."""
    WORKSHOP_OFFER_ENDED = "workshop-offer-ended"
    EARLIER_OFFER = "earlier-offer"
    """A time is free before the person's appointment: they asked for it, and have to answer."""
    EARLIER_TAKEN = "earlier-taken"
    """Another person was faster: the appointment stays."""
    EARLIER_EXPIRED = "earlier-expired"
    EARLIER_LAST = "earlier-last"
    """The last offer is over: the person is no longer on the list."""
    FINALISING_DUE = "finalising-due"
    PLAN_TASKS = "plan-tasks"
    REFERRAL_ANSWERED = "referral-answered"
    BOOKING_TO_CONFIRM = "booking-to-confirm"
    """To a contact that was entered on the public pages: with the link that confirms it."""

    @property
    def in_calendar(self) -> bool:
        """Whether the message changes what the person has in their calendar."""
        match self:
            case (
                MailPurpose.APPOINTMENT_BOOKED
                | MailPurpose.APPOINTMENT_MOVED
                | MailPurpose.APPOINTMENT_CANCELLED
                | MailPurpose.WORKSHOP_PLACE
                | MailPurpose.WORKSHOP_CHANGED
                | MailPurpose.WORKSHOP_SESSION_CANCELLED
                | MailPurpose.WORKSHOP_CANCELLED
                | MailPurpose.WORKSHOP_LEFT
            ):
                return True
            case (
                MailPurpose.APPOINTMENT_REMINDER
                | MailPurpose.WORKSHOP_REMINDER
                | MailPurpose.WAITLIST_CHANGED
                | MailPurpose.WAITLIST_CANCELLED
                | MailPurpose.WORKSHOP_OFFER
                | MailPurpose.WORKSHOP_OFFER_ENDED
                | MailPurpose.EARLIER_OFFER
                | MailPurpose.EARLIER_TAKEN
                | MailPurpose.EARLIER_EXPIRED
                | MailPurpose.EARLIER_LAST
                | MailPurpose.FINALISING_DUE
                | MailPurpose.PLAN_TASKS
                | MailPurpose.REFERRAL_ANSWERED
                | MailPurpose.BOOKING_TO_CONFIRM
            ):
                return False

    @property
    def has_times(self) -> bool:
        """Whether the message is about an appointment or sessions, and says when these are."""
        return self not in (MailPurpose.FINALISING_DUE, MailPurpose.PLAN_TASKS, MailPurpose.REFERRAL_ANSWERED)

    @property
    def asks(self) -> bool:
        """Whether the person has to answer on their page, and the message says until when."""
        return self in (MailPurpose.WORKSHOP_OFFER, MailPurpose.EARLIER_OFFER)

    @property
    def confirms(self) -> bool:
        """Whether the message goes to a contact that nobody has confirmed yet: its link does that."""
        return self is MailPurpose.BOOKING_TO_CONFIRM

    @property
    def cancels(self) -> bool:
        """Whether the person need not come any more."""
        return self in (
            MailPurpose.APPOINTMENT_CANCELLED,
            MailPurpose.WORKSHOP_CANCELLED,
            MailPurpose.WORKSHOP_LEFT,
            MailPurpose.WORKSHOP_SESSION_CANCELLED,
        )


WITHHELD_WORDS = {
    "no-consent": msg("The person no longer consents to messages."),
    "no-address": msg("No e-mail address, and no number on which the person wants text messages."),
    "contact-refused": msg("The contact was refused. Ask for another one."),
    "replaced": msg("It was replaced by a new one, or is not needed any more."),
    "no-centre": msg("The centre is not known here yet."),
}
"""Why a message was not sent, by the code of `NothingToSend`."""

QUIET_FROM, QUIET_TO = time(21), time(7)
"""Between these local times no message is sent that can wait."""
URGENT = timedelta(hours=1)
"""A message can wait until the morning if it is useful for as long after that."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """When a person is expected: an interview, or a session of a workshop. `id` names it in their calendar."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    mode: AppointmentMode = AppointmentMode.IN_PERSON

    def stored(self) -> dict[str, str]:
        """As the column of a message has it."""
        times = {"starts_at": self.starts_at.isoformat(), "ends_at": self.ends_at.isoformat()}
        return {"id": str(self.id), "mode": self.mode.value} | times

    @classmethod
    def of(cls, stored: Mapping[str, str]) -> "Meeting":
        """What `stored` wrote."""
        starts_at, ends_at = (datetime.fromisoformat(stored[name]) for name in ("starts_at", "ends_at"))
        mode = AppointmentMode(stored.get("mode", AppointmentMode.IN_PERSON))  # none: queued by an earlier version
        return cls(UUID(stored["id"]), starts_at, ends_at, mode)


def meeting_at(
    id: UUID, starts_at: datetime, minutes: int, mode: AppointmentMode = AppointmentMode.IN_PERSON
) -> Meeting:
    """A meeting as the events of scheduling have it."""
    return Meeting(id, starts_at, starts_at + timedelta(minutes=minutes), mode)


def next_reminder(starts_at: datetime, after: datetime) -> datetime | None:
    """The first reminder of an appointment that is due later than this. None: there is none left."""
    return min((at for before in REMIND_BEFORE if (at := starts_at - before) > after), default=None)


def send_at(now: datetime, useful_until: datetime, zone: ZoneInfo) -> datetime:
    """When a message is sent: at once, or in the morning if it is night at the centre, and it can wait."""
    local = now.astimezone(zone)
    if QUIET_TO <= local.time() < QUIET_FROM:
        return now
    morning_of = local.date() + timedelta(days=local.time() >= QUIET_FROM)
    morning = datetime.combine(morning_of, QUIET_TO, zone).astimezone(now.tzinfo)
    return morning if morning + URGENT <= useful_until else now


def message_id(about: UUID, purpose: MailPurpose, occasion: object) -> UUID:
    """The id of the message about this on that occasion: the same event has the same, also after a restore."""
    return uuid5(about, f"{purpose}/{occasion}")
