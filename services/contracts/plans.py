"""The events of plans. They never contain a plan's text: of an assessment, reflection or goal only that it exists."""

from enum import StrEnum
from typing import Annotated

from services.contracts.envelope import (
    AreaCode,
    At,
    CentreCode,
    Code,
    Event,
    Flag,
    Number,
    PersonalReference,
    Privacy,
    Reference,
    SubjectRef,
    private,
)
from services.contracts.scheduling import MethodCode
from services.contracts.topics import PLANS


class Dimension(StrEnum):
    """The six dimensions of a career plan (collective approach of the guidance offer)."""

    SKILLS = "skills"
    MOTIVATION = "motivation"
    VALUES = "values"
    INTERESTS = "interests"
    OBSTACLES = "obstacles"
    INFORMATION = "information"
    """The results of information steps."""


class ActionStatus(StrEnum):
    """The state of an action of the plan."""

    PLANNED = "planned"
    IN_PROGRESS = "in-progress"
    DONE = "done"
    DROPPED = "dropped"


DimensionCode = Annotated[Dimension, private(Privacy.OPERATIONAL)]
ActionStatusCode = Annotated[ActionStatus, private(Privacy.OPERATIONAL)]


class PlanOpened(Event, type="cefo.plans.plan-opened.v1", topic=PLANS, about="plan_id"):
    """The first guidance session of a path took place, which opened its plan."""

    plan_id: PersonalReference
    path_id: PersonalReference
    subject_ref: SubjectRef
    centre: CentreCode
    method: MethodCode
    at: At


class AssessmentRecorded(Event, type="cefo.plans.assessment-recorded.v1", topic=PLANS, about="plan_id"):
    """An assessment of one of the six dimensions was written."""

    plan_id: PersonalReference
    centre: CentreCode
    dimension: DimensionCode
    at: At


class InformationStepPlanned(Event, type="cefo.plans.information-step-planned.v1", topic=PLANS, about="plan_id"):
    """An information step between two sessions was planned: research, a visit or a question."""

    plan_id: PersonalReference
    step_id: PersonalReference
    centre: CentreCode
    at: At


class InformationStepConcluded(Event, type="cefo.plans.information-step-concluded.v1", topic=PLANS, about="plan_id"):
    """An information step has its result."""

    plan_id: PersonalReference
    step_id: PersonalReference
    centre: CentreCode
    at: At


class ReflectionAdded(Event, type="cefo.plans.reflection-added.v1", topic=PLANS, about="plan_id"):
    """A reflection was written, during, between or after sessions."""

    plan_id: PersonalReference
    centre: CentreCode
    at: At


class GoalSet(Event, type="cefo.plans.goal-set.v1", topic=PLANS, about="plan_id"):
    """A goal was added to the plan."""

    plan_id: PersonalReference
    goal_id: PersonalReference
    centre: CentreCode
    at: At


class ActionTrackOpened(Event, type="cefo.plans.action-track-opened.v1", topic=PLANS, about="plan_id"):
    """An action track towards a goal was opened, in one of the areas."""

    plan_id: PersonalReference
    track_id: PersonalReference
    centre: CentreCode
    area: AreaCode | None
    at: At


class ActionPlanned(Event, type="cefo.plans.action-planned.v1", topic=PLANS, about="plan_id"):
    """An action of a track was planned. `needs_provider`: directory opens a referral, to `service_id` if set.

    `planned_by`: the role in which it was written, `visitor` or `counsellor`. None: an earlier version.
    """

    plan_id: PersonalReference
    track_id: PersonalReference
    action_id: PersonalReference
    subject_ref: SubjectRef
    centre: CentreCode
    area: AreaCode | None
    needs_provider: Flag
    service_id: Reference | None = None
    reason: Code | None = None
    planned_by: Code | None = None
    at: At


class ActionProgressed(Event, type="cefo.plans.action-progressed.v1", topic=PLANS, about="plan_id"):
    """An action changed state."""

    plan_id: PersonalReference
    action_id: PersonalReference
    centre: CentreCode
    status: ActionStatusCode
    at: At


class PlanConfirmed(Event, type="cefo.plans.plan-confirmed.v1", topic=PLANS, about="plan_id"):
    """The plan met its method's rule and was confirmed. Contains counts, no text."""

    plan_id: PersonalReference
    path_id: PersonalReference
    subject_ref: SubjectRef
    centre: CentreCode
    method: MethodCode
    goals: Number
    action_tracks: Number
    at: At


class PlansPurged(Event, type="cefo.plans.subject-purged.v1", topic=PLANS, about="subject_ref"):
    """Plans has erased all data under this reference; `found`: it had some. None: an earlier version."""

    subject_ref: SubjectRef
    at: At
    found: Flag | None = None
