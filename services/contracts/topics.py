"""Every topic of the platform: its name, who emits on it, and whether it is compacted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """A Kafka topic. `name` is what Kafka calls it."""

    name: str
    owner: str
    """The service that emits on it, or `desk`: a front desk's own software."""
    compacted: bool = False
    """Its last event of a key is the whole state of that key."""

    @property
    def source(self) -> str:
        """The CloudEvents `source` of what its owner emits. A front desk's software names itself instead."""
        return f"/{self.owner}"

    @property
    def dead_letters(self) -> str:
        """The name of the topic that takes what could not be processed from this one."""
        return f"{self.name}.dead-letters"


TOPICS: dict[str, Topic] = {}
"""Every topic that has an event type, by name."""

DESK_CHECK_INS = Topic("cefo.desk.check-ins", "desk")
"""Ingress: a front desk's own software emits check-ins here directly."""

VISITS = Topic("cefo.intake.visits", "intake")
VISITORS = Topic("cefo.intake.visitors", "intake")

INTERVIEWS = Topic("cefo.scheduling.interviews", "scheduling")
WORKSHOPS = Topic("cefo.scheduling.workshops", "scheduling")

PLANS = Topic("cefo.plans.plans", "plans")

ACCOUNTS = Topic("cefo.directory.accounts", "directory", compacted=True)
CENTRES = Topic("cefo.directory.centres", "directory", compacted=True)
PROVIDERS = Topic("cefo.directory.providers", "directory", compacted=True)
REFERRALS = Topic("cefo.directory.referrals", "directory")
"""For the platform's own services."""
REFERRAL_EVENTS = Topic("cefo.directory.referral-events", "directory")
"""For partners: no reference to a person."""
