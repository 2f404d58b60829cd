"""What plans says: the plan's life, never its words. An assessment, a reflection or a goal travels as a bare fact."""

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
    """The six things a career plan is based on (collective approach of the guidance offer)."""

    SKILLS = "skills"
    MOTIVATION = "motivation"
    VALUES = "values"
    INTERESTS = "interests"
    OBSTACLES = "obstacles"
    INFORMATION = "information"
    """The results of steps taken in search of information."""


class ActionStatus(StrEnum):
    """How far an action of the plan is."""

    PLANNED = "planned"
    IN_PROGRESS = "in-progress"
    DONE = "done"
    DROPPED = "dropped"


DimensionCode = Annotated[Dimension, private(Privacy.OPERATIONAL)]
ActionStatusCode = Annotated[ActionStatus, private(Privacy.OPERATIONAL)]


class PlanOpened(Event, type="cefo.plans.plan-opened.v1", topic=PLANS, about="plan_id"):
    """The first guidance session of a path took place, so there is a plan."""

    plan_id: PersonalReference
    path_id: PersonalReference
    subject_ref: SubjectRef
    centre: CentreCode
    method: MethodCode
    at: At


class AssessmentRecorded(Event, type="cefo.plans.assessment-recorded.v1", topic=PLANS, about="plan_id"):
    """Something was written along one of the six dimensions."""

    plan_id: PersonalReference
    centre: CentreCode
    dimension: DimensionCode
    at: At


class InformationStepPlanned(Event, type="cefo.plans.information-step-planned.v1", topic=PLANS, about="plan_id"):
    """The person will look something up, visit or ask, between two sessions."""

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
    """A reflection was written, in, between or after sessions."""

    plan_id: PersonalReference
    centre: CentreCode
    at: At


class GoalSet(Event, type="cefo.plans.goal-set.v1", topic=PLANS, about="plan_id"):
    """The plan has a goal more."""

    plan_id: PersonalReference
    goal_id: PersonalReference
    centre: CentreCode
    at: At


class ActionTrackOpened(Event, type="cefo.plans.action-track-opened.v1", topic=PLANS, about="plan_id"):
    """An action track towards a goal, in one of the areas."""

    plan_id: PersonalReference
    track_id: PersonalReference
    centre: CentreCode
    area: AreaCode | None
    at: At


class ActionPlanned(Event, type="cefo.plans.action-planned.v1", topic=PLANS, about="plan_id"):
    """An action of a track. `needs_provider`: directory opens a referral, towards `service_id` when one was chosen."""

    plan_id: PersonalReference
    track_id: PersonalReference
    action_id: PersonalReference
    subject_ref: SubjectRef
    centre: CentreCode
    area: AreaCode | None
    needs_provider: Flag
    service_id: Reference | None = None
    reason: Code | None = None
    at: At


class ActionProgressed(Event, type="cefo.plans.action-progressed.v1", topic=PLANS, about="plan_id"):
    """An action moved on."""

    plan_id: PersonalReference
    action_id: PersonalReference
    centre: CentreCode
    status: ActionStatusCode
    at: At


class PlanConfirmed(Event, type="cefo.plans.plan-confirmed.v1", topic=PLANS, about="plan_id"):
    """The method's rule held and the plan was confirmed. Counts, no words."""

    plan_id: PersonalReference
    path_id: PersonalReference
    subject_ref: SubjectRef
    centre: CentreCode
    method: MethodCode
    goals: Number
    action_tracks: Number
    at: At


class PlansPurged(Event, type="cefo.plans.subject-purged.v1", topic=PLANS, about="subject_ref"):
    """Plans holds nothing more under this reference."""

    subject_ref: SubjectRef
    at: At
