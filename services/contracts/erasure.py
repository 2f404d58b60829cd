"""Which services confirm the erasure of a person, and by which event."""

from services.contracts.directory import DirectoryPurged
from services.contracts.plans import PlansPurged
from services.contracts.scheduling import SchedulingPurged

Purged = SchedulingPurged | PlansPurged | DirectoryPurged
"""A service's confirmation that it holds nothing under this reference any more."""

CONFIRMATIONS: dict[str, type[Purged]] = {
    event.topic.owner: event for event in (SchedulingPurged, PlansPurged, DirectoryPurged)
}
"""By service. Each reacts to `SubjectErased`; `tests/architecture/test_erasure.py` finds one that is missing here."""
