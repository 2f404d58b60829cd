"""Request and response bodies. The export's are in `export.py`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.chassis.web import Body, explain
from services.contracts.directory import ReferralStatus
from services.contracts.plans import ActionStatus, Dimension
from services.contracts.scheduling import Method
from services.contracts.text import Key, Line, Words
from services.contracts.values import Day, Version, YesNo
from services.plans.domain import Check, Moment, Requirement, Responsible, Standing, checklist
from services.plans.store import Action, ActionTrack, Goal, Plan, Referral, Revision, Sheet


class Change(Body):
    """A change; `version`: the one that you read. The change is refused if it is no longer the current one."""

    version: Version | None = None


class AssessmentIn(Change):
    """The text of a dimension; an empty one deletes it. `version`: the dimension's, 0 if it is empty."""

    text: Words = ""


class StepIn(Change):
    """An information step. `version`, here and below: the plan's, unless stated otherwise."""

    what: Line
    whom: Line = Field("", description="Where, or from whom.")
    planned_on: Day | None = None


class ResultIn(Change):
    """The result of a step. `version`: the step's."""

    result: Words


class ReflectionIn(Change):
    """A reflection made in, between or after sessions."""

    moment: Moment
    text: Words


class GoalIn(Change):
    """A goal of the person."""

    text: Line


class TrackIn(Change):
    """An action track towards a goal, in one of the centre's areas."""

    goal_id: UUID
    title: Line
    area: Key | None = None


class ActionIn(Change):
    """An action. `needs_provider`: directory opens a referral for `reason`, to the chosen service if there is one."""

    track_id: UUID
    title: Line
    responsible: Responsible = Responsible.VISITOR
    due_on: Day | None = None
    needs_provider: YesNo = False
    service_id: UUID | None = None
    reason: Key | None = None


class StatusIn(Change):
    """The status of an action. `version`: the action's."""

    status: ActionStatus


class RequirementOut(BaseModel):
    """One requirement of the method for the confirmation of a plan. `need` null: not known yet."""

    requirement: Requirement
    met: bool
    have: int
    need: int | None
    rule: str | None
    message: str | None

    @classmethod
    def of(cls, check: Check) -> "RequirementOut":
        """A check, with its message in the reader's language."""
        refusal = check.refusal
        return cls(
            requirement=check.requirement,
            met=check.met,
            have=check.have,
            need=check.need,
            rule=refusal.slug if refusal else None,
            message=explain(refusal) if refusal else None,
        )


class PlanLine(BaseModel):
    """A plan in a list: its requirements, without its texts."""

    id: UUID
    version: int
    subject_ref: UUID
    centre: str
    method: Method
    opened_at: datetime
    confirmed_at: datetime | None
    requirements: list[RequirementOut]

    @classmethod
    def of(cls, plan: Plan, standing: Standing) -> "PlanLine":
        """One line of the list."""
        return cls(**_head(plan), requirements=[RequirementOut.of(check) for check in checklist(standing)])


class WrittenOut(BaseModel):
    """When it was last written, in which role, and its version."""

    version: int
    at: datetime
    by_role: str


class AssessmentOut(WrittenOut):
    """The text of a dimension."""

    dimension: Dimension
    text: str


class StepOut(WrittenOut):
    """An information step, with its result once there is one."""

    id: UUID
    what: str
    whom: str
    planned_on: Day | None
    result: str | None
    result_at: datetime | None
    result_by_role: str | None


class ReflectionOut(WrittenOut):
    """A reflection."""

    id: UUID
    moment: Moment
    text: str


class ReferralOut(BaseModel):
    """The state of a referral of an action."""

    id: UUID
    organization_id: UUID
    service_id: UUID
    status: ReferralStatus
    reason: str | None
    requested_at: datetime
    status_at: datetime


class ActionOut(WrittenOut):
    """An action, and its referrals."""

    id: UUID
    track_id: UUID
    title: str
    responsible: Responsible
    due_on: Day | None
    needs_provider: YesNo
    reason: str | None
    service_id: UUID | None
    service_name: str | None
    provider_name: str | None
    status: ActionStatus
    status_at: datetime
    referrals: list[ReferralOut]


class TrackOut(WrittenOut):
    """An action track with its actions."""

    id: UUID
    goal_id: UUID
    title: str
    area: str | None
    actions: list[ActionOut]


class GoalOut(WrittenOut):
    """A goal with its tracks."""

    id: UUID
    text: str
    tracks: list[TrackOut]


class PlanOut(PlanLine):
    """A plan, whole."""

    path_id: UUID
    finalising_due_at: datetime | None
    assessment: list[AssessmentOut]
    information_steps: list[StepOut]
    reflections: list[ReflectionOut]
    goals: list[GoalOut]

    @classmethod
    def of_sheet(cls, sheet: Sheet) -> "PlanOut":
        """The whole plan."""
        return cls(
            **_head(sheet.plan),
            requirements=[RequirementOut.of(check) for check in checklist(sheet.standing)],
            path_id=sheet.plan.path_id,
            finalising_due_at=sheet.finalising_due_at,
            assessment=[AssessmentOut.model_validate(one, from_attributes=True) for one in assessments_of(sheet)],
            information_steps=[StepOut.model_validate(one, from_attributes=True) for one in sheet.steps],
            reflections=[ReflectionOut.model_validate(one, from_attributes=True) for one in sheet.reflections],
            goals=[goal_out(sheet, goal) for goal in sheet.goals],
        )


class RevisionOut(BaseModel):
    """One change: old and new value, time and role. `id` is the cursor of the log."""

    id: int
    at: datetime
    by_role: str
    by_account: str
    what: str
    item: str
    old: str | None
    new: str | None

    @classmethod
    def of(cls, revision: Revision) -> "RevisionOut":
        """One row of the log."""
        return cls.model_validate(revision, from_attributes=True)


def assessments_of(sheet: Sheet) -> list[Any]:
    """The assessments with text, in the order of the six dimensions."""
    return [sheet.assessments[one] for one in Dimension if one in sheet.assessments and sheet.assessments[one].text]


def goal_out(sheet: Sheet, goal: Goal) -> GoalOut:
    """A goal with everything below it."""
    return GoalOut(**goal.model_dump(), tracks=[_track_out(sheet, track) for track in sheet.tracks.get(goal.id, [])])


def _track_out(sheet: Sheet, track: ActionTrack) -> TrackOut:
    planned = [action_out(action, sheet.referrals.get(action.id, [])) for action in sheet.actions.get(track.id, [])]
    return TrackOut(**track.model_dump(), actions=planned)


def action_out(action: Action, referrals: list[Referral]) -> ActionOut:
    """An action with its referrals."""
    sent = [ReferralOut.model_validate(referral, from_attributes=True) for referral in referrals]
    return ActionOut(**action.model_dump(), referrals=sent)


def _head(plan: Plan) -> dict[str, Any]:
    return plan.model_dump(include={"id", "version", "subject_ref", "centre", "method", "opened_at", "confirmed_at"})
