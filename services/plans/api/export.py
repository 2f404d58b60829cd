"""The export for the plan's owner: the whole plan as one self-contained JSON document.

Its shape is versioned by `format`; within a version fields are only added. Times are ISO 8601 with zone, days ISO 8601.
It names roles (`visitor`, `counsellor`), never accounts.
"""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.contracts.plans import ActionStatus, Dimension
from services.contracts.scheduling import Method
from services.plans.domain import Moment, Responsible
from services.plans.store import Action, ActionTrack, Goal, Sheet

FORMAT = "cefo-career-plan/1"


class ExportedText(BaseModel):
    """A text, when it was last written and in which role."""

    text: str
    written_at: datetime
    written_by: str = Field(description="`visitor` or `counsellor`.")


class ExportedAssessment(ExportedText):
    """The text of one of the six dimensions."""

    dimension: Dimension


class ExportedStep(BaseModel):
    """An information step, taken or planned."""

    what: str
    where_or_whom: str
    planned_on: date | None
    result: str | None
    result_at: datetime | None


class ExportedReflection(ExportedText):
    """A reflection in, between or after sessions."""

    moment: Moment


class ExportedReferral(BaseModel):
    """The state of a referral of an action."""

    status: str
    requested_at: datetime
    status_at: datetime


class ExportedAction(BaseModel):
    """An action, its responsible, its due date and its provider."""

    title: str
    responsible: Responsible
    due_on: date | None
    status: ActionStatus
    provider: str | None
    service: str | None
    referrals: list[ExportedReferral]


class ExportedTrack(BaseModel):
    """An action track; `area` is a code of the centre's areas, for example `find-job`."""

    title: str
    area: str | None
    actions: list[ExportedAction]


class ExportedGoal(BaseModel):
    """A goal with its action tracks."""

    goal: str
    tracks: list[ExportedTrack]


class PlanExport(BaseModel):
    """A career plan, whole, for its owner."""

    format: Literal["cefo-career-plan/1"]
    exported_at: datetime
    plan_id: UUID
    centre: str = Field(description="The name of the centre.")
    method: Method
    opened_at: datetime
    confirmed_at: datetime | None
    assessment: list[ExportedAssessment]
    information_steps: list[ExportedStep]
    reflections: list[ExportedReflection]
    goals: list[ExportedGoal]


def export_of(sheet: Sheet, now: datetime) -> PlanExport:
    """The export of a plan; `now`: when it is exported."""
    return PlanExport(
        format=FORMAT,
        exported_at=now,
        plan_id=sheet.plan.id,
        centre=sheet.centre_name,
        method=Method(sheet.plan.method),
        opened_at=sheet.plan.opened_at,
        confirmed_at=sheet.plan.confirmed_at,
        assessment=[
            ExportedAssessment(dimension=one, text=entry.text, written_at=entry.at, written_by=entry.by_role)
            for one in Dimension
            if (entry := sheet.assessments.get(one)) is not None and entry.text
        ],
        information_steps=[
            ExportedStep(
                what=step.what,
                where_or_whom=step.whom,
                planned_on=step.planned_on,
                result=step.result,
                result_at=step.result_at,
            )
            for step in sheet.steps
        ],
        reflections=[
            ExportedReflection(moment=Moment(one.moment), text=one.text, written_at=one.at, written_by=one.by_role)
            for one in sheet.reflections
        ],
        goals=[_goal(sheet, goal) for goal in sheet.goals],
    )


def _goal(sheet: Sheet, goal: Goal) -> ExportedGoal:
    return ExportedGoal(goal=goal.text, tracks=[_track(sheet, track) for track in sheet.tracks.get(goal.id, [])])


def _track(sheet: Sheet, track: ActionTrack) -> ExportedTrack:
    planned = [_action(sheet, action) for action in sheet.actions.get(track.id, [])]
    return ExportedTrack(title=track.title, area=track.area, actions=planned)


def _action(sheet: Sheet, action: Action) -> ExportedAction:
    return ExportedAction(
        title=action.title,
        responsible=Responsible(action.responsible),
        due_on=action.due_on,
        status=ActionStatus(action.status),
        provider=action.provider_name,
        service=action.service_name,
        referrals=[
            ExportedReferral(status=one.status, requested_at=one.requested_at, status_at=one.status_at)
            for one in sheet.referrals.get(action.id, [])
        ],
    )
