"""A person whom an OpenID provider vouches for arrives: their account is found or created, and follows the claims."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.chassis.identity.tokens import AccountToken
from services.chassis.storage.store import Work
from services.contracts.accounts import AccountKind, AccountStatus, awaits_approval
from services.contracts.roles import Role
from services.directory.actions.accounts.lives import create
from services.directory.actions.accounts.managers import locked_for
from services.directory.actions.accounts.publishing import CLAIMS, end_all, record
from services.directory.actions.accounts.sign_ins import sign_in
from services.directory.domain.accounts import (
    AccountChangeKind,
    Rights,
    SignInMethod,
    check_last_manager,
)
from services.directory.domain.refusals import RegionUnmanaged
from services.directory.store.accounts import Account, account_of_identity, rights_given_by


async def arrive(
    work: Work, issuer: str, subject: str, *, name: str | None, claimed: Rights, lifetime: timedelta
) -> AccountToken | None:
    """Sign the person of this identity in. None: the account waits for a manager's approval.

    `claimed`: the rights by the issuer's mapping; they replace those of the account at each sign-in. Without any, the
    account keeps what a manager gave, and loses what earlier claims gave. Raises `AccountInactive`, `IdentityTaken`.
    """
    account = await account_of_identity(work.session, issuer, subject)
    if account is None:
        account = await _create(work, issuer, subject, name, claimed)
    else:
        account = await _follow(work, account, name, claimed)
    if awaits_approval(AccountStatus(account.status)):
        return None
    return await sign_in(work, account.id, SignInMethod.OIDC, lifetime, issuer)


async def _create(work: Work, issuer: str, subject: str, name: str | None, claimed: Rights) -> Account:
    return await create(
        work,
        AccountKind.STAFF,
        by=CLAIMS if claimed.roles else None,
        identity=(issuer, subject),
        display_name=name,
        rights=claimed,
        status=AccountStatus.ACTIVE if claimed.roles else AccountStatus.PENDING,
    )


async def _follow(work: Work, known: Account, name: str | None, claimed: Rights) -> Account:
    """Bring the account up to what the claims say now."""
    account, others = await locked_for(work, known.id, None)
    before = _facts(account)
    if name is not None:
        account.display_name = name
    if await _decide(work, account, claimed) and _leaves_a_manager(account, claimed, others):
        _set(account, claimed)
        if not claimed.roles:
            await end_all(work, account)
    after = _facts(account)
    if after != before:
        await record(work, account, AccountChangeKind.CHANGED, CLAIMS, before=before, after=after)
    return account


async def _decide(work: Work, account: Account, claimed: Rights) -> bool:
    """Whether the claims decide: they give rights, or gave those that the account has."""
    match AccountStatus(account.status):
        case AccountStatus.INACTIVE:
            return False
        case AccountStatus.ACTIVE if not claimed.roles:
            return await rights_given_by(work.session, account.id) == CLAIMS
        case AccountStatus.ACTIVE | AccountStatus.PENDING:
            return bool(claimed.roles)


def _leaves_a_manager(account: Account, claimed: Rights, others: Collection[UUID]) -> bool:
    """The region keeps a manager, whatever a provider's groups say: the last one keeps the rights."""
    try:
        check_last_manager(account.rights, claimed, others)
    except RegionUnmanaged:
        return False
    return True


def _set(account: Account, rights: Rights) -> None:
    account.kind, account.organization_id = AccountKind.STAFF.value, None
    account.roles = [role.value for role in Role if role in rights.roles]
    account.centres = sorted(rights.centres)
    account.status = (AccountStatus.ACTIVE if rights.roles else AccountStatus.PENDING).value


def _facts(account: Account) -> dict[str, Any]:
    names = ("kind", "status", "roles", "centres", "display_name")
    return {name: getattr(account, name) for name in names}
