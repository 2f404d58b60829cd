"""The accounts of people who left."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.contracts.accounts import AccountKind, AccountStatus, awaits_approval, has_tokens, may_sign_in
from services.directory.store.accounts import Account, AccountChange
from services.directory.store.teams import AccountEmail

_ENDED = tuple(one.value for one in AccountStatus if not may_sign_in(one) and not awaits_approval(one))
_PEOPLE = tuple(kind.value for kind in AccountKind if not has_tokens(kind))


async def named_and_ended(session: AsyncSession, before: datetime, limit: int) -> Sequence[Account]:
    """Inactive accounts of people that still have a name or an e-mail address, and that nobody changed since."""
    changed = sa.exists().where(col(AccountChange.account_id) == col(Account.id), col(AccountChange.at) >= before)
    # Who was invited to a provider's team has an address and no name.
    addressed = sa.exists().where(col(AccountEmail.account_id) == col(Account.id))
    chosen = sa.select(Account).where(
        col(Account.status).in_(_ENDED),
        col(Account.kind).in_(_PEOPLE),
        col(Account.display_name).is_not(None) | addressed,
        ~changed,
    )
    return (await session.scalars(chosen.order_by(col(Account.id)).limit(limit))).all()


def has_ended(account: Account) -> bool:
    """Whether the account is inactive."""
    return account.status in _ENDED
