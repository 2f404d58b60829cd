"""What every event has in common: its type, topic, key, and a privacy class on each field.

An event class declares itself in its header line::

    class VisitCalled(Event, type="cefo.intake.visit-called.v1", topic=VISITS, about="visit_id"): ...

`about` names the field that holds the aggregate's id: the CloudEvents `subject` and the Kafka key.
Within a version fields are only added, always with a default; readers ignore fields they do not know.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from services.contracts.text import Text
from services.contracts.topics import TOPICS, Topic
from services.contracts.values import Shape, Written


class Privacy(StrEnum):
    """How much a field reveals about a person.

    Names, contacts, birth dates and free text have no class: events never contain them. The one exception is the name
    under which staff are known to each other.
    """

    PUBLIC = "public"
    """Anyone may read it: codes, opening hours, published names of organisations."""
    OPERATIONAL = "operational"
    """About no person: times, tickets, ids of rooms and sessions."""
    PSEUDONYMOUS = "pseudonymous"
    """A random reference, or an id that identifies a person together with the mapping: personal data
    (EDPB guidelines 01/2025)."""
    STAFF = "staff"
    """The display name of a member of staff. On the topic of accounts only."""


def private(level: Privacy, **constraints: Any) -> FieldInfo:
    """Field metadata carrying the privacy class into the JSON Schema as `x-privacy`."""
    return Field(json_schema_extra={"x-privacy": level.value}, **constraints)


EVENTS: dict[str, type["Event"]] = {}
"""Every event type by its CloudEvents `type`."""


class Event(BaseModel):
    """An event, published to other services and to partners."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    topic: ClassVar[Topic]
    about: ClassVar[str]

    def __init_subclass__(cls, *, type: str = "", topic: Topic | None = None, about: str = "") -> None:
        super().__init_subclass__()
        if not type:
            return
        if topic is None or not about:
            raise TypeError(f"{cls.__name__}: an event type declares its topic, and the field it is about")
        if type in EVENTS:
            raise TypeError(f"event type {type!r} is declared by {EVENTS[type].__name__} and by {cls.__name__}")
        if (declared := TOPICS.setdefault(topic.name, topic)) != topic:
            raise TypeError(f"{cls.__name__} declares {topic}, which another event type declares as {declared}")
        cls.type, cls.topic, cls.about = type, topic, about
        EVENTS[type] = cls

    @property
    def key(self) -> str:
        """The id of the aggregate this event is about: Kafka key and CloudEvents `subject`."""
        return str(getattr(self, self.about))


CentreCode = Annotated[str, Shape("centre_code", r"^[a-z][a-z-]{1,39}$", 40), private(Privacy.PUBLIC)]
"""A centre's code, for example `la-louviere`."""

AreaCode = Annotated[str, Shape("area_code", r"^[a-z][a-z-]{1,39}$", 40), private(Privacy.PUBLIC)]
"""One of the centre's areas, for example `find-job`."""

Code = Annotated[str, Shape("code", r"^[a-z0-9][a-z0-9-]{0,39}$", 40), private(Privacy.PUBLIC)]
"""A code from a published list, for example a reason."""

PublicText = Annotated[str, Text(200, published=True), private(Privacy.PUBLIC)]
"""A published name of an organisation, a service or a room, never of a person."""

StaffCode = Annotated[str, Shape("staff_code", r"^[a-z0-9][a-z0-9.-]{0,59}$", 60), private(Privacy.OPERATIONAL)]
"""A counsellor, desk or room as its centre calls it: a code, never a name."""

At = Annotated[datetime, Written(), private(Privacy.OPERATIONAL)]
"""A time with its zone."""

Reference = Annotated[UUID, private(Privacy.OPERATIONAL)]
"""The id of a workshop, session or service; not related to a person."""

PersonalReference = Annotated[UUID, private(Privacy.PSEUDONYMOUS)]
"""The id of a visit, interview, path, plan or referral; related to one person."""

SubjectRef = Annotated[UUID, private(Privacy.PSEUDONYMOUS)]
"""The random reference of a person outside intake. Does not identify the person by itself."""

Number = Annotated[int, private(Privacy.OPERATIONAL, strict=True, ge=0)]
"""A count, a duration in minutes or an ordinal, as the field says."""

Flag = Annotated[bool, private(Privacy.OPERATIONAL, strict=True)]
"""Yes or no, about the event, not about a person."""
