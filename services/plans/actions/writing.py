"""The texts of a plan: assessment, information steps with their results, reflections."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.plans import (
    AssessmentRecorded,
    Dimension,
    InformationStepConcluded,
    InformationStepPlanned,
    ReflectionAdded,
)
from services.plans.actions.access import (
    authorship,
    log_change,
    open_plan_of,
    plan_to_extend,
    role_in,
    set_authorship,
)
from services.plans.domain import Moment, check_planned
from services.plans.store import Assessment, InformationStep, Reflection


async def write_assessment(
    work: Work, plan_id: UUID, person: Person, *, dimension: Dimension, text: str, version: int | None = None
) -> Assessment:
    """Writes the text of a dimension; an empty text deletes it. `version`: the dimension's version, 0 if it is empty.

    The same text again changes nothing. Raises `PlanIsConfirmed`, `Stale`.
    """
    plan = await open_plan_of(work, plan_id, person)
    known = await work.session.get(Assessment, (plan.id, dimension.value))
    check_version(known, version)
    old = known.text if known else ""
    if known is not None and old == text:
        return known
    if known is None:
        new = Assessment(plan_id=plan.id, dimension=dimension, text=text, **authorship(work, plan, person))
        known = work.add(new)
    else:
        known.text = text
        set_authorship(work, known, plan, person)
    log_change(work, plan, person, "assessment", dimension, old=old or None, new=text or None)
    work.emit(plan, AssessmentRecorded(plan_id=plan.id, centre=plan.centre, dimension=dimension, at=work.now))
    return known


async def plan_information_step(
    work: Work,
    plan_id: UUID,
    person: Person,
    *,
    what: str,
    whom: str = "",
    planned_on: date | None = None,
    version: int | None = None,
    id: UUID | None = None,
) -> InformationStep:
    """Adds an information step. `version`: the plan's version.

    Raises `PlanIsConfirmed`, `Stale`, `DueInPast`, `DueTooFarAhead`.

    `id`, here and in all additions to a plan: the same for a request that is sent again, which then adds nothing.
    Raises `AlreadyDifferent` if it added something else.
    """
    id = id or uuid4()
    sent: dict[str, Any] = {"what": what, "whom": whom, "planned_on": planned_on}
    plan, known = await plan_to_extend(work, plan_id, person, version, InformationStep, id, **sent)
    if known is not None:
        return known
    check_planned(planned_on, work.now.astimezone(BRUSSELS).date())
    step = work.add(InformationStep(id=id, plan_id=plan.id, **sent, **authorship(work, plan, person)))
    log_change(work, plan, person, "information-step", str(step.id), new=what)
    event = InformationStepPlanned(plan_id=plan.id, step_id=step.id, centre=plan.centre, at=work.now)
    work.emit(plan, event)
    return step


async def conclude_information_step(
    work: Work, plan_id: UUID, person: Person, *, step_id: UUID, result: str, version: int | None = None
) -> InformationStep:
    """Writes or corrects a step's result; the change log keeps the old one. `version`: the step's version.

    Emits `InformationStepConcluded` for the first result only. Raises `NotFound`, `PlanIsConfirmed`, `Stale`.
    """
    plan = await open_plan_of(work, plan_id, person)
    step = await work.session.get(InformationStep, step_id)
    if step is None or step.plan_id != plan.id:
        raise NotFound(what=msg("step"))
    check_version(step, version)
    old = step.result
    if old == result:
        return step
    set_authorship(work, step, plan, person)
    step.result, step.result_at, step.result_by_role = result, work.now, role_in(plan, person).value
    log_change(work, plan, person, "information-result", str(step.id), old=old, new=result)
    if old is None:
        event = InformationStepConcluded(plan_id=plan.id, step_id=step.id, centre=plan.centre, at=work.now)
        work.emit(plan, event)
    return step


async def add_reflection(
    work: Work,
    plan_id: UUID,
    person: Person,
    *,
    moment: Moment,
    text: str,
    version: int | None = None,
    id: UUID | None = None,
) -> Reflection:
    """Adds a reflection made in, between or after sessions. `version`: the plan's version."""
    id = id or uuid4()
    sent: dict[str, Any] = {"moment": moment.value, "text": text}
    plan, known = await plan_to_extend(work, plan_id, person, version, Reflection, id, **sent)
    if known is not None:
        return known
    reflection = work.add(Reflection(id=id, plan_id=plan.id, **sent, **authorship(work, plan, person)))
    log_change(work, plan, person, "reflection", str(reflection.id), new=text)
    work.emit(plan, ReflectionAdded(plan_id=plan.id, centre=plan.centre, at=work.now))
    return reflection
