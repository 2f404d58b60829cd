"""Goals, action tracks towards them, actions on a track, and the plan's confirmation."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from services.chassis.copies.centres import check_area
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.plans import (
    ActionPlanned,
    ActionProgressed,
    ActionStatus,
    ActionTrackOpened,
    GoalSet,
    PlanConfirmed,
)
from services.contracts.roles import Role
from services.contracts.scheduling import Method
from services.plans.actions.access import (
    authorship,
    log_change,
    open_plan_of,
    plan_of,
    plan_to_extend,
    role_in,
    set_authorship,
)
from services.plans.domain import (
    Responsible,
    ServiceNotOffered,
    check_complete,
    check_due,
    check_referral,
)
from services.plans.store import Action, ActionTrack, Goal, Plan, ProviderService, areas_of, standings


@dataclass(frozen=True, slots=True)
class NewAction:
    """The fields of a new action. `needs_provider`: the centre refers the person to a provider, for `reason`."""

    title: str
    responsible: Responsible = Responsible.VISITOR
    due_on: date | None = None
    needs_provider: bool = False
    service_id: UUID | None = None
    reason: str | None = None


async def set_goal(
    work: Work, plan_id: UUID, person: Person, text: str, version: int | None = None, id: UUID | None = None
) -> Goal:
    """Adds a goal. Raises `PlanIsConfirmed`, `Stale`.

    Here and below, `version` is the plan's, as the caller read it; `id`: as in `writing`.
    """
    id = id or uuid4()
    plan, known = await plan_to_extend(work, plan_id, person, version, Goal, id, text=text)
    if known is not None:
        return known
    goal = work.add(Goal(id=id, plan_id=plan.id, text=text, **authorship(work, plan, person)))
    log_change(work, plan, person, "goal", str(goal.id), new=text)
    work.emit(plan, GoalSet(plan_id=plan.id, goal_id=goal.id, centre=plan.centre, at=work.now))
    return goal


async def open_track(
    work: Work,
    plan_id: UUID,
    person: Person,
    *,
    goal_id: UUID,
    title: str,
    area: str | None,
    version: int | None = None,
    id: UUID | None = None,
) -> ActionTrack:
    """Adds an action track towards a goal, in one of the centre's areas. Raises `AreaNotServed` too."""
    id = id or uuid4()
    sent: dict[str, Any] = {"goal_id": goal_id, "title": title, "area": area}
    plan, known = await plan_to_extend(work, plan_id, person, version, ActionTrack, id, **sent)
    if known is not None:
        return known
    await _part_of_plan(work, plan, Goal, goal_id, msg("goal"))
    check_area(area, plan.centre, await areas_of(work.session, plan.centre))
    track = work.add(ActionTrack(id=id, plan_id=plan.id, **sent, **authorship(work, plan, person)))
    log_change(work, plan, person, "track", str(track.id), new=title)
    event = ActionTrackOpened(plan_id=plan.id, track_id=track.id, centre=plan.centre, area=area, at=work.now)
    work.emit(plan, event)
    return track


async def plan_action(
    work: Work,
    plan_id: UUID,
    person: Person,
    *,
    track_id: UUID,
    new: NewAction,
    version: int | None = None,
    id: UUID | None = None,
) -> Action:
    """Adds an action to a track. If it needs a provider, directory opens a referral.

    Also raises `DueInPast`, `OnlyCounsellorRefers`, `UnknownReason`, `ServiceWithoutNeed`, `ServiceNotOffered`.
    """
    id = id or uuid4()
    sent: dict[str, Any] = {
        "track_id": track_id,
        "title": new.title,
        "responsible": new.responsible.value,
        "due_on": new.due_on,
    }
    plan, known = await plan_to_extend(work, plan_id, person, version, Action, id, **sent)
    if known is not None:
        return known
    track = await _part_of_plan(work, plan, ActionTrack, track_id, msg("way to the goal"))
    check_due(new.due_on, work.now.astimezone(BRUSSELS).date())
    check_referral(
        new.needs_provider,
        new.reason,
        new.service_id,
        by_counsellor=role_in(plan, person) is Role.COUNSELLOR,
    )
    service = await _active_service(work, new.service_id)
    action = work.add(
        Action(
            id=id,
            plan_id=plan.id,
            **sent,
            needs_provider=new.needs_provider,
            reason=new.reason if new.needs_provider else None,
            service_id=service.id if service else None,
            service_name=service.name if service else None,
            provider_name=service.organization_name if service else None,
            status=ActionStatus.PLANNED,
            status_at=work.now,
            **authorship(work, plan, person),
        )
    )
    log_change(work, plan, person, "action", str(action.id), new=action.title)
    work.emit(plan, _planned(plan, track, action))
    return action


def _planned(plan: Plan, track: ActionTrack, action: Action) -> ActionPlanned:
    return ActionPlanned(
        plan_id=plan.id,
        track_id=track.id,
        action_id=action.id,
        subject_ref=plan.subject_ref,
        centre=plan.centre,
        area=track.area,
        needs_provider=action.needs_provider,
        service_id=action.service_id,
        reason=action.reason,
        planned_by=action.by_role,
        at=action.status_at,
    )


async def progress_action(
    work: Work, plan_id: UUID, person: Person, *, action_id: UUID, status: ActionStatus, version: int | None = None
) -> Action:
    """Sets an action's status, also after the confirmation. Setting the same status again changes nothing.

    `version`: the action's version that the caller read.
    """
    plan = await plan_of(work, plan_id, person)
    action = await _part_of_plan(work, plan, Action, action_id, msg("action"))
    check_version(action, version)
    if action.status == status:
        return action
    old = action.status
    set_authorship(work, action, plan, person)
    action.status, action.status_at = status, work.now
    log_change(work, plan, person, "action-status", str(action.id), old=old, new=status)
    work.emit(
        plan,
        ActionProgressed(plan_id=plan.id, action_id=action.id, centre=plan.centre, status=status, at=work.now),
    )
    return action


async def confirm(work: Work, plan_id: UUID, person: Person, version: int | None = None) -> Plan:
    """Confirms the plan. Raises `PlanIsConfirmed`, `Stale`, or the refusal of the first requirement not met."""
    plan = await open_plan_of(work, plan_id, person, version)
    standing = (await standings(work.session, [plan]))[plan.id]
    check_complete(standing)
    plan.confirmed_at, plan.confirmed_by = work.now, person.subject
    log_change(work, plan, person, "confirmed", str(plan.id), new=work.now.isoformat())
    work.emit(
        plan,
        PlanConfirmed(
            plan_id=plan.id,
            path_id=plan.path_id,
            subject_ref=plan.subject_ref,
            centre=plan.centre,
            method=Method(plan.method),
            goals=standing.goals,
            action_tracks=standing.tracks,
            at=work.now,
        ),
    )
    return plan


async def _part_of_plan(work: Work, plan: Plan, table: type[Any], id: UUID, what: str) -> Any:
    """A goal, track or action of this plan. Raises `NotFound`."""
    part = await work.session.get(table, id)
    if part is None or part.plan_id != plan.id:
        raise NotFound(what=what)
    return part


async def _active_service(work: Work, service_id: UUID | None) -> ProviderService | None:
    """The service, if it is active. Raises `ServiceNotOffered`."""
    if service_id is None:
        return None
    service = await work.session.get(ProviderService, service_id)
    if service is None or service.status != "active":
        raise ServiceNotOffered(service=service.name if service else str(service_id))
    return service
