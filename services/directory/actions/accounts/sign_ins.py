"""Sign-ins and machine tokens: how they begin, and what ends them."""

from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.identity.tokens import AccountToken
from services.chassis.refusals import AlreadyDifferent, NotFound, ShownBefore, msg
from services.chassis.storage.store import Work
from services.contracts.accounts import AccountKind, AccountStatus
from services.directory.actions.accounts.managers import check_may_grant, locked_for
from services.directory.actions.accounts.publishing import end_all, latest, publish, record
from services.directory.domain import refusals
from services.directory.domain.accounts import (
    AccountChangeKind,
    Grantor,
    SignInMethod,
    acts_on,
    check_machine,
    check_not_own,
    lifetime_of,
)
from services.directory.domain.kiosks import DeviceTokenNotValid, check_kiosk
from services.directory.store.accounts import Account, Issued, MachineToken, SignIn, account_of_identity, sign_ins_with


async def find_by_identity(session: AsyncSession, iss: str, sub: str) -> Account | None:
    """The account of this issuer and subject. An e-mail address or a name finds no account."""
    return await account_of_identity(session, iss, sub)


async def sign_in(
    work: Work, account_id: UUID, how: SignInMethod, lifetime: timedelta, issuer: str | None = None
) -> AccountToken:
    """Begin a sign-in of an active account. Raises `AwaitsApproval`, `AccountInactive`, `NotFound`."""
    account = await work.load(Account, account_id, msg("account"))
    _check_active(account)
    # Not before the last sign-out: another replica's clock may be ahead.
    began_at = latest(account.signed_out_before, work.now)
    one = SignIn(account_id=account.id, began_at=began_at, expires_at=began_at + lifetime, how=how.value, issuer=issuer)
    return _token(work.add(one))


async def sign_in_kiosk(work: Work, token: AccountToken) -> AccountToken:
    """Begin the sign-in of a kiosk's browser, as long as its machine token is valid.

    It is a sign-in of its own: signing out ends it and leaves the token. Raises `DeviceTokenNotValid`, `NotAKiosk`,
    `AccountInactive`.
    """
    account = await work.find(Account, token.account_ref)
    machine = await work.session.get(MachineToken, token.sign_in)
    if account is None or machine is None or machine.account_id != account.id:
        raise DeviceTokenNotValid()
    signed_out = account.signed_out_before is not None and machine.began_at < account.signed_out_before
    if machine.ended_at is not None or machine.expires_at <= work.now or signed_out:
        raise DeviceTokenNotValid()
    check_kiosk(AccountKind(account.kind), account.rights)
    _check_active(account)
    began_at = latest(account.signed_out_before, work.now)
    one = SignIn(account_id=account.id, began_at=began_at, expires_at=machine.expires_at, how=SignInMethod.DEVICE.value)
    one.machine_token_id = machine.id
    work.add(one)
    await publish(work, account)  # so that a restored directory, which may not have the sign-in, ends it
    return _token(one)


async def sign_out(work: Work, token: AccountToken) -> SignIn | None:
    """End the token's sign-in, in every service. Returns it; None: it does not exist, or was ended or has expired."""
    account = await work.find(Account, token.account_ref)
    one = await work.find(SignIn, token.sign_in)
    if account is None or one is None or one.account_id != account.id:
        return None
    if one.ended_at is not None or one.expires_at <= work.now:
        return None
    one.ended_at = work.now
    await publish(work, account)
    return one


async def end_sign_ins(work: Work, id: UUID, *, manager: Grantor, by: str) -> Account:
    """End every sign-in and machine token of an account. It may sign in again.

    Raises `NotFound`, `OwnAccount`, `RoleNotGranted`, `CentreNotGranted`.
    """
    account, _others = await locked_for(work, id, manager)
    check_not_own(manager, id)
    await check_may_grant(work.session, manager, account.rights, account.rights)
    await end_all(work, account)
    await record(work, account, AccountChangeKind.SIGNED_OUT, by)
    return account


