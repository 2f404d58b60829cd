"""The forms of a plan."""

from uuid import UUID

from services.chassis.web import Body
from services.contracts.plans import ActionStatus
from services.contracts.text import Key, Line, Words
from services.contracts.values import Day, Version, YesNo
from services.plans.domain import Moment, Responsible


class AssessmentForm(Body):
    """The text of a dimension; an empty one deletes it."""

    text: Words = ""
    version: Version | None = None


class StepForm(Body):
    """An information step."""

    what: Line
    whom: Line = ""
    planned_on: Day | None = None


class ResultForm(Body):
    """The result of a step."""

    result: Words
    version: Version | None = None


class ReflectionForm(Body):
    """A reflection."""

    moment: Moment
    text: Words


class GoalForm(Body):
    """A goal."""

    goal: Line


class TrackForm(Body):
    """An action track."""

    goal_id: UUID
    title: Line
    area: Key | None = None


class ActionForm(Body):
    """An action on a track."""

    title: Line
    responsible: Responsible
    due_on: Day | None = None
    needs_provider: YesNo = False
    service_id: UUID | None = None
    reason: Key | None = None


class StatusForm(Body):
    """The status of an action."""

    status: ActionStatus
    version: Version | None = None


class ConfirmForm(Body):
    """The confirmation; `version`: the plan's version on the page."""

    version: Version | None = None
