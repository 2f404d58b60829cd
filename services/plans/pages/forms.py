"""The forms of a plan."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.chassis.web import Body
from services.contracts.plans import ActionStatus
from services.plans.domain import Moment, Responsible

Words = Annotated[str, Field(min_length=1, max_length=4000)]
Line = Annotated[str, Field(min_length=1, max_length=200)]
Seen = Annotated[int | None, Field(ge=0)]


class AssessmentForm(Body):
    """The text of a dimension; an empty one deletes it."""

    text: str = Field("", max_length=4000)
    version: Seen = None


class StepForm(Body):
    """An information step."""

    what: Line
    whom: str = Field("", max_length=200)
    planned_on: date | None = None


class ResultForm(Body):
    """The result of a step."""

    result: Words
    version: Seen = None


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
    area: str | None = Field(None, max_length=40)


class ActionForm(Body):
    """An action on a track."""

    title: Line
    responsible: Responsible
    due_on: date | None = None
    needs_provider: bool = False
    service_id: UUID | None = None
    reason: str | None = Field(None, max_length=40)


class StatusForm(Body):
    """The status of an action."""

    status: ActionStatus
    version: Seen = None


class ConfirmForm(Body):
    """The confirmation; `version`: the plan's version on the page."""

    version: Seen = None
