"""The words of a plan: its numbers, lists of codes and what they are called."""

from enum import StrEnum

from services.chassis.refusals import msg
from services.contracts.plans import Dimension

INTERVIEWS_NEEDED = 2
"""Individual service: 2 to 4 interviews; a plan is not confirmed before the second."""

DEFAULT_AREAS = ("choose-path", "select-training", "find-job", "create-business")
"""The areas of a centre of which directory has told nothing yet."""

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
"""Why a person is sent to a provider: the codes of an action's reason."""


class Moment(StrEnum):
    """When a reflection was made: the method asks for it in, between and after sessions."""

    IN = "in-session"
    BETWEEN = "between-sessions"
    AFTER = "after-sessions"


class Responsible(StrEnum):
    """Who takes an action in hand."""

    VISITOR = "visitor"
    COUNSELLOR = "counsellor"
    PROVIDER = "provider"


class Stage(StrEnum):
    """How far a plan is, as lists are filtered: being worked on, complete but not confirmed, confirmed, not carried on.

    The last is a plan whose path was closed before it was confirmed; it can be written in, and confirmed, all the same.
    """

    OPEN = "open"
    READY = "ready"
    CONFIRMED = "confirmed"
    STOPPED = "stopped"


class Requirement(StrEnum):
    """What has to be there before a plan is confirmed."""

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
    Dimension.INFORMATION: msg("What I found out"),
}
