"""The constants, codes and labels of a plan."""

from enum import StrEnum

from services.chassis.refusals import msg
from services.contracts.areas import AREAS
from services.contracts.plans import Dimension

INTERVIEWS_NEEDED = 2
"""Individual service: 2 to 4 interviews; a plan is not confirmed before the second."""

DEFAULT_AREAS = AREAS
"""The areas of a centre for which no `CentrePublished` has arrived yet."""

REASONS = (
    "training",
    "skills-recognition",
    "language-course",
    "job-search",
    "business-start",
    "work-experience",
    "social-support",
    "other",
)
"""Codes of the reason for which an action needs a provider."""


class Moment(StrEnum):
    """When a reflection was made: the method requires them in, between and after sessions."""

    IN = "in-session"
    BETWEEN = "between-sessions"
    AFTER = "after-sessions"


class Responsible(StrEnum):
    """Who is responsible for an action."""

    VISITOR = "visitor"
    COUNSELLOR = "counsellor"
    PROVIDER = "provider"


class Stage(StrEnum):
    """The filter of plan lists: not confirmed, complete but not confirmed, confirmed, stopped.

    A stopped plan is one whose path was closed before the confirmation; it can still be changed and confirmed.
    """

    OPEN = "open"
    READY = "ready"
    CONFIRMED = "confirmed"
    STOPPED = "stopped"


class Requirement(StrEnum):
    """The requirements for the confirmation of a plan."""

    INTERVIEWS = "interviews"
    WORKSHOP = "workshop"
    FINALISING = "finalising"
    DIMENSIONS = "dimensions"
    GOAL = "goal"
    TRACK = "track"


DIMENSION_LABELS = {
    Dimension.SKILLS: msg("Skills"),
    Dimension.MOTIVATION: msg("Motivation"),
    Dimension.VALUES: msg("Values"),
    Dimension.INTERESTS: msg("Interests"),
    Dimension.OBSTACLES: msg("Possible obstacles"),
    Dimension.INFORMATION: msg("Information found"),
}
