"""What intake says: visits, visitors and their erasure; and what a front desk's own software may say to it."""

from enum import StrEnum
from typing import Annotated

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
from services.contracts.topics import DESK_CHECK_INS, VISITORS, VISITS


class Channel(StrEnum):
    """How the visitor reached the centre."""

    DESK = "desk"
    KIOSK = "kiosk"
    PHONE = "phone"
    ONLINE = "online"


class VisitStatus(StrEnum):
    """Where a visit stands."""

    WAITING = "waiting"
    CALLED = "called"
    BEING_SERVED = "being_served"
    SERVED = "served"
    LEFT = "left"
    NO_QUEUE = "no_queue"

    @property
    def in_the_room(self) -> bool:
        """Whether the visitor is there, and the visit goes on."""
        match self:
            case VisitStatus.WAITING | VisitStatus.CALLED | VisitStatus.BEING_SERVED:
                return True
            case VisitStatus.SERVED | VisitStatus.LEFT | VisitStatus.NO_QUEUE:
                return False


IN_THE_ROOM = tuple(status.value for status in VisitStatus if status.in_the_room)
"""For queries: the states of a visit whose visitor is there."""


ChannelCode = Annotated[Channel, private(Privacy.OPERATIONAL)]
Status = Annotated[VisitStatus, private(Privacy.OPERATIONAL)]
Ticket = Annotated[str, private(Privacy.OPERATIONAL, pattern=r"^[A-Z]-?[0-9]{1,5}$")]
"""What is called out in the waiting room, for example `S-012`. Distinct per centre and day."""


class DeskCheckIn(Event, type="cefo.desk.check-in.v1", topic=DESK_CHECK_INS, about="visit_id"):
    """A front desk's own software says that somebody arrived. `queue` false: passing through, no ticket."""

    visit_id: PersonalReference
    centre: CentreCode
    area: AreaCode | None = None
    channel: ChannelCode = Channel.DESK
    at: At
    queue: Flag = True


class VisitCheckedIn(Event, type="cefo.intake.visit-checked-in.v1", topic=VISITS, about="visit_id"):
    """Somebody came in. Anonymous: `subject_ref` only when the person had agreed to be known before."""

    visit_id: PersonalReference
    centre: CentreCode
    area: AreaCode | None
    channel: ChannelCode
    at: At
    status: Status
    ticket: Ticket | None
    subject_ref: SubjectRef | None = None


class VisitRecorded(Event, type="cefo.intake.visit-recorded.v1", topic=VISITS, about="visit_id"):
    """A visit of the past, whole, taken over from an older system. It never waited here."""

    visit_id: PersonalReference
    centre: CentreCode
    area: AreaCode | None
    channel: ChannelCode
    at: At
    status: Status
    called_at: At | None = None
    served_at: At | None = None
    ended_at: At | None = None


class VisitCalled(Event, type="cefo.intake.visit-called.v1", topic=VISITS, about="visit_id"):
    """The visitor was called to a desk."""

    visit_id: PersonalReference
    centre: CentreCode
    at: At
    desk: StaffCode


class VisitBeingServed(Event, type="cefo.intake.visit-being-served.v1", topic=VISITS, about="visit_id"):
    """The visitor sat down: service began."""

    visit_id: PersonalReference
    centre: CentreCode
    at: At


class VisitServed(Event, type="cefo.intake.visit-served.v1", topic=VISITS, about="visit_id"):
    """The visit ended well."""

    visit_id: PersonalReference
    centre: CentreCode
    at: At


class VisitLeft(Event, type="cefo.intake.visit-left.v1", topic=VISITS, about="visit_id"):
    """The visitor went away before being served."""

    visit_id: PersonalReference
    centre: CentreCode
    at: At


class VisitIdentified(Event, type="cefo.intake.visit-identified.v1", topic=VISITS, about="visit_id"):
    """The person agreed to be known: the visit now belongs to `subject_ref`."""

    visit_id: PersonalReference
    centre: CentreCode
    at: At
    subject_ref: SubjectRef


class VisitorRegistered(Event, type="cefo.intake.visitor-registered.v1", topic=VISITORS, about="subject_ref"):
    """A person agreed to be known, for the purposes they named, until the retention date."""

    subject_ref: SubjectRef
    centre: CentreCode
    at: At
    purposes: tuple[Code, ...]
    language: Code
    retain_until: At


class VisitorConsentWithdrawn(
    Event, type="cefo.intake.visitor-consent-withdrawn.v1", topic=VISITORS, about="subject_ref"
):
    """The person no longer agrees to these purposes."""

    subject_ref: SubjectRef
    at: At
    purposes: tuple[Code, ...]


class SubjectErased(Event, type="cefo.intake.subject-erased.v1", topic=VISITORS, about="subject_ref"):
    """The person is gone from intake; every service purges what it holds under this reference and says so."""

    subject_ref: SubjectRef
    at: At
