"""Queries: the standing of plans, one whole plan, its change log, services and areas."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.contracts.plans import Dimension
from services.contracts.scheduling import Method
from services.plans.domain import DEFAULT_AREAS, Standing
from services.plans.store.copies import Centre, ProviderService, Referral
from services.plans.store.paths import Attendance, HeldInterview, Path, Workshop
from services.plans.store.plans import (
    Action,
    ActionTrack,
    Assessment,
    Goal,
    InformationStep,
    Plan,
    Reflection,
    Revision,
)

Ids = Iterable[UUID]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One whole plan, as it is shown and exported."""

    plan: Plan
    standing: Standing
    centre_name: str
    areas: tuple[str, ...]
    first_session_at: datetime
    finalising_due_at: datetime | None
    assessments: dict[str, Assessment]
    steps: Sequence[InformationStep]
    reflections: Sequence[Reflection]
    goals: Sequence[Goal]
    tracks: dict[UUID, list[ActionTrack]]
    """By goal."""
    actions: dict[UUID, list[Action]]
    """By track."""
    referrals: dict[UUID, list[Referral]]
    """By action."""


async def sheet(session: AsyncSession, plan: Plan) -> Sheet:
    """Everything about one plan."""
    path = await session.get(Path, plan.path_id)
    centre = await session.get(Centre, plan.centre)
    tracks: dict[UUID, list[ActionTrack]] = defaultdict(list)
    actions: dict[UUID, list[Action]] = defaultdict(list)
    referrals: dict[UUID, list[Referral]] = defaultdict(list)
    for track in await _of(session, ActionTrack, plan.id):
        tracks[track.goal_id].append(track)
    for action in await _of(session, Action, plan.id):
        actions[action.track_id].append(action)
    chosen = sa.select(Referral).where(col(Referral.plan_id) == plan.id).order_by(col(Referral.requested_at))
    for referral in await session.scalars(chosen):
        if referral.action_id is not None:
            referrals[referral.action_id].append(referral)
    return Sheet(
        plan=plan,
        standing=(await standings(session, [plan]))[plan.id],
        centre_name=centre.name if centre else plan.centre,
        areas=tuple(centre.areas) if centre else DEFAULT_AREAS,
        first_session_at=plan.opened_at,
        finalising_due_at=path.finalising_due_at if path else None,
        assessments={one.dimension: one for one in await _of(session, Assessment, plan.id)},
        steps=await _of(session, InformationStep, plan.id),
        reflections=await _of(session, Reflection, plan.id),
        goals=await _of(session, Goal, plan.id),
        tracks=tracks,
        actions=actions,
        referrals=referrals,
    )


async def standings(session: AsyncSession, plans: Sequence[Plan]) -> dict[UUID, Standing]:
    """The standing of these plans, by plan id; the number of queries does not depend on the number of plans."""
    ids, path_ids = [plan.id for plan in plans], [plan.path_id for plan in plans]
    held = await _counts(session, HeldInterview, col(HeldInterview.path_id), path_ids)
    goals = await _counts(session, Goal, col(Goal.plan_id), ids)
    tracks = await _counts(session, ActionTrack, col(ActionTrack.plan_id), ids)
    sessions = await _sessions(session, [plan.path_id for plan in plans if plan.method == Method.COLLECTIVE])
    written = await _written(session, ids)
    return {
        plan.id: Standing(
            method=Method(plan.method),
            interviews_held=held.get(plan.path_id, 0),
            sessions_recorded=sessions[plan.path_id].recorded if plan.path_id in sessions else 0,
            sessions_total=sessions[plan.path_id].total if plan.path_id in sessions else None,
            workshop_finished=plan.path_id in sessions and sessions[plan.path_id].finished,
            written=frozenset(written[plan.id]),
            goals=goals.get(plan.id, 0),
            tracks=tracks.get(plan.id, 0),
        )
        for plan in plans
    }


@dataclass(slots=True)
class _Sessions:
    recorded: int
    total: int | None
    finished: bool


