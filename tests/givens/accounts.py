"""Invented accounts in the directory's store, as first sign-ins and managers make them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from services.chassis.identity.tokens import AccountToken
from services.chassis.storage.store import Store
from services.contracts.accounts import AccountKind, AccountStatus
from services.contracts.roles import Role
from services.directory.actions import accounts
from services.directory.domain.accounts import Grantor, Rights, SignInMethod

ISSUER = "https://login.example.test"
REGION = Grantor(Rights(frozenset({Role.MANAGER})))
"""Who manages every account, as the demo account of the region does."""
REGION_BY = "demo/region"


def rights(*roles: Role, centres: tuple[str, ...] = ()) -> Rights:
    return Rights(frozenset(roles), frozenset(centres))


async def account_waits(store: Store, name: str = "Nadia (test)", **facts: Any) -> UUID:
    """A person has signed in for the first time."""
    async with store.work() as work:
        kind = facts.pop("kind", AccountKind.STAFF)
        made = await accounts.create(work, kind, identity=(ISSUER, name.lower()), display_name=name, **facts)
        return made.id


async def account_works(store: Store, name: str, given: Rights, **facts: Any) -> UUID:
    """An active account with these rights."""
    return await account_waits(store, name, rights=given, status=AccountStatus.ACTIVE, **facts)


async def signs_in(store: Store, account: UUID, lifetime: timedelta = timedelta(hours=12)) -> AccountToken:
    """The account signs in with its organisation's OpenID Connect."""
    async with store.work() as work:
        return await accounts.sign_in(work, account, SignInMethod.OIDC, lifetime, ISSUER)
