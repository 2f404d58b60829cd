"""The life of an account: created, approved, changed, deactivated, reactivated."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from services.chassis.refusals import msg
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.accounts import AccountKind, AccountStatus
from services.contracts.roles import Role
from services.directory.actions.accounts.managers import check_may_grant, locked_for
from services.directory.actions.accounts.publishing import COMMAND, end_all, end_kiosks, record
from services.directory.domain import refusals
from services.directory.domain.accounts import (
    AccountChangeKind,
    Grantor,
    Rights,
    check_kind,
    check_last_manager,
    check_machine,
    check_not_own,
    check_rights,
    kind_of,
)
from services.directory.domain.kiosks import is_kiosk
from services.directory.store import Organization, centre_codes, unknown_centre
from services.directory.store.accounts import Account, Identity, account_of_identity


async def create(
    work: Work,
    kind: AccountKind,
    *,
    by: str | None = None,
    identity: tuple[str, str] | None = None,
    display_name: str | None = None,
    rights: Rights | None = None,
    organization_id: UUID | None = None,
    code: str | None = None,
    status: AccountStatus = AccountStatus.PENDING,
) -> Account:
    """Create an account. `identity`: issuer and subject. `by`: None at a person's own first sign-in.

    Who calls it has checked the rights.

    Raises `IdentityTaken` if another request created an account of this identity at the same moment, `CodeTaken`.
    """
    work.guard("accounts_code_unique", refusals.CodeTaken())
    work.guard("identities_key", refusals.IdentityTaken())
    account = Account(
        kind=kind.value,
        status=status.value,
        organization_id=organization_id,
        code=code,
        display_name=display_name,
        ended_sign_ins=[],
        created_at=work.now,
        roles=_roles(rights or Rights()),
        centres=sorted((rights or Rights()).centres),
    )
    work.start(account)
    await work.session.flush()
    if identity is not None:
        work.add(Identity(iss=identity[0], sub=identity[1], account_id=account.id))
    await record(work, account, AccountChangeKind.CREATED, by or f"account/{account.id}", after=facts_of(account))
    return account


async def create_machine(
    work: Work,
    kind: AccountKind,
    name: str,
    rights: Rights,
    *,
    manager: Grantor,
    by: str,
    organization_id: UUID | None = None,
) -> Account:
    """Create the active account of a device or a machine, under the name of the desk, partner or job.

    Raises `NotAMachine`, `RoleNotForMachine`, `RoleNotGranted`, `CentreNotGranted`, `UnknownCentre`,
    `UnknownOrganization`, and what `check_rights` raises.
    """
    check_machine(kind)
    organization_id = organization_id if Role.PROVIDER in rights.roles else None
    check_rights(rights, organization_id)
    check_kind(kind, rights.roles)
    await check_may_grant(work.session, manager, Rights(), rights)
    await _check_known(work, rights.centres, organization_id)
    return await create(
        work,
        kind,
        by=by,
        display_name=name,
        rights=rights,
        organization_id=organization_id,
        status=AccountStatus.ACTIVE,
    )


async def approve(
    work: Work,
    id: UUID,
    rights: Rights,
    *,
    manager: Grantor,
    by: str,
    organization_id: UUID | None = None,
    code: str | None = None,
    version: int | None = None,
) -> Account:
    """Let a pending account sign in, with these rights.

    Raises `WrongAccountStatus`, and what `change` raises.
    """
    account, _others = await locked_for(work, id, manager)
    match AccountStatus(account.status):
        case AccountStatus.PENDING:
            pass
        case AccountStatus.ACTIVE | AccountStatus.INACTIVE:
            raise refusals.WrongAccountStatus(status=AccountStatus(account.status))
    before = facts_of(account)
    await _set_rights(work, account, rights, manager, organization_id, code, version)
    account.status = AccountStatus.ACTIVE.value
    await record(work, account, AccountChangeKind.APPROVED, by, before=before, after=facts_of(account))
    return account


async def change(
    work: Work,
    id: UUID,
    rights: Rights,
    *,
    manager: Grantor,
    by: str,
    organization_id: UUID | None = None,
    code: str | None = None,
    version: int | None = None,
) -> Account:
    """Replace the rights, organisation and code of an account. The same values again change nothing.

    Raises `NotFound`, `Stale`, `OwnAccount`, `RoleNotGranted`, `CentreNotGranted`, `RegionUnmanaged`, `UnknownCentre`,
    `UnknownOrganization`, `CodeTaken`, `WrongAccountStatus`, and what `check_rights` raises.
    """
    account, others = await locked_for(work, id, manager)
    match AccountStatus(account.status):
        case AccountStatus.ACTIVE:
            check_last_manager(account.rights, rights, others)
        case AccountStatus.INACTIVE:
            pass
        case AccountStatus.PENDING:
            raise refusals.WrongAccountStatus(status=AccountStatus(account.status))
    before = facts_of(account)
    await _set_rights(work, account, rights, manager, organization_id, code, version)
    if facts_of(account) != before:
        await record(work, account, AccountChangeKind.CHANGED, by, before=before, after=facts_of(account))
    return account


async def deactivate(work: Work, id: UUID, *, manager: Grantor, by: str, version: int | None = None) -> Account:
    """End an account's sign-ins and machine tokens, and let it sign in no more. Doing it again changes nothing.

    Raises `NotFound`, `Stale`, `OwnAccount`, `RoleNotGranted`, `CentreNotGranted`, `RegionUnmanaged`.
    """
    account, others = await locked_for(work, id, manager)
    check_version(account, version)
    check_not_own(manager, id)
    match AccountStatus(account.status):
        case AccountStatus.INACTIVE:
            return account
        case AccountStatus.ACTIVE:
            check_last_manager(account.rights, Rights(), others)
        case AccountStatus.PENDING:
            pass
    await check_may_grant(work.session, manager, account.rights, account.rights)
    before = facts_of(account)
    account.status = AccountStatus.INACTIVE.value
    await end_all(work, account)
    await record(work, account, AccountChangeKind.DEACTIVATED, by, before=before, after=facts_of(account))
    return account


async def reactivate(work: Work, id: UUID, *, manager: Grantor, by: str, version: int | None = None) -> Account:
    """Let an inactive account sign in again, with the rights that it had. Doing it again changes nothing.

    Raises `NotFound`, `Stale`, `OwnAccount`, `RoleNotGranted`, `CentreNotGranted`, `WrongAccountStatus`, and what
    `check_rights` raises.
    """
    account, _others = await locked_for(work, id, manager)
    check_version(account, version)
    check_not_own(manager, id)
    match AccountStatus(account.status):
        case AccountStatus.ACTIVE:
            return account
        case AccountStatus.INACTIVE:
            pass
        case AccountStatus.PENDING:
            raise refusals.WrongAccountStatus(status=AccountStatus(account.status))
    await check_may_grant(work.session, manager, account.rights, account.rights)
    check_rights(account.rights, account.organization_id)
    before = facts_of(account)
    account.status = AccountStatus.ACTIVE.value
    await record(work, account, AccountChangeKind.REACTIVATED, by, before=before, after=facts_of(account))
    return account


async def make_manager(work: Work, iss: str, sub: str, display_name: str) -> Account:
    """Make the person of this identity a region-wide manager: for the first one, when nobody can sign in yet.

    For who has access to the store. Keeps an account that the person already has; doing it again changes nothing.
    Raises `IdentityTaken`.
    """
    rights = Rights(frozenset({Role.MANAGER}))
    known = await account_of_identity(work.session, iss, sub)
    if known is None:
        return await create(
            work,
            AccountKind.STAFF,
            by=COMMAND,
            identity=(iss, sub),
            display_name=display_name,
            rights=rights,
            status=AccountStatus.ACTIVE,
        )
    account = await work.load(Account, known.id, msg("account"))
    before = facts_of(account)
    account.display_name, account.status = display_name, AccountStatus.ACTIVE.value
    account.kind, account.organization_id = AccountKind.STAFF.value, None
    account.roles, account.centres = _roles(rights), []
    if facts_of(account) != before:
        await record(work, account, AccountChangeKind.CHANGED, COMMAND, before=before, after=facts_of(account))
    return account


async def _set_rights(
    work: Work,
    account: Account,
    rights: Rights,
    manager: Grantor,
    organization_id: UUID | None,
    code: str | None,
    version: int | None,
) -> None:
    check_version(account, version)
    check_not_own(manager, account.id)
    organization_id = organization_id if Role.PROVIDER in rights.roles else None
    check_rights(rights, organization_id)
    check_kind(AccountKind(account.kind), rights.roles)
    await check_may_grant(work.session, manager, account.rights, rights)
    await _check_known(work, rights.centres, organization_id)
    work.guard("accounts_code_unique", refusals.CodeTaken())
    account.kind = kind_of(AccountKind(account.kind), rights.roles).value
    account.organization_id, account.code = organization_id, code
    account.roles, account.centres = _roles(rights), sorted(rights.centres)
    if not is_kiosk(AccountKind(account.kind), account.rights):
        await end_kiosks(work, account)  # who stands before a kiosk gets none of the rights that the account has now


async def _check_known(work: Work, centres: Collection[str], organization_id: UUID | None) -> None:
    known = await centre_codes(work.session)
    for centre in sorted(set(centres) - set(known)):
        raise await unknown_centre(work.session, centre, "centres")
    if organization_id is not None and await work.session.get(Organization, organization_id) is None:
        raise refusals.UnknownOrganization()


def _roles(rights: Rights) -> list[str]:
    return [role.value for role in Role if role in rights.roles]


def facts_of(account: Account) -> dict[str, Any]:
    """What a change keeps of an account, by column."""
    names = ("kind", "status", "roles", "centres", "code", "display_name")
    organization = str(account.organization_id) if account.organization_id else None
    return {name: getattr(account, name) for name in names} | {"organization_id": organization}
