"""Machine tokens: a manager lists, creates, renews and revokes them. The text of a token is in one answer only."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field

from services.chassis.identity.people import Person
from services.chassis.identity.tokens import AccountToken
from services.chassis.web import Body, ByKey, Reading, Router, Working, allow
from services.contracts.accounts import AccountKind
from services.contracts.envelope import CentreCode
from services.contracts.roles import Role
from services.contracts.text import Name
from services.contracts.values import Whole
from services.directory.actions import accounts
from services.directory.domain.accounts import TOKEN_DAYS, Rights, TokenState, token_state
from services.directory.store.accounts import tokens_page

router = Router("/directory/api/v1/tokens", tags=["machine tokens"])
Managing = Annotated[Person, allow(Role.MANAGER)]
Days = Annotated[int, Whole(), Field(description=f"How long the token is valid, in days: from 1 to {TOKEN_DAYS}.")]


class NewToken(Body):
    """A desk, partner or job, the rights of its account, and the validity of its token."""

    name: Name
    kind: AccountKind = Field(description="`device`: a desk's own software; `machine`: a partner's software, or a job.")
    roles: list[Role] = Field(min_length=1, max_length=4)
    centres: list[CentreCode] = Field(default_factory=list[CentreCode], max_length=100)
    organization_id: UUID | None = Field(default=None, description="For the role `provider`: its provider.")
    days: Days


class AnotherToken(Body):
    """The name and validity of a token for an account that is there."""

    name: Name
    days: Days


class Renewal(Body):
    """The validity of the new token."""

    days: Days


class TokenOut(BaseModel):
    """A machine token, without its text."""

    id: UUID
    account_ref: UUID
    name: str
    kind: AccountKind
    roles: list[str]
    centres: list[str]
    organization_id: UUID | None
    state: TokenState
    began_at: datetime
    expires_at: datetime
    last_used_on: date | None


class Issued(BaseModel):
    """A new token. Its text is in this answer only: it is kept nowhere."""

    id: UUID
    account_ref: UUID
    expires_at: datetime
    token: str


@router.get("")
async def list_tokens(
    read: Reading,
    request: Request,
    person: Managing,
    after: Annotated[UUID | None, Query(description="The last token of the previous page.")] = None,
    limit: Annotated[int, Whole(1, 200)] = 200,
) -> list[TokenOut]:
    """The tokens of the accounts that this manager acts on."""
    now = request.app.state.runtime.clock()
    scope = await accounts.scope_of(read, accounts.manager_of(person))
    return [
        TokenOut(
            id=token.id,
            account_ref=account.id,
            name=token.name,
            kind=AccountKind(account.kind),
            roles=account.roles,
            centres=account.centres,
            organization_id=account.organization_id,
            state=token_state(token.expires_at, token.ended_at, now),
            began_at=token.began_at,
            expires_at=token.expires_at,
            last_used_on=token.last_used_on,
        )
        for token, account in await tokens_page(read, **scope, after=after, limit=limit)
    ]


@router.post("", status_code=201)
async def create_token(body: NewToken, request: Request, work: Working, person: Managing, token_id: ByKey) -> Issued:
    """Create the account of a device or a machine, with its first token.

    This and the next two, sent again, are refused: the token is shown once.
    """
    manager = accounts.manager_of(person)
    await accounts.check_new_token(work, token_id, body.name)
    account = await accounts.create_machine(
        work,
        body.kind,
        body.name,
        Rights(frozenset(body.roles), frozenset(body.centres)),
        manager=manager,
        by=person.subject,
        organization_id=body.organization_id,
    )
    token = await accounts.issue_token(
        work, account.id, body.name, body.days, manager=manager, by=person.subject, token_id=token_id
    )
    return _issued(request, token)


@router.post("/accounts/{account_ref}", status_code=201)
async def create_another(
    account_ref: UUID, body: AnotherToken, request: Request, work: Working, person: Managing, token_id: ByKey
) -> Issued:
    """Create a token for an existing account of a device or a machine, for example a desk with a number."""
    manager = accounts.manager_of(person)
    return _issued(
        request,
        await accounts.issue_token(
            work, account_ref, body.name, body.days, manager=manager, by=person.subject, token_id=token_id
        ),
    )


@router.post("/{id}/renew", status_code=201)
async def renew_token(
    id: UUID, body: Renewal, request: Request, work: Working, person: Managing, token_id: ByKey
) -> Issued:
    """Issue another token of the same account. The old one holds until it expires or is revoked."""
    manager = accounts.manager_of(person)
    renewed = await accounts.renew_token(work, id, body.days, manager=manager, by=person.subject, new_id=token_id)
    return _issued(request, renewed)


@router.delete("/{id}", status_code=204)
async def revoke_token(id: UUID, work: Working, person: Managing) -> None:
    """End a token, in every service within seconds. Doing it again changes nothing."""
    await accounts.revoke_token(work, id, manager=accounts.manager_of(person), by=person.subject)


def _issued(request: Request, token: AccountToken) -> Issued:
    return Issued(
        id=token.sign_in,
        account_ref=token.account_ref,
        expires_at=token.expires_at,
        token=request.app.state.signer.sign(token),
    )
