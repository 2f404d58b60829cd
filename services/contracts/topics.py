"""Every topic of the platform: its name, who emits on it, and whether it is compacted."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

DESK = "desk"
"""The owner of what comes in from outside: front desks' own software, and a region's gateway."""

_DEAD_LETTERS = "dead-letters"
_CENTRE = re.compile(rf"(?!{_DEAD_LETTERS}$)[a-z][a-z-]+")


@dataclass(frozen=True, slots=True)
class Topic:
    """A Kafka topic. `name` is what Kafka calls it."""

    name: str
    owner: str
    """The service that emits on it, or `DESK`."""
    compacted: bool = False
    """Its last event of a key is the whole state of that key."""
    per_centre: bool = False
    """There is also a topic for each centre, `NAME.CENTRE`, to which only software of that centre may write."""
    days: int | None = None
    """Age at which an event is removed, in days, unless `CEFO_TOPIC_DAYS` is less. None: as that setting says."""
    read_at_start: bool = False
    """Services read it whole by themselves, without a consumer group and without the inbox."""
    for_partners: bool = False
    """A partner's Kafka account may read it: docs/partners.md."""

    @property
    def source(self) -> str:
        """The CloudEvents `source` of what its owner emits. A front desk's software names itself instead."""
        return f"/{self.owner}"

    @property
    def dead_letters(self) -> str:
        """The name of the topic that takes what could not be processed from this one, or from a centre's."""
        return f"{self.name}.{_DEAD_LETTERS}"

    @property
    def pattern(self) -> str:
        """A regular expression for its name and those of its centres' topics."""
        return re.escape(self.name) + (rf"(?:\.{_CENTRE.pattern})?" if self.per_centre else "")

    def names(self, centres: Iterable[str]) -> list[str]:
        """Its name, and those of these centres' topics. No centre can be called `dead-letters`."""
        own = [f"{self.name}.{centre}" for centre in centres if self.per_centre and _CENTRE.fullmatch(centre)]
        return [self.name, *own]

    def centre_of(self, name: str) -> str | None:
        """The centre whose topic has this name; None for the topic that is not of one centre."""
        return name.removeprefix(f"{self.name}.") if name != self.name else None

    def accepts_source(self, source: str, name: str) -> bool:
        """Whether an event of this source may be on this topic; `name`: on which of the topics it is.

        Software of a centre is `/desks/CENTRE` or below. A gateway chooses its name: any but that of a service.
        """
        if self.owner != DESK:
            return source == self.source
        if (centre := self.centre_of(name)) is not None:
            return f"{source}/".startswith(f"/desks/{centre}/")
        return all(source != topic.source for topic in TOPICS.values() if topic.owner != DESK)


TOPICS: dict[str, Topic] = {}
"""Every topic that has an event type, by name."""


def topic_named(name: str) -> Topic:
    """The topic with this name, or the one of whose centres it is. Raises `KeyError`."""
    if (found := TOPICS.get(name)) is not None:
        return found
    family, _, centre = name.rpartition(".")
    found = TOPICS[family]
    if not (found.per_centre and _CENTRE.fullmatch(centre)):
        raise KeyError(name)
    return found


DESK_CHECK_INS = Topic("cefo.desk.check-ins", DESK, per_centre=True, days=7)
"""Ingress: a front desk's own software emits check-ins on its centre's topic, a region's gateway on the shared one."""

VISITS = Topic("cefo.intake.visits", "intake")
VISITORS = Topic("cefo.intake.visitors", "intake")
ERASED = Topic("cefo.intake.erased", "intake", compacted=True, read_at_start=True)
"""The suppression list: who was erased. A record without a value ends an entry."""

INTERVIEWS = Topic("cefo.scheduling.interviews", "scheduling")
WORKSHOPS = Topic("cefo.scheduling.workshops", "scheduling")

PLANS = Topic("cefo.plans.plans", "plans")

ACCOUNTS = Topic("cefo.directory.accounts", "directory", compacted=True)
CENTRES = Topic("cefo.directory.centres", "directory", compacted=True, for_partners=True)
PROVIDERS = Topic("cefo.directory.providers", "directory", compacted=True, for_partners=True)
REFERRALS = Topic("cefo.directory.referrals", "directory")
"""For the platform's own services."""
REFERRAL_EVENTS = Topic("cefo.directory.referral-events", "directory", for_partners=True)
"""For partners: no reference to a person."""