async def _sessions(session: AsyncSession, path_ids: Ids) -> dict[UUID, _Sessions]:
    """The workshop sessions of collective paths: only those of the workshop in which the person has the seat."""
    of_seat = sa.or_(col(Path.workshop_id).is_(None), col(Attendance.workshop_id) == col(Path.workshop_id))
    rows = await session.execute(
        sa.select(Path, Workshop, Attendance)
        .outerjoin(Workshop, col(Workshop.id) == col(Path.workshop_id))
        .outerjoin(Attendance, sa.and_(col(Attendance.path_id) == col(Path.id), of_seat))
        .where(col(Path.id).in_(list(path_ids)))
    )
    found: dict[UUID, _Sessions] = {}
    for row in rows:
        path, workshop, attendance = cast("tuple[Path, Workshop | None, Attendance | None]", row)
        due = path.finalising_due_at is not None
        one = found.setdefault(path.id, _Sessions(0, workshop.sessions if workshop else None, due))
        if attendance is not None:
            one.recorded += 1
            one.finished = one.finished or attendance.final
    return found


async def _written(session: AsyncSession, plan_ids: Ids) -> dict[UUID, set[Dimension]]:
    """The dimensions with a text, by plan id; a step's result counts as information."""
    ids = list(plan_ids)
    written: dict[UUID, set[Dimension]] = defaultdict(set)
    texts = sa.select(col(Assessment.plan_id), col(Assessment.dimension)).where(
        col(Assessment.plan_id).in_(ids), col(Assessment.text) != ""
    )
    for plan_id, dimension in await session.execute(texts):
        written[plan_id].add(Dimension(dimension))
    results = sa.select(col(InformationStep.plan_id)).where(
        col(InformationStep.plan_id).in_(ids), col(InformationStep.result).is_not(None)
    )
    for plan_id in await session.scalars(results.distinct()):
        written[plan_id].add(Dimension.INFORMATION)
    return written


async def _counts(session: AsyncSession, table: Any, of: Any, ids: Ids) -> dict[UUID, int]:
    chosen = sa.select(of, sa.func.count()).select_from(table).where(of.in_(list(ids))).group_by(of)
    return {row[0]: row[1] for row in await session.execute(chosen)}


async def _of(session: AsyncSession, table: Any, plan_id: UUID) -> Sequence[Any]:
    chosen = sa.select(table).where(table.plan_id == plan_id)
    return (await session.scalars(chosen.order_by(table.at, *table.__table__.primary_key))).all()


async def revisions_of(
    session: AsyncSession, plan_id: UUID, *, before: int | None = None, limit: int = 50
) -> Sequence[Revision]:
    """The plan's change log, the last change first."""
    chosen = sa.select(Revision).where(col(Revision.plan_id) == plan_id)
    if before is not None:
        chosen = chosen.where(col(Revision.id) < before)
    return (await session.scalars(chosen.order_by(col(Revision.id).desc()).limit(limit))).all()


async def referrals_of_action(session: AsyncSession, action_id: UUID) -> Sequence[Referral]:
    """The referrals of an action, the first sent first."""
    chosen = sa.select(Referral).where(col(Referral.action_id) == action_id)
    return (await session.scalars(chosen.order_by(col(Referral.requested_at)))).all()


async def areas_of(session: AsyncSession, centre: str) -> tuple[str, ...]:
    """The areas of a centre; the default ones until `CentrePublished` arrives."""
    known = await session.get(Centre, centre)
    return tuple(known.areas) if known and known.areas else DEFAULT_AREAS


async def active_services(session: AsyncSession, area: str | None, limit: int = 200) -> Sequence[ProviderService]:
    """Active services: first those of this area, then the others.

    Each group is ordered by the names of provider and service: none is ranked up.
    """
    chosen = sa.select(ProviderService).where(col(ProviderService.status) == "active")
    names = (col(ProviderService.organization_name), col(ProviderService.name), col(ProviderService.id))
    fits = sa.cast(col(ProviderService.areas), sa.Text).contains(f'"{area}"', autoescape=True)
    return (await session.scalars(chosen.order_by(sa.case((fits, 0), else_=1), *names).limit(limit))).all()
