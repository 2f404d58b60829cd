"""What ends with the years: the name and the address of a person whose account was deactivated long ago."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.storage.outbox import delete_sent
from services.chassis.storage.store import Work
from services.contracts.topics import ACCOUNTS
from services.directory.actions.accounts.publishing import publish
from services.directory.store.accounts import Account, AccountChange
from services.directory.store.former_accounts import has_ended, named_and_ended
from services.directory.store.teams import AccountEmail


async def remove_names(work: Work, before: datetime, limit: int) -> int:
    """Remove the names and e-mail addresses of people whose accounts were deactivated before, and publish that.

    The account stays inactive, with the person's identity at their issuer: otherwise their next sign-in would make a
    new account, and a group of the issuer could give it rights. Returns of how many accounts.
    """
    found = await named_and_ended(work.session, before, limit)
    await work.prefetch(Account, sorted(one.id for one in found))
    # Locked only now: who was reactivated meanwhile keeps their name.
    left = [one for one in found if has_ended(one)]
    if left:
        keys = [str(one.id).encode() for one in left]
        await delete_sent(work.session, work.table("outbox"), ACCOUNTS, keys)
    for account in left:
        account.display_name = None
        await work.session.execute(sa.delete(AccountEmail).where(col(AccountEmail.account_id) == account.id))
        changes = sa.select(AccountChange).where(col(AccountChange.account_id) == account.id)
        for change in await work.session.scalars(changes):
            change.before, change.after = _without_name(change.before), _without_name(change.after)
        await publish(work, account)
    return len(left)


def _without_name(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name != "display_name"}
