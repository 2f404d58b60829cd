"""Which services confirm the erasure of a person, and by which event."""

from services.contracts.directory import DirectoryPurged
from services.contracts.envelope import At, Event, Flag, SubjectRef
from services.contracts.plans import PlansPurged
from services.contracts.topics import INTERVIEWS


class SchedulingPurged(Event, type="cefo.scheduling.subject-purged.v1", topic=INTERVIEWS, about="subject_ref"):
    """Scheduling has erased all data under this reference; `found`: it had some. None: an earlier version."""

    subject_ref: SubjectRef
    at: At
    found: Flag | None = None


Purged = SchedulingPurged | PlansPurged | DirectoryPurged
"""A service's confirmation that it holds nothing under this reference any more."""

CONFIRMATIONS: dict[str, type[Purged]] = {
    event.topic.owner: event for event in (SchedulingPurged, PlansPurged, DirectoryPurged)
}
"""By service. Each reacts to `SubjectErased`; `tests/architecture/test_erasure.py` finds one that is missing here."""
