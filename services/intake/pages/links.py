"""A personal link's page, and the visitor's page that is opened at the desk."""

import asyncio
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.identity.tokens import VisitorToken
from services.chassis.refusals import Refused
from services.chassis.service.definition import Runtime
from services.chassis.web import (
    Body,
    Reading,
    Router,
    Running,
    Working,
    anyone,
    by_field,
    cause_of,
    close_visit,
    explain,
    limited,
    limits_of,
    page,
    read_form,
    see_other,
    visitor_signed_in,
)
from services.contracts.roles import Role
from services.contracts.text import Line, Text
from services.intake.actions import links
from services.intake.actions.references import registrations_of
from services.intake.domain.links import (
    LinkLocked,
    LinkNotValid,
    NotSixDigits,
    WrongPin,
    check_new_pin,
    hash_pin,
    is_pin,
    is_six_digits,
)
from services.intake.pages.views import Team, person_of_visit
from services.intake.store import PersonalLink, Visit

router = Router("/intake", pages=True)
Anyone = Annotated[Person | None, anyone]


class PinForm(Body):
    """The PIN; twice when it is chosen."""

    pin: Annotated[str, Text(20)] = ""
    pin_again: Annotated[str, Text(20)] = ""


@router.get("/l/{secret}", dependencies=[limited("link")])
async def link_page(secret: Line, request: Request, read: Reading, running: Running, person: Anyone) -> Response:
    """The page of a personal link. It asks for the PIN, and shows nothing else."""
    return _show(request, running, await links.link_at(read, request.app.state.signer, secret))


@router.post("/l/{secret}", dependencies=[limited("link")])
async def open_link(secret: Line, request: Request, read: Reading, running: Running, person: Anyone) -> Response:
    """Choose the PIN, or enter it, and open the plan."""
    link = await links.link_at(read, request.app.state.signer, secret)
    return await _enter(request, running, link, await _centre_of(read, link, person))


@router.get("/visits/{id}/plan")
async def desk_page(id: UUID, request: Request, read: Reading, running: Running, person: Team) -> Response:
    """The same page at the desk: the person enters their PIN on the agent's screen."""
    visit, link = await _link_of_visit(read, id, person, running.clock())
    return _show(request, running, link, visit=visit)


@router.post("/visits/{id}/plan")
async def open_at_desk(id: UUID, request: Request, read: Reading, running: Running, person: Team) -> Response:
    """Open the plan at the desk. The agent stays signed in."""
    visit, link = await _link_of_visit(read, id, person, running.clock())
    return await _enter(request, running, link, visit.centre, visit=visit)


@router.post("/mine/close")
async def close(request: Request, work: Working, person: Anyone) -> Response:
    """Close the plan in every service, and return to the desk at which it was opened."""
    token = request.state.identity.token
    if isinstance(token, VisitorToken):
        await links.close_opening(work, token)
    back = f"/intake/desk/{token.centre}" if isinstance(token, VisitorToken) and token.centre else "/"
    return close_visit(request, see_other(request, back, done=_("The plan is closed.")))


async def _enter(
    request: Request, running: Runtime, link: PersonalLink | None, centre: str | None, visit: Visit | None = None
) -> Response:
    if link is not None:
        await limits_of(request).count("pin", str(link.id))  # before the PIN is hashed, which costs 50 ms
    try:
        token = await _opened(request, running, links.check_usable(link, running.clock()), centre)
    except (LinkNotValid, LinkLocked) as refused:
        return _ended(request, refused, visit)
    except Refused as refused:
        async with running.store.read() as session:
            link = await session.get(PersonalLink, link.id) if link is not None else None
        return _show(request, running, link, visit=visit, errors=by_field(refused))
    return visitor_signed_in(request, token)


async def _opened(request: Request, running: Runtime, link: PersonalLink, centre: str | None) -> VisitorToken:
    """The token of the opened plan. The PIN is hashed before the unit of work, which would block others meanwhile."""
    filled, _typed, _errors = await read_form(request, PinForm)
    form = filled or PinForm.model_construct(pin="", pin_again="")
    hours = running.settings.session_hours
    if link.pin is None:
        check_new_pin(form.pin, form.pin_again)
        hashed = await asyncio.to_thread(hash_pin, form.pin)
        async with running.store.work(cause_of(request)) as work:
            return await links.choose_pin(work, link.id, hashed, centre, hours)
    if not is_six_digits(form.pin):
        raise NotSixDigits()
    matches = await asyncio.to_thread(is_pin, form.pin, link.pin)
    async with running.store.work(cause_of(request)) as work:
        opened = await links.open_link(work, link.id, tried=link.pin, matches=matches, centre=centre, hours=hours)
    if isinstance(opened, VisitorToken):
        return opened
    raise WrongPin(left=opened) if opened else LinkLocked()


def _show(
    request: Request,
    running: Runtime,
    link: PersonalLink | None,
    *,
    visit: Visit | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    try:
        usable = links.check_usable(link, running.clock())
    except (LinkNotValid, LinkLocked) as refused:
        return _ended(request, refused, visit)
    return page(
        request,
        "intake/link.html",
        status=422 if errors else 200,
        choosing=usable.pin is None,
        problem=None,
        visit=visit,
        errors=errors or {},
    )


def _ended(request: Request, refused: Refused, visit: Visit | None) -> Response:
    return page(
        request,
        "intake/link.html",
        status=refused.status,
        choosing=False,
        problem=explain(refused),
        visit=visit,
        errors={},
    )


async def _link_of_visit(
    session: AsyncSession, id: UUID, person: Person, now: datetime
) -> tuple[Visit, PersonalLink | None]:
    """The visit, and the link that opens what is its visitor's. Raises `NotFound`."""
    visit, visitor = await person_of_visit(session, id, person)
    return visit, await links.link_of_person(session, visitor.id, now)


async def _centre_of(session: AsyncSession, link: PersonalLink | None, person: Person | None) -> str | None:
    """The centre whose team is signed in on this screen. None: the link is opened elsewhere."""
    if link is None or person is None or not person.has(Role.FRONT_DESK, Role.COUNSELLOR):
        return None
    theirs = [one.centre for one in await registrations_of(session, link.subject_ref) if one.centre in person.centres]
    return next(iter([*theirs, *sorted(person.centres)]), None)