async def check_new_token(work: Work, id: UUID, name: str, account_id: UUID | None = None) -> None:
    """No token has this id, which was chosen with a form. `account_id` None: the account is made with it.

    Raises `ShownBefore` if it is the token that the form made, `AlreadyDifferent` if it is another one.
    """
    same = await work.find(MachineToken, id)
    if same is not None:
        raise ShownBefore() if same.name == name and account_id in (None, same.account_id) else AlreadyDifferent()


async def issue_token(
    work: Work, id: UUID, name: str, days: int, *, manager: Grantor, by: str, token_id: UUID | None = None
) -> AccountToken:
    """Issue a named token of an active account of a device or a machine. Its text is kept nowhere.

    `token_id`: chosen with the form, so that a form that is sent twice makes one token.

    Raises `ShownBefore`, `AlreadyDifferent` if the token of that id is another account's or has another name,
    `NotFound`, `RoleNotGranted`, `CentreNotGranted`, `AwaitsApproval`, `AccountInactive`, `NotAMachine`, `TokenDays`.
    """
    lifetime = lifetime_of(days)
    work.guard("machine_tokens_key", ShownBefore())
    account, _others = await locked_for(work, id, manager)
    await check_may_grant(work.session, manager, account.rights, account.rights)
    check_machine(AccountKind(account.kind))
    _check_active(account)
    if token_id is not None:
        await check_new_token(work, token_id, name, account.id)
    began_at = latest(account.signed_out_before, work.now)
    one = work.add(
        MachineToken(
            id=token_id or uuid4(),
            account_id=account.id,
            began_at=began_at,
            expires_at=began_at + lifetime,
            name=name,
        )
    )
    await record(work, account, AccountChangeKind.TOKEN_ISSUED, by, after={"token": name})
    return _token(one)


async def renew_token(
    work: Work, token_id: UUID, days: int | None, *, manager: Grantor, by: str, new_id: UUID | None = None
) -> AccountToken:
    """Issue another token of the same account and name: a partner keeps its references of people.

    `days`: None for as many as before. `new_id`: as `token_id` of `issue_token`. The old token holds until it expires
    or is revoked. Raises as `issue_token`.
    """
    old = await token_for(work.session, token_id, manager)
    if days is None:
        days = (old.expires_at - old.began_at).days
    return await issue_token(work, old.account_id, old.name, days, manager=manager, by=by, token_id=new_id)


async def revoke_token(work: Work, token_id: UUID, *, manager: Grantor, by: str) -> MachineToken:
    """End a machine token and the sign-ins of kiosks with it, in every service. Doing it again changes nothing.

    Raises `NotFound`, `RoleNotGranted`, `CentreNotGranted`.
    """
    account_id = (await token_for(work.session, token_id, manager)).account_id
    account, _others = await locked_for(work, account_id, manager)
    await check_may_grant(work.session, manager, account.rights, account.rights)
    one = await work.load(MachineToken, token_id, msg("machine token"))
    if one.ended_at is None:
        for ended in (one, *await sign_ins_with(work.session, one.id)):
            ended.ended_at = work.now
        await record(work, account, AccountChangeKind.TOKEN_REVOKED, by, after={"token": one.name})
    return one


async def token_for(session: AsyncSession, token_id: UUID, manager: Grantor) -> MachineToken:
    """A machine token that this manager may see. Raises `NotFound`, also for another one."""
    one = await session.get(MachineToken, token_id)
    account = await session.get(Account, one.account_id) if one is not None else None
    if one is None or account is None or not acts_on(manager, account.rights):
        raise NotFound(what=msg("machine token"))
    return one


def _check_active(account: Account) -> None:
    match AccountStatus(account.status):
        case AccountStatus.ACTIVE:
            pass
        case AccountStatus.PENDING:
            raise refusals.AwaitsApproval()
        case AccountStatus.INACTIVE:
            raise refusals.AccountInactive()


def _token(issued: Issued) -> AccountToken:
    return AccountToken(
        account_ref=issued.account_id,
        sign_in=issued.id,
        began_at=issued.began_at,
        expires_at=issued.expires_at,
    )
