"""The plan's page, live for counsellor and visitor, and its one-field forms."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.storage.store import Work
from services.chassis.web import (
    Board,
    Once,
    Reading,
    Router,
    Running,
    allow,
    apply_form,
    live_board,
    page,
    read_form,
    see_other,
)
from services.contracts.roles import Role
from services.contracts.values import Whole
from services.plans import actions
from services.plans.domain import DIMENSION_LABELS
from services.plans.pages.forms import (
    ConfirmForm,
    GoalForm,
    ReflectionForm,
    StatusForm,
    StepForm,
    TrackForm,
)
from services.plans.pages.views import plan_board, plan_for, show_plan, view_of
from services.plans.store import revisions_of

router = Router("/plans", pages=True)
Writer = Annotated[Person, allow(Role.COUNSELLOR, Role.VISITOR)]
LOG_PAGE = 50
Counsellor = Annotated[Person, allow(Role.COUNSELLOR)]


@router.get("/{id}")
async def plan_page(id: UUID, request: Request, read: Reading, person: Writer) -> Response:
    """One plan: the same page for counsellor and visitor, with different permissions."""
    return await show_plan(request, read, await plan_for(read, id, person), person)


@router.get("/{id}/live")
async def plan_live(id: UUID, request: Request, read: Reading, person: Writer) -> Response:
    """The plan's live board."""
    await plan_for(read, id, person)
    return live_board(request, Board(f"plan:{id}", "plans/live.html", plan_board, (id, person)))


@router.get("/{id}/log")
async def plan_log(
    id: UUID, request: Request, read: Reading, person: Writer, before: Annotated[int, Whole(1)] | None = None
) -> Response:
    """The change log, the last change first."""
    plan = await plan_for(read, id, person)
    rows = await revisions_of(read, id, before=before, limit=LOG_PAGE + 1)
    return page(
        request,
        "plans/log.html",
        revisions=rows[:LOG_PAGE],
        more=rows[LOG_PAGE - 1].id if len(rows) > LOG_PAGE else None,
        labels=DIMENSION_LABELS,
        **await view_of(read, plan, person),
    )


@router.get("/{id}/print")
async def plan_print(id: UUID, request: Request, read: Reading, running: Running, person: Writer) -> Response:
    """The whole plan, to print."""
    plan = await plan_for(read, id, person)
    return page(request, "plans/print.html", printed_at=running.clock(), **await view_of(read, plan, person))


@router.post("/{id}/information-steps")
async def plan_step(
    id: UUID, request: Request, read: Reading, running: Running, person: Writer, once: Once
) -> Response:
    """Plan an information step."""

    async def act(work: Work, form: StepForm) -> object:
        return await actions.plan_information_step(
            work, id, person, what=form.what, whom=form.whom, planned_on=form.planned_on, id=once
        )

    done = _("Noted. Good luck with your search!")
    return await _submit(request, read, running, id, person, StepForm, act=act, section="steps", done=done)


@router.post("/{id}/reflections")
async def add_reflection(
    id: UUID, request: Request, read: Reading, running: Running, person: Writer, once: Once
) -> Response:
    """Add a reflection."""

    async def act(work: Work, form: ReflectionForm) -> object:
        return await actions.add_reflection(work, id, person, moment=form.moment, text=form.text, id=once)

    done = _("Your note is saved.")
    return await _submit(request, read, running, id, person, ReflectionForm, act=act, section="reflections", done=done)


@router.post("/{id}/goals")
async def set_goal(id: UUID, request: Request, read: Reading, running: Running, person: Writer, once: Once) -> Response:
    """Set a goal."""

    async def act(work: Work, form: GoalForm) -> object:
        return await actions.set_goal(work, id, person, form.goal, id=once)

    return await _submit(
        request, read, running, id, person, GoalForm, act=act, section="goals", done=_("The goal is added.")
    )


@router.post("/{id}/tracks")
async def open_track(
    id: UUID, request: Request, read: Reading, running: Running, person: Writer, once: Once
) -> Response:
    """Open a track towards a goal."""

    async def act(work: Work, form: TrackForm) -> object:
        return await actions.open_track(
            work, id, person, goal_id=form.goal_id, title=form.title, area=form.area, id=once
        )

    return await _submit(
        request, read, running, id, person, TrackForm, act=act, section="goals", done=_("The way is added.")
    )


@router.post("/{id}/actions/{action_id}/status")
async def progress_action(
    id: UUID, action_id: UUID, request: Request, read: Reading, running: Running, person: Writer
) -> Response:
    """Set the status of an action."""

    async def act(work: Work, form: StatusForm) -> object:
        return await actions.progress_action(
            work, id, person, action_id=action_id, status=form.status, version=form.version
        )

    return await _submit(
        request, read, running, id, person, StatusForm, act=act, section="goals", done=_("The change is saved.")
    )


@router.post("/{id}/confirm")
async def confirm_plan(id: UUID, request: Request, read: Reading, running: Running, person: Counsellor) -> Response:
    """Confirm the plan."""

    async def act(work: Work, form: ConfirmForm) -> object:
        return await actions.confirm(work, id, person, version=form.version)

    done = _("The plan is confirmed. Well done, both of you!")
    return await _submit(request, read, running, id, person, ConfirmForm, act=act, section="confirm", done=done)


async def _submit(
    request: Request,
    read: Reading,
    running: Running,
    id: UUID,
    person: Person,
    form: type[Any],
    *,
    act: Callable[[Work, Any], Awaitable[object]],
    section: str,
    done: str,
) -> Response:
    """Runs `act` and redirects to its section. On errors, renders the page again with them and the typed values."""
    filled, typed, errors = await read_form(request, form)
    if filled is not None:
        _result, errors = await apply_form(request, running, lambda work: act(work, filled))
    if not errors:
        return see_other(request, f"/plans/{id}#{section}", done=done)
    plan = await plan_for(read, id, person)
    return await show_plan(request, read, plan, person, errors=errors, typed=typed, section=section)
