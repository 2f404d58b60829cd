"""The events of intake: visits, visitors and their erasure; and the check-in that a front desk's own software emits."""

from collections.abc import Mapping
from datetime import time, timedelta
from enum import StrEnum
from typing import Annotated, Any, cast

from pydantic import AfterValidator, model_validator
from pydantic_core import PydanticKnownError

from services.contracts.arrivals import AREAS_MAX, ActivityCode, InterpreterLanguage, KeptInterpreterLanguage
from services.contracts.envelope import (
    AreaCode,
    At,
    CentreCode,
    Code,
    Event,
    Flag,
    PersonalReference,
    Privacy,
    StaffCode,
    SubjectRef,
    private,
)
from services.contracts.text import without_blanks
from services.contracts.topics import DESK_CHECK_INS, ERASED, VISITORS, VISITS
from services.contracts.values import Shape, YesNo


class Channel(StrEnum):
    """How the visitor reached the centre."""

    DESK = "desk"
    KIOSK = "kiosk"
    PHONE = "phone"
    ONLINE = "online"


class VisitStatus(StrEnum):
    """The state of a visit."""

    WAITING = "waiting"
    CALLED = "called"
    BEING_SERVED = "being_served"
    SERVED = "served"
    LEFT = "left"
    NO_QUEUE = "no_queue"

    @property
    def in_the_room(self) -> bool:
        """Whether the visitor is at the centre and the visit has not ended."""
        match self:
            case VisitStatus.WAITING | VisitStatus.CALLED | VisitStatus.BEING_SERVED:
                return True
            case VisitStatus.SERVED | VisitStatus.LEFT | VisitStatus.NO_QUEUE:
                return False

    @property
    def has_ended(self) -> bool:
        """Whether the visitor queued, and the visit has ended."""
        match self:
            case VisitStatus.SERVED | VisitStatus.LEFT:
                return True
            case VisitStatus.WAITING | VisitStatus.CALLED | VisitStatus.BEING_SERVED | VisitStatus.NO_QUEUE:
                return False

    @property
    def was_served(self) -> bool:
        """Whether the visitor was served, and the visit has ended."""
        match self:
            case VisitStatus.SERVED:
                return True
            case (
                VisitStatus.WAITING
                | VisitStatus.CALLED
                | VisitStatus.BEING_SERVED
                | VisitStatus.LEFT
                | VisitStatus.NO_QUEUE
            ):
                return False


IN_THE_ROOM = tuple(status.value for status in VisitStatus if status.in_the_room)
ENDED = tuple(status.value for status in VisitStatus if status.has_ended)
SERVED = tuple(status.value for status in VisitStatus if status.was_served)
"""For queries: the states for which each answer is yes."""

JUST_SEEN = timedelta(minutes=30)
"""How long a visitor who was served is still shown, to be registered or booked, or for the interview to be undone."""

END_OF_DAY = "end-of-day"
"""`closed_by` of a visit or an interview that nobody ended on its day."""
NIGHT = time(3)
"""From this local time on, nothing of the day before is still under way: what nobody ended is closed."""


Answer = Annotated[YesNo, private(Privacy.OPERATIONAL)]
"""Yes or no, as a desk's software writes it and the API takes it."""
ChannelCode = Annotated[Channel, private(Privacy.OPERATIONAL)]
Status = Annotated[VisitStatus, private(Privacy.OPERATIONAL)]
Ticket = Annotated[str, Shape("ticket", r"^[A-Z]-?[0-9]{1,5}$"), private(Privacy.OPERATIONAL)]
"""The number called in the waiting room, for example `S-012`. Unique per centre and day."""


def _bounded(areas: tuple[str, ...]) -> tuple[str, ...]:
    """As many as the API takes. Not in the schema: a version of an event never becomes narrower."""
    if len(areas) > AREAS_MAX:
        counts = {"field_type": "Tuple", "max_length": AREAS_MAX, "actual_length": len(areas)}
        raise PydanticKnownError("too_long", counts)
    return areas


class DeskCheckIn(Event, type="cefo.desk.check-in.v1", topic=DESK_CHECK_INS, about="visit_id"):
    """A front desk's own software checks a visitor in. `queue` false: no ticket, the visitor does not wait.

    Texts are trimmed and an empty field counts as missing, as in the API.
    """

    visit_id: PersonalReference
    centre: CentreCode
    area: AreaCode | None = None
    channel: ChannelCode = Channel.DESK
    at: At
    queue: Answer = True
    other_areas: Annotated[tuple[AreaCode, ...], AfterValidator(_bounded)] = ()
    activity: ActivityCode | None = None
    interpreter_language: InterpreterLanguage | None = None
    recorded_later: Answer = False

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: Any) -> Any:
        return without_blanks(cast(Mapping[Any, Any], given)) if isinstance(given, Mapping) else given


class VisitCheckedIn(Event, type="cefo.intake.visit-checked-in.v1", topic=VISITS, about="visit_id"):
    """A visitor checked in. Anonymous; `subject_ref` only if the person had consented to registration before."""

    visit_id: PersonalReference
    centre: CentreCode
    area: AreaCode | None
    channel: ChannelCode
    at: At
    status: Status
    ticket: Ticket | None
    subject_ref: SubjectRef | None = None
    other_areas: tuple[AreaCode, ...] = ()
    """What the visit is about besides `area`, which is the main one."""
    activity: ActivityCode | None = None
    interpreter_language: KeptInterpreterLanguage | None = None
    """Of who queues: every copy is deleted when the visit ends."""
    recorded_later: Flag = False
    """`at` was entered by hand, afterwards: the visit has no waiting time."""


