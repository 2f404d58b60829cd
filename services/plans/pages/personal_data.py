"""What plans holds about a person: consent, paths, plans with everything that was ever written in them, referrals."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.centres import centre_names
from services.chassis.copies.purposes import PURPOSE_TITLES
from services.chassis.refusals import msg
from services.chassis.service.personal_data import Held, PersonalData, Shown, rows_where
from services.plans.domain import DIMENSION_LABELS
from services.plans.pages import words
from services.plans.store import (
    Action,
    ActionTrack,
    Alias,
    Assessment,
    Attendance,
    Centre,
    Export,
    Goal,
    HeldInterview,
    InformationStep,
    Path,
    Plan,
    ProviderService,
    Referral,
    Reflection,
    Revision,
    Subject,
    plans_of_subject,
)

_Names = Mapping[str, str]
"""Of centres, by code."""


class HeldSession(Held):
    """Whether the person attended one session of a workshop."""

    of = (Attendance,)

    at: Annotated[datetime, Shown(msg("When"))]
    attended: Annotated[bool, Shown(msg("Present"))]
    final: Annotated[bool, Shown(msg("Last session"))]


class HeldPath(Held):
    """A guidance path, as scheduling announced it."""

    of = (Path, HeldInterview)

    centre: Annotated[str | None, Shown(msg("Centre"))]
    method: Annotated[str | None, Shown(msg("Path"), words.METHODS)]
    opened_at: Annotated[datetime | None, Shown(msg("Begun on"))]
    seated_at: Annotated[datetime | None, Shown(msg("Place in the workshop since"))]
    first_held_at: Annotated[datetime | None, Shown(msg("First interview"))]
    first_attended_at: Annotated[datetime | None, Shown(msg("First workshop session noted on"))]
    finalising_due_at: Annotated[datetime | None, Shown(msg("Final interview possible since"))]
    stopped_at: Annotated[datetime | None, Shown(msg("Stopped on"))]
    reopened_at: Annotated[datetime | None, Shown(msg("Reopened on"))]
    starts_at: Annotated[list[datetime], Shown(msg("Interviews"))]
    sessions: Annotated[list[HeldSession], Shown(msg("Workshop sessions"))]


class HeldText(Held):
    """A text of one of the six themes."""

    of = (Assessment,)

    dimension: Annotated[str, Shown(msg("Theme"), DIMENSION_LABELS)]
    text: Annotated[str, Shown(msg("Text"))]
    at: Annotated[datetime, Shown(msg("Written on"))]
    by_role: Annotated[str, Shown(msg("Written by"), words.AUTHORS)]


class HeldStep(Held):
    """Information to find out, and its result."""

    of = (InformationStep,)

    what: Annotated[str, Shown(msg("What do you want to know?"))]
    whom: Annotated[str, Shown(msg("Where, or from whom?"))]
    planned_on: Annotated[date | None, Shown(msg("By when?"))]
    at: Annotated[datetime, Shown(msg("Written on"))]
    by_role: Annotated[str, Shown(msg("Written by"), words.AUTHORS)]
    result: Annotated[str | None, Shown(msg("The result"))]
    result_at: Annotated[datetime | None, Shown(msg("Result written on"))]
    result_by_role: Annotated[str | None, Shown(msg("Result written by"), words.AUTHORS)]


class HeldNote(Held):
    """A reflection."""

    of = (Reflection,)

    text: Annotated[str, Shown(msg("Text"))]
    moment: Annotated[str, Shown(msg("When did you think of it?"), words.MOMENTS)]
    at: Annotated[datetime, Shown(msg("Written on"))]
    by_role: Annotated[str, Shown(msg("Written by"), words.AUTHORS)]


class HeldAction(Held):
    """An action on the way to a goal."""

    of = (Action,)

    title: Annotated[str, Shown(msg("What needs to be done?"))]
    responsible: Annotated[str, Shown(msg("Who does it?"), words.RESPONSIBLES)]
    due_on: Annotated[date | None, Shown(msg("By when?"))]
    needs_provider: Annotated[bool, Shown(msg("With a provider"))]
    reason: Annotated[str | None, Shown(msg("Reason for the referral"), words.REASON_LABELS)]
    provider_name: Annotated[str | None, Shown(msg("Provider"))]
    service_name: Annotated[str | None, Shown(msg("Service"))]
    status: Annotated[str, Shown(msg("Status"), "ActionStatus")]
    status_at: Annotated[datetime, Shown(msg("Status since"))]
    at: Annotated[datetime, Shown(msg("Written on"))]
    by_role: Annotated[str, Shown(msg("Written by"), words.AUTHORS)]


class HeldTrack(Held):
    """A way to a goal."""

    of = (ActionTrack,)

    title: Annotated[str, Shown(msg("Way"))]
    area: Annotated[str | None, Shown(msg("Need"), "Area")]
    at: Annotated[datetime, Shown(msg("Written on"))]
    by_role: Annotated[str, Shown(msg("Written by"), words.AUTHORS)]
    actions: Annotated[list[HeldAction], Shown(msg("Actions"))]


class HeldGoal(Held):
    """A goal."""

    of = (Goal,)

    text: Annotated[str, Shown(msg("Text"))]
    at: Annotated[datetime, Shown(msg("Written on"))]
    by_role: Annotated[str, Shown(msg("Written by"), words.AUTHORS)]
    tracks: Annotated[list[HeldTrack], Shown(msg("Ways to the goal"))]


class HeldChange(Held):
    """A change of the plan, with the value before and after."""

    of = (Revision,)

    at: Annotated[datetime, Shown(msg("When"))]
    by_role: Annotated[str, Shown(msg("Written by"), words.AUTHORS)]
    what: Annotated[str, Shown(msg("What"), words.CHANGES)]
    item: str
    """The theme's code, or the id of what changed. Not shown: `what` says it."""
    old: Annotated[str | None, Shown(msg("Before"))]
    new: Annotated[str | None, Shown(msg("After"))]


