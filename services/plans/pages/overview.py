"""The counsellor's list of plans, and the redirect to a visitor's own."""

from typing import Annotated
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.chassis.copies.centres import centre_names
from services.chassis.i18n import by_name
from services.chassis.identity.people import Person
from services.chassis.web import Reading, Router, allow, page
from services.contracts.roles import Role
from services.contracts.scheduling import Method
from services.contracts.text import Key
from services.plans.domain import Stage, checklist
from services.plans.pages import words
from services.plans.store import Centre, Plan, count_of_centre, plans_of_centre, plans_of_subject, standings

router = Router("/plans", pages=True)
PAGE = 24


@router.get("/")
async def overview(
    *,
    request: Request,
    read: Reading,
    person: Annotated[Person, allow(Role.COUNSELLOR, Role.VISITOR)],
    centre: Key | None = None,
    stage: Stage = Stage.OPEN,
    method: Method | None = None,
    after: UUID | None = None,
) -> Response:
    """The plans of a centre with their requirements. Redirects a visitor to their own plan."""
    if not person.has(Role.COUNSELLOR):
        return RedirectResponse("/plans/mine", 303)
    known = await centre_names(read, Centre)
    own = dict(sorted(((code, known.get(code, code)) for code in person.centres), key=lambda one: by_name(one[1])))
    chosen = person.at(centre if centre is not None else next(iter(own), "–"))
    plans = await plans_of_centre(read, chosen, stage=stage, method=method, after=after, limit=PAGE + 1)
    progress = await standings(read, plans[:PAGE])
    return page(
        request,
        "plans/overview.html",
        rows=[(plan, checklist(progress[plan.id])) for plan in plans[:PAGE]],
        more=plans[PAGE - 1].id if len(plans) > PAGE else None,
        counts=await count_of_centre(read, chosen),
        centre=chosen,
        centres=own,
        centre_name=own.get(chosen, chosen),
        stage=stage,
        stages=words.STAGES,
        method=method,
        first=after is None,
        words=words,
    )


@router.get("/mine")
async def mine(request: Request, read: Reading, person: Annotated[Person, allow(Role.VISITOR)]) -> Response:
    """Redirects a visitor to their plan if they have one; otherwise lists their plans."""
    plans = await own_plans(read, person)
    if len(plans) == 1:
        return RedirectResponse(f"/plans/{plans[0].id}", 303)
    return page(request, "plans/mine.html", plans=plans, words=words)


async def own_plans(session: AsyncSession, person: Person) -> list[Plan]:
    """The plans of the visitor who reads, also those that are closed to the centre."""
    return list(await plans_of_subject(session, *person.references))
