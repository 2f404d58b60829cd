"""How a centre books interviews: a form for its managers."""

from typing import Annotated, Any

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.chassis.copies.centres import centre_copies
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.service.definition import Runtime
from services.chassis.web import Body, Reading, Router, Running, allow, apply_form, page, read_form, see_other
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import Version
from services.scheduling.actions.booking_rules import RuleFacts, facts_of, set_rules
from services.scheduling.settings import rules_of_settings
from services.scheduling.store import Centre, CentreRules

router = Router("/scheduling/rules", pages=True)
Manager = Annotated[Person, allow(Role.MANAGER)]


class RulesForm(Body, RuleFacts):
    """The rules, and the version that the page showed."""

    version: Version


@router.get("")
async def choose(request: Request, read: Reading, person: Manager) -> Response:
    """Redirects to the rules of the person's only centre, or lists their centres."""
    own = [centre for centre in (await centre_copies(read, Centre)).values() if person.works_at(centre.code)]
    if len(own) == 1:
        return RedirectResponse(f"/scheduling/rules/{own[0].code}", 303)
    return page(request, "scheduling/rule_centres.html", centres=own)


@router.get("/{centre}")
async def edit(centre: Key, request: Request, read: Reading, running: Running, person: Manager) -> Response:
    """The form."""
    return await _form(request, read, running, person.at(centre))


@router.post("/{centre}")
async def save(centre: Key, request: Request, read: Reading, running: Running, person: Manager) -> Response:
    """Set the rules. What is booked stays."""
    person.at(centre)
    filled, typed, errors = await read_form(request, RulesForm)
    if filled is not None:
        _set, errors = await apply_form(request, running, lambda work: set_rules(work, centre, filled, filled.version))
    if not errors:
        return see_other(request, f"/scheduling/rules/{centre}", done=_("The booking rules are saved."))
    return await _form(request, read, running, centre, typed, errors)


async def _form(
    request: Request,
    session: AsyncSession,
    running: Runtime,
    centre: str,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    copy = await session.get(Centre, centre)
    if copy is None:
        raise NotFound(what=msg("centre"))
    row = await session.get(CentreRules, centre, populate_existing=True)
    settings = rules_of_settings(running)
    kept = row.rules(settings.horizon) if row is not None else settings
    version = row.version if row is not None else 0
    return page(
        request,
        "scheduling/rules.html",
        status=422 if errors else 200,
        centre=copy,
        centre_name=copy.name,
        most_days=settings.horizon.days,
        version=version,
        form=facts_of(kept) | {"version": version} | (typed or {}),
        errors=errors or {},
    )
