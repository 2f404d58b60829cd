"""What every change of an account does: it is recorded, and the account is published."""

from datetime import datetime, timedelta
from typing import Any

from services.chassis.storage.store import Work
from services.contracts.accounts import AccountKind, AccountPublished, AccountStatus, awaits_approval
from services.contracts.topics import ACCOUNTS
from services.directory.domain.accounts import AccountChangeKind
from services.directory.store.accounts import Account, AccountChange, MachineToken, SignIn, ended_of, open_of

COMMAND = "command"
"""`by`, if `cefo accounts` was run on the machine."""
CLAIMS = "claims"
"""`by`, where the claims of an OpenID provider decided."""


async def record(
    work: Work,
    account: Account,
    what: AccountChangeKind,
    by: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Keep who changed what, and publish the account. `before`, `after`: values by column."""
    before, after = before or {}, after or {}
    changed = {name for name in after if after[name] != before.get(name)}
    work.add(
        AccountChange(
            account_id=account.id,
            at=work.now,
            by=by,
            what=what.value,
            before={name: before[name] for name in sorted(changed & before.keys())},
            after={name: after[name] for name in sorted(changed)},
        )
    )
    await publish(work, account)


async def publish(work: Work, account: Account) -> None:
    """Publish the account's current state."""
    await work.session.flush()
    account.ended_sign_ins = [str(id) for id in await ended_of(work.session, account.id, work.now)]
    status = AccountStatus(account.status)
    # The name of staff alone, and not before the account was approved.
    named = account.kind == AccountKind.STAFF.value and not awaits_approval(status)
    work.emit(
        account,
        AccountPublished(
            account_ref=account.id,
            version=work.next_version(account, ACCOUNTS),
            kind=AccountKind(account.kind),
            status=status,
            roles=tuple(account.roles),
            centres=tuple(account.centres),
            organization_id=account.organization_id,
            code=account.code,
            display_name=account.display_name if named else None,
            signed_out_before=account.signed_out_before,
            ended_sign_ins=tuple(account.ended_sign_ins),  # pyright: ignore[reportArgumentType]
        ),
    )


async def end_all(work: Work, account: Account) -> None:
    """End every sign-in and machine token of the account that holds."""
    before = work.now
    for table in (SignIn, MachineToken):
        for one in await open_of(work.session, table, account.id, work.now):
            one.ended_at = work.now
            # Another replica's clock may be ahead.
            before = max(before, one.began_at + timedelta(microseconds=1))
    account.signed_out_before = latest(account.signed_out_before, before)


async def end_kiosks(work: Work, account: Account) -> None:
    """End the sign-ins of kiosks with machine tokens of the account. The tokens stay."""
    for one in await open_of(work.session, SignIn, account.id, work.now):
        if one.machine_token_id is not None:
            one.ended_at = work.now


def latest(one: datetime | None, other: datetime) -> datetime:
    """The later of two times."""
    return other if one is None else max(one, other)
