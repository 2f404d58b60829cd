"""A provider's team: listed, invited, removed. By its own people, or by the region."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.i18n import Language
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.storage.store import Work
from services.chassis.web import Body, Reading, Router, Running, Working, allow, apply_form, page, read_form, see_other
from services.contracts.roles import Role
from services.contracts.text import Text
from services.directory.actions.accounts import manager_of
from services.directory.actions.teams import invite, invite_again, remove
from services.directory.claims import own_organization
from services.directory.domain.accounts import Grantor
from services.directory.domain.teams import acting_for_team, is_lapsed
from services.directory.pages.views import now_of
from services.directory.store import Organization
from services.directory.store.teams import team_of

router = Router("/directory", pages=True)
Provider = Annotated[Person, allow(Role.PROVIDER)]
Region = Annotated[Person, allow(region_wide=[Role.MANAGER])]

OWN = "/directory/entry/people"


class InviteForm(Body):
    """Whom to invite, and in which language."""

    email: Annotated[str, Text(320)]
    lang: Language = "fr"


class AgainForm(Body):
    """In which language to send the invitation again."""

    lang: Language = "fr"


@router.get("/entry/people")
async def own_team(request: Request, read: Reading, person: Provider) -> Response:
    """The people of the provider's own organisation."""
    return await _page(request, read, own_organization(person), OWN)


@router.post("/entry/people")
async def invite_to_own(request: Request, read: Reading, running: Running, person: Provider) -> Response:
    """Invite a person to the own organisation."""
    return await _invite(request, read, running, own_organization(person), OWN, person)


@router.post("/entry/people/{account_id}/invite")
async def invite_to_own_again(
    account_id: UUID, form: Annotated[AgainForm, Form()], request: Request, work: Working, person: Provider
) -> Response:
    """Send the invitation again."""
    return await _invite_again(request, work, own_organization(person), account_id, OWN, person, form.lang)


@router.post("/entry/people/{account_id}/remove")
async def remove_from_own(account_id: UUID, request: Request, work: Working, person: Provider) -> Response:
    """Remove a person from the own organisation."""
    manager = acting_for_team(manager_of(person).account_ref, account_id)
    return await _remove(request, work, own_organization(person), account_id, OWN, person, manager)


@router.get("/organizations/{id}/people")
async def any_team(id: UUID, request: Request, read: Reading, person: Region) -> Response:
    """The people of any organisation, for the region."""
    return await _page(request, read, id, _team_page(id))


@router.post("/organizations/{id}/people")
async def invite_to_any(id: UUID, request: Request, read: Reading, running: Running, person: Region) -> Response:
    """Invite a person to any organisation: its first one."""
    return await _invite(request, read, running, id, _team_page(id), person)


@router.post("/organizations/{id}/people/{account_id}/invite")
async def invite_to_any_again(
    id: UUID, account_id: UUID, form: Annotated[AgainForm, Form()], request: Request, work: Working, person: Region
) -> Response:
    """Send the invitation again."""
    return await _invite_again(request, work, id, account_id, _team_page(id), person, form.lang)


@router.post("/organizations/{id}/people/{account_id}/remove")
async def remove_from_any(id: UUID, account_id: UUID, request: Request, work: Working, person: Region) -> Response:
    """Remove a person from any organisation."""
    return await _remove(request, work, id, account_id, _team_page(id), person, manager_of(person))


def _team_page(id: UUID) -> str:
    return f"/directory/organizations/{id}/people"


def _sign_in_page(request: Request) -> str:
    return f"{request.app.state.settings.public_url.rstrip('/')}/directory/sign-in/email"


async def _invite(
    request: Request, read: AsyncSession, running: Running, organization_id: UUID, here: str, person: Person
) -> Response:
    filled, typed, errors = await read_form(request, InviteForm)
    if filled is not None:

        async def send(work: Work) -> None:
            where = _sign_in_page(request)
            await invite(work, organization_id, filled.email, by=person.subject, page=where, lang=filled.lang)

        _done, errors = await apply_form(request, running, send)
    if errors:
        return await _page(request, read, organization_id, here, typed, errors)
    return see_other(request, here, done=_("The invitation will be sent in a moment."))


async def _invite_again(
    request: Request, work: Work, organization_id: UUID, account_id: UUID, here: str, person: Person, lang: Language
) -> Response:
    where = _sign_in_page(request)
    await invite_again(work, organization_id, account_id, by=person.subject, page=where, lang=lang)
    return see_other(request, here, done=_("The invitation will be sent in a moment."))


async def _remove(
    request: Request,
    work: Work,
    organization_id: UUID,
    account_id: UUID,
    here: str,
    person: Person,
    manager: Grantor,
) -> Response:
    await remove(work, organization_id, account_id, manager=manager, by=person.subject)
    return see_other(request, here, done=_("This person can no longer sign in. The e-mail address is deleted."))


async def _page(
    request: Request,
    read: AsyncSession,
    organization_id: UUID,
    here: str,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    organization = await read.get(Organization, organization_id)
    if organization is None:
        raise NotFound(what=msg("provider"))
    person: Person = request.state.person
    return page(
        request,
        "directory/team.html",
        status=422 if errors else 200,
        organization=organization,
        team=await team_of(read, organization_id),
        own=here == OWN,
        here=here,
        me=manager_of(person).account_ref,
        is_lapsed=is_lapsed,
        now=now_of(request),
        typed={"email": "", "lang": request.state.lang} | (typed or {}),
        errors=errors or {},
    )
