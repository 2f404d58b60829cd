"""Plans' part of the visitor's home page: their plans, how far each is, and the way to it."""

from typing import Annotated

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from services.chassis.identity.people import Person
from services.chassis.web import Reading, Router, allow
from services.chassis.web.pages import fragment
from services.contracts.roles import Role
from services.plans.domain import checklist
from services.plans.pages import words
from services.plans.pages.overview import own_plans
from services.plans.pages.views import stage_of
from services.plans.store import standings

router = Router("/plans", pages=True)


@router.get("/mine/part")
async def own_part(request: Request, read: Reading, person: Annotated[Person, allow(Role.VISITOR)]) -> Response:
    """The visitor's plans, the last opened first."""
    plans = await own_plans(read, person)
    progress = await standings(read, plans)
    rows = [
        (plan, stage_of(plan, complete=all(one.met for one in checks)), [one.met for one in checks])
        for plan in plans
        for checks in [checklist(progress[plan.id])]
    ]
    return HTMLResponse(fragment(request, "plans/mine_part.html", rows=rows, words=words))
