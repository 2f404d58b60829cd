"""Plans' JSON API. Counsellors see the plans of their centre; visitors their own."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from services.chassis.identity.people import Person
from services.chassis.storage.store import Work
from services.chassis.web import Once, Reading, Router, Running, Working, allow
from services.contracts.plans import Dimension
from services.contracts.roles import Role
from services.contracts.scheduling import Method
from services.contracts.text import Key
from services.contracts.values import Whole
from services.plans import actions
from services.plans.api.export import PlanExport, export_of
from services.plans.api.shapes import (
    ActionIn,
    ActionOut,
    AssessmentIn,
    AssessmentOut,
    Change,
    GoalIn,
    GoalOut,
    PlanLine,
    PlanOut,
    ReflectionIn,
    ReflectionOut,
    ResultIn,
    RevisionOut,
    StatusIn,
    StepIn,
    StepOut,
    TrackIn,
    TrackOut,
    action_out,
)
from services.plans.domain import Stage
from services.plans.store import Plan, plans_of_centre, referrals_of_action, revisions_of, sheet, standings

router = Router("/plans/api/v1", tags=["plans"])

Counsellor = Annotated[Person, allow(Role.COUNSELLOR)]
Writer = Annotated[Person, allow(Role.COUNSELLOR, Role.VISITOR)]
Limit = Annotated[int, Whole(1, 200)]


@router.get("/plans")
async def list_plans(
    *,
    read: Reading,
    person: Counsellor,
    centre: Key,
    stage: Stage | None = None,
    method: Method | None = None,
    after: UUID | None = None,
    limit: Limit = 50,
) -> list[PlanLine]:
    """The centre's plans, the last opened first; `after`: the id of the last plan of the page before."""
    person.at(centre)
    plans = await plans_of_centre(read, centre, stage=stage, method=method, after=after, limit=limit)
    progress = await standings(read, plans)
    return [PlanLine.of(plan, progress[plan.id]) for plan in plans]


@router.get("/plans/{id}")
async def get_plan(id: UUID, read: Reading, person: Writer) -> PlanOut:
    """One plan, whole; its `requirements` list what the method requires before it is confirmed."""
    plan = actions.accessible(await read.get(Plan, id), person)
    return PlanOut.of_sheet(await sheet(read, plan))


@router.get("/plans/{id}/log")
async def get_log(
    id: UUID, read: Reading, person: Writer, before: Annotated[int, Whole(1)] | None = None, limit: Limit = 50
) -> list[RevisionOut]:
    """The plan's changes, the last first; `before`: the id of the last row of the page before."""
    actions.accessible(await read.get(Plan, id), person)
    return [RevisionOut.of(row) for row in await revisions_of(read, id, before=before, limit=limit)]


@router.get("/plans/{id}/export")
async def export_plan(id: UUID, read: Reading, person: Writer, running: Running, response: Response) -> PlanExport:
    """The whole plan as one document of the documented format `cefo-career-plan/1`."""
    plan = actions.accessible(await read.get(Plan, id), person)
    response.headers["Content-Disposition"] = 'attachment; filename="career-plan.json"'
    return export_of(await sheet(read, plan), running.clock())


@router.put("/plans/{id}/assessment/{dimension}")
async def put_assessment(
    id: UUID, dimension: Dimension, body: AssessmentIn, work: Working, person: Writer
) -> AssessmentOut:
    """Write the text of one of the six dimensions."""
    entry = await actions.write_assessment(work, id, person, dimension=dimension, text=body.text, version=body.version)
    return AssessmentOut.model_validate(entry, from_attributes=True)


@router.post("/plans/{id}/information-steps", status_code=201)
async def post_step(id: UUID, body: StepIn, work: Working, person: Writer, once: Once) -> StepOut:
    """Plan an information step."""
    step = await actions.plan_information_step(
        work, id, person, what=body.what, whom=body.whom, planned_on=body.planned_on, version=body.version, id=once
    )
    return StepOut.model_validate(step, from_attributes=True)


@router.put("/plans/{id}/information-steps/{step_id}/result")
async def put_result(id: UUID, step_id: UUID, body: ResultIn, work: Working, person: Writer) -> StepOut:
    """Write or correct the result of a step."""
    step = await actions.conclude_information_step(
        work, id, person, step_id=step_id, result=body.result, version=body.version
    )
    return StepOut.model_validate(step, from_attributes=True)


@router.post("/plans/{id}/reflections", status_code=201)
async def post_reflection(id: UUID, body: ReflectionIn, work: Working, person: Writer, once: Once) -> ReflectionOut:
    """Add a reflection."""
    added = await actions.add_reflection(
        work, id, person, moment=body.moment, text=body.text, version=body.version, id=once
    )
    return ReflectionOut.model_validate(added, from_attributes=True)


@router.post("/plans/{id}/goals", status_code=201)
async def post_goal(id: UUID, body: GoalIn, work: Working, person: Writer, once: Once) -> GoalOut:
    """Set a goal."""
    goal = await actions.set_goal(work, id, person, body.text, version=body.version, id=once)
    return GoalOut(**goal.model_dump(), tracks=[])


@router.post("/plans/{id}/tracks", status_code=201)
async def post_track(id: UUID, body: TrackIn, work: Working, person: Writer, once: Once) -> TrackOut:
    """Open an action track towards a goal."""
    track = await actions.open_track(
        work, id, person, goal_id=body.goal_id, title=body.title, area=body.area, version=body.version, id=once
    )
    return TrackOut(**track.model_dump(), actions=[])


@router.post("/plans/{id}/actions", status_code=201)
async def post_action(id: UUID, body: ActionIn, work: Working, person: Writer, once: Once) -> ActionOut:
    """Plan an action on a track. Only a counsellor plans one that needs a provider; directory then opens a referral."""
    new = actions.NewAction(**body.model_dump(exclude={"track_id", "version"}))
    action = await actions.plan_action(work, id, person, track_id=body.track_id, new=new, version=body.version, id=once)
    return action_out(action, [])


@router.put("/plans/{id}/actions/{action_id}/status")
async def put_status(id: UUID, action_id: UUID, body: StatusIn, work: Working, person: Writer) -> ActionOut:
    """Set an action's status, also after the plan was confirmed."""
    action = await actions.progress_action(
        work, id, person, action_id=action_id, status=body.status, version=body.version
    )
    return action_out(action, list(await referrals_of_action(work.session, action_id)))


@router.post("/plans/{id}/confirm")
async def confirm_plan(id: UUID, body: Change, work: Working, person: Counsellor) -> PlanOut:
    """Confirm the plan, if it meets every requirement of its method."""
    plan = await actions.confirm(work, id, person, version=body.version)
    return await _whole(work, plan)


async def _whole(work: Work, plan: Plan) -> PlanOut:
    await work.session.flush()
    return PlanOut.of_sheet(await sheet(work.session, plan))
