"""Plans' parts of other services' pages: a person's plans, the plan of one path, and the plans ready to confirm."""

from typing import Annotated
from uuid import UUID

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from services.chassis.copies.aliases import references_of
from services.chassis.i18n import date_text
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.web import Reading, Router, allow
from services.chassis.web.pages import fragment
from services.chassis.web.person_parts import PersonRow, person_part
from services.contracts.roles import Role
from services.contracts.scheduling import Method
from services.contracts.text import Key
from services.plans.domain import Stage, checklist, plan_id_of
from services.plans.pages import words
from services.plans.pages.views import stage_of
from services.plans.store import Alias, Path, Plan, count_ready, plans_of_centre, plans_of_subject, standings

router = Router("/plans", pages=True)
SHOWN = 5
"""Plans ready to confirm on a counsellor's page; the list has the others."""


@router.get("/fragments/people/{subject_ref}")
async def plans(
    subject_ref: UUID, request: Request, read: Reading, person: Annotated[Person, allow(Role.COUNSELLOR)]
) -> Response:
    """The plans of a person at the reader's centres, the last opened first; none that is closed to the centre."""
    found = await plans_of_subject(read, *await references_of(read, Alias, subject_ref))
    open_here = [one for one in found if one.centre in person.centres and not one.closed_to_centre]
    return person_part(request, (_("Plans"), [_row(one) for one in open_here]))


@router.get("/fragments/paths/{path_id}")
async def plan_of_path(
    path_id: UUID, request: Request, read: Reading, person: Annotated[Person, allow(Role.COUNSELLOR)]
) -> Response:
    """How far the plan of a path is, and what it lacks; nothing of one that is closed to the centre.

    Before there is one: with what it begins.
    """
    plan, path = await read.get(Plan, plan_id_of(path_id)), await read.get(Path, path_id)
    if plan is None or plan.centre not in person.centres or plan.closed_to_centre:
        begins_with = path.method if plan is None and path is not None and _opens_one(path, person) else None
        return HTMLResponse(fragment(request, "plans/of_path.html", plan=None, begins_with=begins_with))
    checks = checklist((await standings(read, [plan]))[plan.id])
    stage = stage_of(plan, complete=all(check.met for check in checks))
    if plan.confirmed_at is None and path is not None and path.stopped_at is not None:
        stage = Stage.STOPPED
    missing = [words.REQUIREMENTS[check.requirement] for check in checks if not check.met]
    return HTMLResponse(fragment(request, "plans/of_path.html", plan=plan, stage=stage, missing=missing))


def _opens_one(path: Path, person: Person) -> bool:
    """Whether the path, of the reader's centre, goes on, so that its first guidance session opens a plan."""
    return path.centre in person.centres and path.stopped_at is None and not path.erased


@router.get("/fragments/ready")
async def plans_to_confirm(
    request: Request, read: Reading, person: Annotated[Person, allow(Role.COUNSELLOR)], centre: Key
) -> Response:
    """The plans of a centre that are ready to confirm, for the to-do; none that is closed to the centre."""
    chosen = person.at(centre)
    return HTMLResponse(
        fragment(
            request,
            "plans/ready_part.html",
            plans=await plans_of_centre(read, chosen, stage=Stage.READY, limit=SHOWN),
            count=await count_ready(read, chosen),
            centre=chosen,
            words=words,
        )
    )


def _row(plan: Plan) -> PersonRow:
    details = [date_text(plan.opened_at.astimezone(BRUSSELS))]
    if plan.confirmed_at is not None:
        details.append(_("Confirmed on {date}.").format(date=date_text(plan.confirmed_at.astimezone(BRUSSELS))))
    return PersonRow(_(words.METHODS[Method(plan.method)]), tuple(details), f"/plans/{plan.id}")
