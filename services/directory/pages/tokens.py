"""The machine tokens, for managers: a list, a form for a new one, and the page that shows a new token once."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.people import ROLE_LABELS, Person
from services.chassis.identity.tokens import AccountToken
from services.chassis.refusals import msg
from services.chassis.storage.store import Work
from services.chassis.web import (
    Body,
    Once,
    Reading,
    Router,
    Running,
    Working,
    allow,
    apply_form,
    page,
    read_form,
    see_other,
)
from services.contracts.accounts import AccountKind, has_tokens
from services.contracts.envelope import CentreCode
from services.contracts.roles import Role
from services.contracts.text import Name
from services.contracts.values import Whole
from services.directory.actions import accounts
from services.directory.domain.accounts import MACHINE_ROLES, TOKEN_DAYS, Grantor, Rights, grantable, token_state
from services.directory.pages.account_views import centre_choices
from services.directory.pages.views import centre_names, now_of
from services.directory.store.accounts import organization_names, tokens_page

router = Router("/directory/tokens", pages=True)
Managing = Annotated[Person, allow(Role.MANAGER)]
SHOWN = 50
"""Tokens on one page of the list."""

_KIND_HINTS = {
    AccountKind.DEVICE: msg("The front desk’s own software, or a kiosk."),
    AccountKind.MACHINE: msg("A partner’s software, or a task that runs by itself."),
}
_ROLE_HINTS = {
    Role.KIOSK: msg("Checks visitors in at the chosen centres."),
    Role.FRONT_DESK: msg("Does all that the front desk does: calls, registers people, creates links."),
    Role.PROVIDER: msg("Keeps a provider’s entry up to date and answers its referrals."),
    Role.CITE: msg("Reads the referral feed."),
    Role.OPERATOR: msg(
        "Imports the past and watches the technical state. Only the region can give this role. Choose no centre."
    ),
}
_EMPTY: dict[str, Any] = {
    "name": "",
    "organization_id": "",
    "kind": AccountKind.DEVICE.value,
    "roles": [Role.KIOSK.value],
    "centres": [],
    "days": 365,
}
"""What the form shows before anything was typed."""


class TokenForm(Body):
    """A new token, and the rights of its account."""

    name: Name
    kind: AccountKind
    roles: list[Role] = Field(default_factory=list[Role], max_length=4)
    centres: list[CentreCode] = Field(default_factory=list[CentreCode], max_length=100)
    organization_id: UUID | None = None
    days: Annotated[int, Whole()]


class DaysForm(Body):
    """How long a token of an existing account is valid."""

    days: Annotated[int, Whole()]


@router.get("")
async def list_tokens(request: Request, read: Reading, person: Managing, after: UUID | None = None) -> Response:
    """The tokens of the accounts that this manager acts on, and the form for a new one.

    `after`: the last token of the page before.
    """
    return await _page(request, read, person, after=after)


@router.post("")
async def create_token(request: Request, read: Reading, running: Running, person: Managing, once: Once) -> Response:
    """Create the account of a device or a machine, and show its first token. The same form again creates no other."""
    filled, typed, errors = await read_form(request, TokenForm)
    if filled is not None:
        made, errors = await apply_form(
            request, running, lambda work: _create(work, filled, accounts.manager_of(person), person.subject, once)
        )
        if made is not None:
            return _created(request, filled.name, made)
        if shown_before := errors.get(""):
            return see_other(request, "/directory/tokens", error=shown_before)
    return await _page(request, read, person, typed, errors)


@router.post("/accounts/{account_ref}")
async def create_another(
    account_ref: UUID,
    form: Annotated[DaysForm, Form()],
    request: Request,
    work: Working,
    person: Managing,
    once: Once,
) -> Response:
    """Create a token for an existing account of a device or a machine, and show it."""
    manager = accounts.manager_of(person)
    account = await accounts.account_for(work.session, account_ref, manager)
    name = account.display_name or account.code or "–"
    made = await accounts.issue_token(
        work, account_ref, name, form.days, manager=manager, by=person.subject, token_id=once
    )
    return _created(request, name, made)


@router.post("/{id}/renew")
async def renew_token(id: UUID, request: Request, work: Working, person: Managing, once: Once) -> Response:
    """Issue another token of the same account, valid as long as the old one was, and show it."""
    manager = accounts.manager_of(person)
    old = await accounts.token_for(work.session, id, manager)
    made = await accounts.renew_token(work, id, None, manager=manager, by=person.subject, new_id=once)
    return _created(request, old.name, made)


@router.post("/{id}/revoke")
async def revoke_token(id: UUID, request: Request, work: Working, person: Managing) -> Response:
    """End a token."""
    await accounts.revoke_token(work, id, manager=accounts.manager_of(person), by=person.subject)
    return see_other(request, "/directory/tokens", done=_("The token is revoked."))


async def _create(work: Work, form: TokenForm, manager: Grantor, by: str, token_id: UUID) -> AccountToken:
    await accounts.check_new_token(work, token_id, form.name)
    account = await accounts.create_machine(
        work,
        form.kind,
        form.name,
        Rights(frozenset(form.roles), frozenset(form.centres)),
        manager=manager,
        by=by,
        organization_id=form.organization_id,
    )
    return await accounts.issue_token(work, account.id, form.name, form.days, manager=manager, by=by, token_id=token_id)


def _created(request: Request, name: str, token: AccountToken) -> Response:
    """The only page that shows the token. It is kept nowhere, and no-store keeps it out of the browser's cache."""
    return page(
        request,
        "directory/token_created.html",
        name=name,
        token=request.app.state.signer.sign(token),
        expires_at=token.expires_at,
    )


async def _page(
    request: Request,
    read: AsyncSession,
    person: Person,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    after: UUID | None = None,
) -> Response:
    manager, now = accounts.manager_of(person), now_of(request)
    scope = await accounts.scope_of(read, manager)
    found = await tokens_page(read, **scope, after=after, limit=SHOWN + 1)
    last = found[SHOWN - 1][0].id if len(found) > SHOWN else None
    found = found[:SHOWN]
    may_grant = grantable(manager) & MACHINE_ROLES
    organizations = await organization_names(read)
    return page(
        request,
        "directory/tokens.html",
        status=422 if errors else 200,
        tokens=[(one, account, token_state(one.expires_at, one.ended_at, now)) for one, account in found],
        last=last,
        renewable={one.id: (one.expires_at - one.began_at).days for one, _account in found},
        role_labels=ROLE_LABELS,
        centre_names=await centre_names(read),
        organization_names=organizations,
        kinds=[(kind, _(_KIND_HINTS[kind])) for kind in AccountKind if has_tokens(kind)],
        roles=[(role.value, _(ROLE_LABELS[role]), _(_ROLE_HINTS[role])) for role in Role if role in may_grant],
        centres=await centre_choices(read, manager),
        organizations=[(str(id), name) for id, name in organizations.items()],
        most=TOKEN_DAYS,
        form=_EMPTY | ({"roles": [], "centres": []} | typed if typed is not None else {}),
        errors=errors or {},
    )