class HeldPlan(Held):
    """A career plan, whole."""

    of = (Plan,)

    centre: Annotated[str, Shown(msg("Centre"))]
    method: Annotated[str, Shown(msg("Path"), words.METHODS)]
    opened_at: Annotated[datetime, Shown(msg("Begun on"))]
    confirmed_at: Annotated[datetime | None, Shown(msg("Confirmed on"))]
    closed_to_centre: Annotated[bool, Shown(msg("Closed to the centre"))]
    texts: Annotated[list[HeldText], Shown(msg("Six themes"))]
    steps: Annotated[list[HeldStep], Shown(msg("Finding out"))]
    goals: Annotated[list[HeldGoal], Shown(msg("Goals"))]
    notes: Annotated[list[HeldNote], Shown(msg("Notes"))]
    changes: Annotated[list[HeldChange], Shown(msg("History"))]


class HeldReferral(Held):
    """A referral, as the directory announced it."""

    of = (Referral,)

    provider: Annotated[str | None, Shown(msg("Provider"))]
    service: Annotated[str | None, Shown(msg("Service"))]
    status: Annotated[str, Shown(msg("Status"), "ReferralStatus")]
    reason: Annotated[str | None, Shown(msg("Reason"), words.DECISIONS)]
    requested_at: Annotated[datetime, Shown(msg("Sent on"))]
    status_at: Annotated[datetime, Shown(msg("Status since"))]


class HeldPlans(Held):
    """All that plans holds about a person. `purposes` null: intake never registered them (imported paths)."""

    of = (Subject,)

    purposes: Annotated[list[str] | None, Shown(msg("Consent to"), PURPOSE_TITLES)]
    plans: Annotated[list[HeldPlan], Shown(msg("Plans"))]
    paths: Annotated[list[HeldPath], Shown(msg("Guidance paths"))]
    referrals: Annotated[list[HeldReferral], Shown(msg("Referrals"))]


async def read_personal_data(session: AsyncSession, subject_ref: UUID) -> HeldPlans | None:
    """All that plans holds about this person."""
    subject = await session.get(Subject, subject_ref)
    if subject is None or subject.erased_at is not None:
        return None
    names = await centre_names(session, Centre)
    paths = await rows_where(session, Path, col(Path.subject_ref) == subject_ref, Path.opened_at, Path.id)
    return HeldPlans(
        purposes=subject.purposes,
        plans=[await _plan(session, plan, names) for plan in await plans_of_subject(session, subject_ref)],
        paths=[await _path(session, path, names) for path in paths],
        referrals=await _referrals(session, subject_ref),
    )


async def _path(session: AsyncSession, path: Path, names: _Names) -> HeldPath:
    held = await rows_where(session, HeldInterview, col(HeldInterview.path_id) == path.id, HeldInterview.starts_at)
    attended = await rows_where(session, Attendance, col(Attendance.path_id) == path.id, Attendance.at, Attendance.id)
    return HeldPath.of_row(
        path,
        centre=names.get(path.centre, path.centre) if path.centre else None,
        starts_at=[one.starts_at for one in held],
        sessions=[HeldSession.of_row(one) for one in attended],
    )


async def _plan(session: AsyncSession, plan: Plan, names: _Names) -> HeldPlan:
    async def written(table: Any) -> Sequence[Any]:
        return await rows_where(session, table, table.plan_id == plan.id, table.at, *table.__table__.primary_key)

    tracks, actions = await written(ActionTrack), await written(Action)
    return HeldPlan.of_row(
        plan,
        centre=names.get(plan.centre, plan.centre),
        texts=[HeldText.of_row(one) for one in await written(Assessment)],
        steps=[HeldStep.of_row(one) for one in await written(InformationStep)],
        goals=[_goal(one, tracks, actions) for one in await written(Goal)],
        notes=[HeldNote.of_row(one) for one in await written(Reflection)],
        changes=[HeldChange.of_row(one) for one in await written(Revision)],
    )


def _goal(goal: Goal, tracks: Sequence[ActionTrack], actions: Sequence[Action]) -> HeldGoal:
    return HeldGoal.of_row(
        goal,
        tracks=[
            HeldTrack.of_row(
                track, actions=[HeldAction.of_row(action) for action in actions if action.track_id == track.id]
            )
            for track in tracks
            if track.goal_id == goal.id
        ],
    )


async def _referrals(session: AsyncSession, subject_ref: UUID) -> list[HeldReferral]:
    found = await rows_where(
        session, Referral, col(Referral.subject_ref) == subject_ref, Referral.requested_at, Referral.id
    )
    wanted = {one.service_id for one in found}
    services = {one.id: one for one in await rows_where(session, ProviderService, col(ProviderService.id).in_(wanted))}
    return [
        HeldReferral.of_row(
            one,
            provider=services[one.service_id].organization_name if one.service_id in services else None,
            service=services[one.service_id].name if one.service_id in services else None,
        )
        for one in found
    ]


PERSONAL_DATA = PersonalData(HeldPlans, read_personal_data, Export, Alias)
