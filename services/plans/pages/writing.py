"""Pages with a larger form: the text of a dimension, the result of a step, an action on a track."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.i18n import by_name
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.web import Once, Reading, Router, Running, allow, apply_form, page, read_form, see_other
from services.contracts.plans import Dimension
from services.contracts.roles import Role
from services.plans import actions
from services.plans.domain import DIMENSION_LABELS
from services.plans.pages import words
from services.plans.pages.forms import ActionForm, AssessmentForm, ResultForm
from services.plans.pages.views import may_be_referred, plan_for, view_of
from services.plans.store import ActionTrack, Assessment, Goal, InformationStep, active_services

router = Router("/plans", pages=True)
Writer = Annotated[Person, allow(Role.COUNSELLOR, Role.VISITOR)]


@router.get("/{id}/assessment/{dimension}")
async def dimension_page(id: UUID, dimension: Dimension, request: Request, read: Reading, person: Writer) -> Response:
    """The form of one dimension, with its guiding questions."""
    return await _dimension(request, read, id, person, dimension)


@router.post("/{id}/assessment/{dimension}")
async def write_dimension(
    id: UUID, dimension: Dimension, request: Request, read: Reading, running: Running, person: Writer
) -> Response:
    """Write the text of a dimension."""
    filled, typed, errors = await read_form(request, AssessmentForm)
    if filled is not None:
        _kept, errors = await apply_form(
            request,
            running,
            lambda work: actions.write_assessment(
                work, id, person, dimension=dimension, text=filled.text, version=filled.version
            ),
        )
    if not errors:
        return see_other(request, f"/plans/{id}#dimensions", done=_("Your text is saved."))
    return await _dimension(request, read, id, person, dimension, errors=errors, typed=typed)


@router.get("/{id}/information-steps/{step_id}")
async def result_page(id: UUID, step_id: UUID, request: Request, read: Reading, person: Writer) -> Response:
    """The form of a step's result."""
    return await _result(request, read, id, person, step_id)


@router.post("/{id}/information-steps/{step_id}")
async def write_result(
    id: UUID, step_id: UUID, request: Request, read: Reading, running: Running, person: Writer
) -> Response:
    """Write the result of a step."""
    filled, typed, errors = await read_form(request, ResultForm)
    if filled is not None:
        _kept, errors = await apply_form(
            request,
            running,
            lambda work: actions.conclude_information_step(
                work, id, person, step_id=step_id, result=filled.result, version=filled.version
            ),
        )
    if not errors:
        return see_other(request, f"/plans/{id}#steps", done=_("The result is saved. It is now in the plan."))
    return await _result(request, read, id, person, step_id, errors=errors, typed=typed)


@router.get("/{id}/tracks/{track_id}/actions")
async def action_page(id: UUID, track_id: UUID, request: Request, read: Reading, person: Writer) -> Response:
    """The form of a new action on a track."""
    return await _action(request, read, id, person, track_id)


@router.post("/{id}/tracks/{track_id}/actions")
async def write_action(
    id: UUID, track_id: UUID, request: Request, read: Reading, running: Running, person: Writer, once: Once
) -> Response:
    """Plan the action; if it needs a provider, directory opens a referral."""
    filled, typed, errors = await read_form(request, ActionForm)
    if filled is not None:
        new = actions.NewAction(**filled.model_dump())
        planned, errors = await apply_form(
            request,
            running,
            lambda work: actions.plan_action(work, id, person, track_id=track_id, new=new, id=once),
        )
        if planned is not None:
            agreed = await may_be_referred(read, await plan_for(read, id, person))
            done = _added(planned.needs_provider, agreed=agreed)
            return see_other(request, f"/plans/{id}#goals", done=done)
    return await _action(request, read, id, person, track_id, errors=errors, typed=typed)


def _added(needs_provider: bool, *, agreed: bool) -> str:
    """The message after an action was added."""
    if not needs_provider:
        return _("The action is added.")
    if agreed:
        return _("The action is added and the referral is created.")
    return _("The action is added. The referral waits for the person’s consent.")


async def _dimension(
    request: Request,
    session: AsyncSession,
    id: UUID,
    person: Person,
    dimension: Dimension,
    *,
    errors: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    plan = await plan_for(session, id, person)
    entry = await session.get(Assessment, (id, dimension.value))
    return page(
        request,
        "plans/dimension.html",
        status=422 if errors else 200,
        dimension=dimension,
        label=DIMENSION_LABELS[dimension],
        questions=words.QUESTIONS[dimension],
        entry=entry,
        **_writing(errors, typed, "text"),
        **await view_of(session, plan, person),
    )


async def _result(
    request: Request,
    session: AsyncSession,
    id: UUID,
    person: Person,
    step_id: UUID,
    *,
    errors: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    plan = await plan_for(session, id, person)
    step = await session.get(InformationStep, step_id)
    if step is None or step.plan_id != id:
        raise NotFound(what=msg("step"))
    return page(
        request,
        "plans/result.html",
        status=422 if errors else 200,
        step=step,
        **_writing(errors, typed, "result"),
        **await view_of(session, plan, person),
    )


async def _action(
    request: Request,
    session: AsyncSession,
    id: UUID,
    person: Person,
    track_id: UUID,
    *,
    errors: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    plan = await plan_for(session, id, person)
    track = await session.get(ActionTrack, track_id)
    if track is None or track.plan_id != id:
        raise NotFound(what=msg("way to the goal"))
    # The services of the track's area first, each group by name: no service is ranked up.
    services = sorted(
        await active_services(session, track.area),
        key=lambda one: (track.area not in one.areas, by_name(one.organization_name), by_name(one.name)),
    )
    return page(
        request,
        "plans/action.html",
        status=422 if errors else 200,
        track=track,
        goal=await session.get(Goal, track.goal_id),
        services=[(str(one.id), f"{one.organization_name} – {one.name}") for one in services],
        **_writing(errors, typed, "title"),
        **await view_of(session, plan, person),
    )


def _writing(errors: dict[str, str] | None, typed: dict[str, str] | None, field: str) -> dict[str, Any]:
    """The typed values and their errors. An error that belongs to no field of the form is shown at `field`.

    After a conflict (`changed_meanwhile`) the page shows the other author's text; saving again replaces it.
    """
    shown = {field if name in ("version", "") else name: message for name, message in (errors or {}).items()}
    return {"errors": shown, "typed": typed or {}, "changed_meanwhile": "version" in (errors or {})}
