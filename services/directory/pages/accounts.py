"""The accounts, for managers: a list with search and filters, and one account with its rights, sign-ins and changes."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Form, Query, Request
from pydantic import Field, field_validator
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.storage.store import Work
from services.chassis.web import Body, Reading, Router, Running, Working, allow, apply_form, page, read_form, see_other
from services.contracts.accounts import AccountStatus
from services.contracts.envelope import CentreCode, StaffCode
from services.contracts.roles import Role
from services.contracts.text import Key, Name
from services.contracts.values import Version, Whole
from services.directory.actions import accounts
from services.directory.domain.accounts import Grantor, Rights
from services.directory.pages.account_views import VIEWS, account_values, filters, form_values
from services.directory.store import Account
from services.directory.store.accounts import accounts_page, last_sign_ins

router = Router("/directory/accounts", pages=True)
Managing = Annotated[Person, allow(Role.MANAGER)]

SHOWN = 50
"""Accounts on one page of the list."""


class Filter(Body, extra="ignore"):
    """The query parameters of the list; empty ones filter nothing."""

    q: Name = ""
    status: AccountStatus | None = None
    role: Role | None = None
    centre: Key = ""
    skip: Annotated[int, Whole(0, 100_000)] = 0

    @field_validator("status", "role", mode="before")
    @classmethod
    def _any(cls, text: str) -> str | None:
        return text or None  # the first choice of a list


class RightsForm(Body):
    """The rights of an account. Each field is replaced."""

    roles: list[Role] = Field(default_factory=list[Role], max_length=10)
    centres: list[CentreCode] = Field(default_factory=list[CentreCode], max_length=100)
    organization_id: UUID | None = None
    code: StaffCode | None = None
    version: Version


class VersionForm(Body):
    """The version of the account that the page showed."""

    version: Version


@router.get("")
async def list_accounts(
    request: Request, read: Reading, wanted: Annotated[Filter, Query()], person: Managing
) -> Response:
    """The accounts that this manager acts on, those that wait for approval first."""
    found = await accounts_page(
        read,
        text=wanted.q,
        status=wanted.status,
        role=wanted.role,
        centre=wanted.centre or None,
        skip=wanted.skip,
        limit=SHOWN + 1,
        **await accounts.scope_of(read, accounts.manager_of(person)),
    )
    shown = found[:SHOWN]
    kept = {name: value or "" for name, value in wanted.model_dump(mode="json", exclude={"skip"}).items()}
    more = urlencode({name: value for name, value in kept.items() if value} | {"skip": wanted.skip + SHOWN})
    return page(
        request,
        "directory/accounts.html",
        **VIEWS,
        **await filters(read, accounts.manager_of(person)),
        accounts=shown,
        signed_in=await last_sign_ins(read, [one.id for one in shown]),
        wanted=kept,
        filtered=any(kept.values()),
        first_page=wanted.skip == 0,
        next_url=f"/directory/accounts?{more}" if len(found) > SHOWN else None,
    )


@router.get("/{id}")
async def account_page(
    id: UUID, request: Request, read: Reading, person: Managing, after: UUID | None = None
) -> Response:
    """One account. `after`: the last change of the page before."""
    account = await accounts.account_for(read, id, accounts.manager_of(person))
    return await _account(request, read, account, person, after=after)


@router.post("/{id}")
async def save(id: UUID, request: Request, read: Reading, running: Running, person: Managing) -> Response:
    """Replace the account's rights."""
    return await _apply_rights(id, request, read, running, person, accounts.change, _("The rights are saved."))


@router.post("/{id}/approve")
async def approve(id: UUID, request: Request, read: Reading, running: Running, person: Managing) -> Response:
    """Let a pending account sign in, with these rights."""
    return await _apply_rights(id, request, read, running, person, accounts.approve, _("The account is approved."))


@router.post("/{id}/deactivate")
async def deactivate(
    id: UUID, form: Annotated[VersionForm, Form()], request: Request, work: Working, person: Managing
) -> Response:
    """End the account's sign-ins, and let it sign in no more."""
    manager = accounts.manager_of(person)
    await accounts.deactivate(work, id, manager=manager, by=person.subject, version=form.version)
    return see_other(request, f"/directory/accounts/{id}", done=_("The account is deactivated."))


@router.post("/{id}/reactivate")
async def reactivate(
    id: UUID, form: Annotated[VersionForm, Form()], request: Request, work: Working, person: Managing
) -> Response:
    """Let the account sign in again."""
    manager = accounts.manager_of(person)
    await accounts.reactivate(work, id, manager=manager, by=person.subject, version=form.version)
    return see_other(request, f"/directory/accounts/{id}", done=_("The account is active again."))


@router.post("/{id}/end-sign-ins")
async def end_sign_ins(id: UUID, request: Request, work: Working, person: Managing) -> Response:
    """End every sign-in of the account."""
    await accounts.end_sign_ins(work, id, manager=accounts.manager_of(person), by=person.subject)
    return see_other(request, f"/directory/accounts/{id}", done=_("All sign-ins of this account are ended."))


async def _apply_rights(
    id: UUID,
    request: Request,
    read: AsyncSession,
    running: Running,
    person: Person,
    act: Callable[..., Awaitable[Account]],
    done: str,
) -> Response:
    filled, typed, errors = await read_form(request, RightsForm)
    manager = accounts.manager_of(person)
    if filled is not None:
        _changed, errors = await apply_form(
            request, running, lambda work: _act_on(work, id, filled, manager, person.subject, act)
        )
    if not errors:
        return see_other(request, f"/directory/accounts/{id}", done=done)
    account = await accounts.account_for(read, id, manager)
    return await _account(request, read, account, person, typed, errors)


async def _act_on(
    work: Work, id: UUID, form: RightsForm, manager: Grantor, by: str, act: Callable[..., Awaitable[Account]]
) -> Account:
    return await act(
        work,
        id,
        Rights(frozenset(form.roles), frozenset(form.centres)),
        manager=manager,
        by=by,
        organization_id=form.organization_id,
        code=form.code,
        version=form.version,
    )


async def _account(
    request: Request,
    session: AsyncSession,
    account: Account,
    person: Person,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    after: UUID | None = None,
) -> Response:
    manager = accounts.manager_of(person)
    return page(
        request,
        "directory/account.html",
        status=422 if errors else 200,
        **VIEWS,
        **await account_values(session, account, manager, request.app.state.runtime.clock(), after),
        account=account,
        form=form_values(account, typed),
        errors=errors or {},
    )
