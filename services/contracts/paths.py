"""The events of scheduling about paths that go on."""

from services.contracts.envelope import At, CentreCode, Code, Event, PersonalReference, SubjectRef
from services.contracts.scheduling import MethodCode
from services.contracts.topics import INTERVIEWS


class PathReopened(Event, type="cefo.scheduling.path-reopened.v1", topic=INTERVIEWS, about="path_id"):
    """A path that was given up goes on, for a reason. Interviews can be booked on it again."""

    path_id: PersonalReference
    subject_ref: SubjectRef
    centre: CentreCode
    method: MethodCode
    reason: Code
    at: At