class VisitAreaCorrected(Event, type="cefo.intake.visit-area-corrected.v1", topic=VISITS, about="visit_id"):
    """The visit's areas were corrected; the ticket stays. Who counts by area moves the visit from one to the other."""

    visit_id: PersonalReference
    centre: CentreCode
    at: At
    checked_in_at: At
    """On whose day the visit counts."""
    area_before: AreaCode | None
    area: AreaCode | None
    other_areas: tuple[AreaCode, ...] = ()


class VisitRecorded(Event, type="cefo.intake.visit-recorded.v1", topic=VISITS, about="visit_id"):
    """A past visit, imported from an older system. It was never in a queue here."""

    visit_id: PersonalReference
    centre: CentreCode
    area: AreaCode | None
    channel: ChannelCode
    at: At
    status: Status
    called_at: At | None = None
    served_at: At | None = None
    ended_at: At | None = None
    other_areas: tuple[AreaCode, ...] = ()
    activity: ActivityCode | None = None


class VisitCalled(Event, type="cefo.intake.visit-called.v1", topic=VISITS, about="visit_id"):
    """The visitor was called to a desk."""

    visit_id: PersonalReference
    centre: CentreCode
    at: At
    desk: StaffCode


class VisitBeingServed(Event, type="cefo.intake.visit-being-served.v1", topic=VISITS, about="visit_id"):
    """Service began."""

    visit_id: PersonalReference
    centre: CentreCode
    at: At


class VisitServed(Event, type="cefo.intake.visit-served.v1", topic=VISITS, about="visit_id"):
    """Service ended. `closed_by`: `end-of-day` if nobody ended the visit on its day; `at` is then its closing."""

    visit_id: PersonalReference
    centre: CentreCode
    at: At
    closed_by: Code | None = None


class VisitLeft(Event, type="cefo.intake.visit-left.v1", topic=VISITS, about="visit_id"):
    """The visitor left before being served. `closed_by`: as in `VisitServed`; such a visit is no departure to count."""

    visit_id: PersonalReference
    centre: CentreCode
    at: At
    closed_by: Code | None = None


class VisitReturned(Event, type="cefo.intake.visit-returned.v1", topic=VISITS, about="visit_id"):
    """The visit is in an earlier state, at its old place.

    An interview was undone, the visitor is no longer on hold, or a departure or an end was recorded by mistake.
    """

    visit_id: PersonalReference
    centre: CentreCode
    at: At
    status: Status


class VisitIdentified(Event, type="cefo.intake.visit-identified.v1", topic=VISITS, about="visit_id"):
    """The person consented to registration: the visit now belongs to `subject_ref`."""

    visit_id: PersonalReference
    centre: CentreCode
    at: At
    subject_ref: SubjectRef


class VisitorRegistered(Event, type="cefo.intake.visitor-registered.v1", topic=VISITORS, about="subject_ref"):
    """A person consented to registration, for these purposes, until the retention date."""

    subject_ref: SubjectRef
    centre: CentreCode
    at: At
    purposes: tuple[Code, ...]
    language: Code
    retain_until: At


class VisitorConsentGiven(Event, type="cefo.intake.visitor-consent-given.v1", topic=VISITORS, about="subject_ref"):
    """A registered person consented to more purposes, or again to some that were withdrawn."""

    subject_ref: SubjectRef
    centre: CentreCode
    """Where the person is registered."""
    at: At
    purposes: tuple[Code, ...]
    in_force: tuple[Code, ...]
    """All purposes to which the person consents after this event."""


class VisitorConsentWithdrawn(
    Event, type="cefo.intake.visitor-consent-withdrawn.v1", topic=VISITORS, about="subject_ref"
):
    """The person withdrew consent for these purposes."""

    subject_ref: SubjectRef
    at: At
    purposes: tuple[Code, ...]
    in_force: tuple[Code, ...] | None = None
    """All purposes to which the person consents after this event. Null in events of older versions."""


class VisitorLinkChanged(Event, type="cefo.intake.visitor-link-changed.v1", topic=VISITORS, about="subject_ref"):
    """Which personal link of the person is the current one. The link's secret and its PIN are in no event."""

    subject_ref: SubjectRef
    at: At
    link_id: PersonalReference | None
    """Every other link is ended. Null: the person has none for now."""
    closed_openings: tuple[PersonalReference, ...] = ()
    """Openings of this link that were closed, until they would have expired."""


class SubjectErased(Event, type="cefo.intake.subject-erased.v1", topic=VISITORS, about="subject_ref"):
    """Intake erased the person; every service erases its data under this reference and confirms by an event."""

    subject_ref: SubjectRef
    at: At


class SubjectSuppressed(Event, type="cefo.intake.subject-suppressed.v1", topic=ERASED, about="subject_ref"):
    """An entry of the suppression list: a service whose restored database has this person erases them at its start."""

    subject_ref: SubjectRef
    at: At
