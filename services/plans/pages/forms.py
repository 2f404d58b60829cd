"""What people type: read strictly, answered kindly. What is wrong stands at its field, and nothing typed is lost."""

from datetime import date
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import Field, ValidationError
from starlette.requests import Request

from services.chassis.errors import NotAllowed, NotFound, Refused, Unavailable
from services.chassis.web import Body, faults_of
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


Form = TypeVar("Form", bound=Body)
Errors = dict[str, str]


async def read_form(request: Request, form: type[Form]) -> tuple[Form | None, dict[str, str], Errors]:
    """The form, what was typed, and what is wrong with it (then the form is None). An empty field counts as missing."""
    given = (await request.form()).items()
    # Browsers send line ends as CR LF, whatever was typed.
    typed = {name: value.replace("\r\n", "\n") for name, value in given if isinstance(value, str)}
    try:
        return form.model_validate({name: value for name, value in typed.items() if value.strip()}), typed, {}
    except ValidationError as error:
        return None, typed, {fault["field"]: fault["message"] for fault in faults_of(error)}


def errors_of(refused: Refused) -> Errors:
    """A refusal at its field. Raises it again when the page cannot be shown to this person at all."""
    if isinstance(refused, NotAllowed | NotFound | Unavailable):
        raise refused
    return {fault["field"]: fault["message"] for fault in faults_of(refused)}
