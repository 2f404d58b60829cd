"""What people type into a plan."""

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
    """Along a dimension; empty takes it out."""

    text: str = Field("", max_length=4000)
    version: Seen = None


class StepForm(Body):
    """Something to find out."""

    what: Line
    whom: str = Field("", max_length=200)
    planned_on: date | None = None


class ResultForm(Body):
    """What a step brought."""

    result: Words
    version: Seen = None


class ReflectionForm(Body):
    """A thought."""

    moment: Moment
    text: Words


class GoalForm(Body):
    """Where to get."""

    goal: Line


class TrackForm(Body):
    """A way towards a goal."""

    goal_id: UUID
    title: Line
    area: str | None = Field(None, max_length=40)


class ActionForm(Body):
    """Something to do on a track."""

    title: Line
    responsible: Responsible
    due_on: date | None = None
    needs_provider: bool = False
    service_id: UUID | None = None
    reason: str | None = Field(None, max_length=40)


class StatusForm(Body):
    """How far an action is."""

    status: ActionStatus
    version: Seen = None


class ConfirmForm(Body):
    """The plan as it was seen when it was confirmed."""

    version: Seen = None
