"""A first interview that a visitor books on the public pages: what their browser carries between the two services.

Scheduling holds a time, intake confirms the contact, scheduling books. Each signs what it hands over. Intake also emits
that a held time waits for a confirmation, so that scheduling keeps it.
"""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.contracts.envelope import At, CentreCode, Event, PersonalReference
from services.contracts.topics import VISITORS

CENTRES_PATH = "/scheduling/book"
"""Scheduling's list of the centres at which visitors can book."""
REQUEST_PATH = "/intake/book"
"""Intake's page that takes name and contact. Its `time` is a signed `HeldTime`."""
CONFIRMED_PATH = "/scheduling/confirmed"
"""Where intake sends the browser with a signed `ConfirmedPerson`, behind it: a POST without any field."""

CHOOSER_COOKIE = "chooser"
"""The cookie by which a browser holds one time. Intake deletes it once that time waits for a confirmation, so that the
next one at a shared computer does not free it."""

HELD_TIME = "held-time"
CONFIRMED_PERSON = "confirmed-person"
"""For what each is signed: neither is accepted as the other."""


def choose_path(centre: str) -> str:
    """Scheduling's page of the free times of a centre."""
    return f"/scheduling/centres/{centre}/book"


class HeldTime(BaseModel):
    """A time that scheduling holds for a browser. It says nothing about anybody."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hold_id: UUID
    centre: str
    area: str
    starts_at: AwareDatetime
    minutes: int
    language: str | None = None
    """The language of the interview that was asked for. None: any."""
    held_until: AwareDatetime
    """Until then the request can be made; from then on the hold lasts as long as the request waits."""


class ConfirmedPerson(BaseModel):
    """A person whose contact was confirmed, and the time that they asked for. Scheduling accepts it once.

    It suffices by itself: the events about the person may arrive later.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    """Under it scheduling keeps that it was used."""
    held: HeldTime
    subject_ref: UUID
    registered_at_centre: str
    registered_at: AwareDatetime
    correlation_id: UUID
    purposes: tuple[str, ...]
    """To which the person consents."""
    expires_at: AwareDatetime
    continues_at: str | None = None
    """Intake's page on which a person who was just registered chooses their PIN. None: they were known."""


class BookingRequested(Event, type="cefo.intake.booking-requested.v1", topic=VISITORS, about="hold_id"):
    """A held time waits for the confirmation of a contact. The hold lasts until then, and ends earlier if booked."""

    hold_id: PersonalReference
    """The id of the interview, once it is booked."""
    centre: CentreCode
    at: At
    until: At
