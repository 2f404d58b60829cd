"""Accounts, their identities, sign-ins and machine tokens, and who changed what when."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import Field, SQLModel, col

from services.chassis.copies.accounts import AccountCopy
from services.chassis.i18n import by_name
from services.chassis.storage.list_order import ListOrder
from services.chassis.storage.store import Aggregate
from services.contracts.accounts import AccountKind, AccountStatus, awaits_approval, may_sign_in
from services.contracts.roles import Role
from services.contracts.text import fold
from services.directory.domain.accounts import Rights
from services.directory.store.providers import Organization
from services.directory.store.table import Table

MAY_SIGN_IN = tuple(status.value for status in AccountStatus if may_sign_in(status))
AWAITS_APPROVAL = tuple(status.value for status in AccountStatus if awaits_approval(status))


class Account(Aggregate, AccountCopy, Table, table=True):
    """A person or machine that may sign in. Other services have a copy of these columns."""

    __tablename__ = "accounts"  # pyright: ignore[reportAssignmentType]

    code: str | None = Field(default=None, max_length=60, unique=True)
    created_at: datetime

    @property
    def rights(self) -> Rights:
        """Its roles and centres."""
        return Rights(frozenset(map(Role, self.roles)), frozenset(self.centres))


class Identity(Table, table=True):
    """Who an account is at an issuer: the claims `iss` and `sub`. Never in an event."""

    __tablename__ = "identities"  # pyright: ignore[reportAssignmentType]

    iss: str = Field(primary_key=True, max_length=500)
    sub: str = Field(primary_key=True, max_length=255)
    account_id: UUID = Field(foreign_key="accounts.id", index=True)


class Issued(SQLModel):
    """The columns of what an `AccountToken` is issued for; `id` is the token's `sign_in`."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    account_id: UUID = Field(foreign_key="accounts.id")
    began_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


class SignIn(Issued, Table, table=True):
    """One sign-in of an account."""

    __tablename__ = "sign_ins"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (sa.Index("sign_ins_of_an_account", "account_id", "began_at"),)

    how: str = Field(max_length=20)
    """A `SignInMethod`."""
    issuer: str | None = Field(default=None, max_length=500)
    """The issuer at which the person signs out too."""
    machine_token_id: UUID | None = None
    """The token with which a kiosk signed in; ending it ends the sign-in."""


class MachineToken(Issued, Table, table=True):
    """A named token of a device, a partner or a job."""

    __tablename__ = "machine_tokens"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (sa.Index("machine_tokens_of_an_account", "account_id", "began_at"),)

    name: str = Field(max_length=120)
    last_used_on: date | None = None
    """The last day on which a service saw it, in Belgium."""


class AccountChange(Table, table=True):
    """Who changed what in an account, and when."""

    __tablename__ = "account_changes"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (sa.Index("account_changes_of_an_account", "account_id", "at"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    account_id: UUID = Field(foreign_key="accounts.id")
    at: datetime
    by: str = Field(max_length=200)
    """The `subject` of the person, or `command`."""
    what: str = Field(max_length=20)
    """An `AccountChangeKind`."""
    before: dict[str, Any] = Field(sa_type=sa.JSON)
    after: dict[str, Any] = Field(sa_type=sa.JSON)
    """The values that changed, by the name of the column."""


async def account_of_identity(session: AsyncSession, iss: str, sub: str) -> Account | None:
    """The account of this identity."""
    mine = sa.select(Account).join(Identity, col(Identity.account_id) == col(Account.id))
    return await session.scalar(mine.where(col(Identity.iss) == iss, col(Identity.sub) == sub))


async def identities_of(session: AsyncSession, account_id: UUID) -> Sequence[Identity]:
    """The identities of an account."""
    mine = sa.select(Identity).where(col(Identity.account_id) == account_id)
    return (await session.scalars(mine.order_by(col(Identity.iss), col(Identity.sub)))).all()


async def open_of(
    session: AsyncSession, table: type[SignIn] | type[MachineToken], account_id: UUID, now: datetime
) -> Any:
    """The account's sign-ins or machine tokens that hold, the newest first."""
    mine = sa.select(table).where(
        col(table.account_id) == account_id, col(table.ended_at).is_(None), col(table.expires_at) > now
    )
    return (await session.scalars(mine.order_by(col(table.began_at).desc(), col(table.id)))).all()


async def sign_ins_with(session: AsyncSession, token_id: UUID) -> Sequence[SignIn]:
    """The sign-ins of kiosks with this machine token that were not ended."""
    mine = sa.select(SignIn).where(col(SignIn.machine_token_id) == token_id, col(SignIn.ended_at).is_(None))
    return (await session.scalars(mine)).all()


async def ended_of(session: AsyncSession, account_id: UUID, now: datetime) -> list[UUID]:
    """What was ended and would not have expired yet: sign-ins and machine tokens."""
    found: list[UUID] = []
    for table in (SignIn, MachineToken):
        ended = sa.select(col(table.id)).where(
            col(table.account_id) == account_id, col(table.ended_at).is_not(None), col(table.expires_at) > now
        )
        found.extend(await session.scalars(ended.order_by(col(table.id))))
    return found


async def region_managers(session: AsyncSession) -> list[UUID]:
    """The active members of staff who manage the whole region."""
    chosen = sa.select(col(Account.id)).where(
        col(Account.kind) == AccountKind.STAFF.value,
        col(Account.status).in_(MAY_SIGN_IN),
        _has(Account.roles, Role.MANAGER),
        _text(Account.centres) == "[]",
    )
    return list(await session.scalars(chosen))


async def last_sign_ins(session: AsyncSession, accounts: Collection[UUID]) -> dict[UUID, datetime]:
    """When these accounts last signed in, by account."""
    # Not `max`: it reads every sign-in of an account, of years.
    mine = sa.select(col(SignIn.began_at)).where(col(SignIn.account_id) == col(Account.id))
    latest = mine.order_by(col(SignIn.began_at).desc()).limit(1).scalar_subquery()
    found = await session.execute(sa.select(col(Account.id), latest).where(col(Account.id).in_(accounts)))
    return {row[0]: row[1] for row in found if row[1]}


_LAST_CHANGE = ListOrder(col(AccountChange.at), id=col(AccountChange.id), newest_first=True)


async def changes_of(
    session: AsyncSession, account_id: UUID, *, after: UUID | None = None, limit: int
) -> Sequence[AccountChange]:
    """The account's changes behind the change `after`, the newest first."""
    mine = sa.select(AccountChange).where(col(AccountChange.account_id) == account_id)
    return (await session.scalars(await _LAST_CHANGE.page(session, mine, limit, after))).all()


async def rights_given_by(session: AsyncSession, account_id: UUID) -> str | None:
    """Who gave the account the rights that it has: the `by` of the last change of its roles or centres."""
    changed = sa.select(AccountChange).where(
        col(AccountChange.account_id) == account_id,
        _text(AccountChange.after).like('%"roles"%') | _text(AccountChange.after).like('%"centres"%'),
    )
    last = await session.scalar(changed.order_by(col(AccountChange.at).desc()).limit(1))
    return last.by if last is not None else None


async def names_of(session: AsyncSession, accounts: Collection[UUID]) -> dict[UUID, str]:
    """The display names of these accounts."""
    chosen = sa.select(col(Account.id), sa.func.coalesce(col(Account.display_name), "–"))
    return {row[0]: row[1] for row in await session.execute(chosen.where(col(Account.id).in_(accounts)))}


async def organization_names(session: AsyncSession) -> dict[UUID, str]:
    """Every provider's name, by its id, in the order of the names."""
    found = await session.execute(sa.select(col(Organization.id), col(Organization.name)))
    return dict(sorted(((row[0], row[1]) for row in found), key=lambda pair: by_name(pair[1])))


async def tokens_page(
    session: AsyncSession,
    *,
    within: Collection[str] | None = None,
    others: Collection[str] = (),
    after: UUID | None = None,
    limit: int = 50,
) -> list[tuple[MachineToken, Account]]:
    """Machine tokens with their accounts: those that were not revoked first, then by account, the newest first.

    `within`, `others`: as for `accounts_page`. `after`: only those behind this token.
    """
    chosen = sa.select(MachineToken, Account).join(Account, col(MachineToken.account_id) == col(Account.id))
    newest = (col(MachineToken.began_at).desc(), col(MachineToken.id))
    found = await session.execute(chosen.where(*_scope(within, others)).order_by(*newest))
    ordered = sorted(((row[0], row[1]) for row in found), key=_token_order)
    begins = next((place for place, (token, _) in enumerate(ordered, 1) if token.id == after), 0)
    return ordered[begins : begins + limit]


def _token_order(pair: tuple[MachineToken, Account]) -> tuple[bool, tuple[str, str], str]:
    token, account = pair
    return token.ended_at is not None, by_name(account.display_name or ""), str(account.id)


async def remove_expired_sign_ins(session: AsyncSession, now: datetime) -> None:
    """Remove the sign-ins that have expired, but the last one of each account: lists show when that was."""
    later = aliased(SignIn)
    followed = sa.exists().where(
        col(later.account_id) == col(SignIn.account_id), col(later.began_at) > col(SignIn.began_at)
    )
    await session.execute(sa.delete(SignIn).where(col(SignIn.expires_at) <= now, followed))


async def keep_uses(session: AsyncSession, tokens: Collection[UUID], day: date) -> None:
    """Keep that these machine tokens, or those of these sign-ins of kiosks, were used on this day."""
    before = col(MachineToken.last_used_on).is_(None) | (col(MachineToken.last_used_on) < day)
    signed_in = sa.select(col(SignIn.machine_token_id)).where(col(SignIn.id).in_(tokens))
    mine = col(MachineToken.id).in_(tokens) | col(MachineToken.id).in_(signed_in)
    await session.execute(sa.update(MachineToken).where(mine, before).values(last_used_on=day))


async def accounts_page(
    session: AsyncSession,
    *,
    text: str = "",
    status: AccountStatus | None = None,
    role: Role | None = None,
    centre: str | None = None,
    within: Collection[str] | None = None,
    others: Collection[str] = (),
    skip: int = 0,
    limit: int = 50,
) -> Sequence[Account]:
    """Accounts, those that wait for approval first, then by name.

    `within`: only accounts that belong to these centres and to none of the `others`.
    """
    chosen = sa.select(Account)
    if status is not None:
        chosen = chosen.where(col(Account.status) == status.value)
    if role is not None:
        chosen = chosen.where(_has(Account.roles, role))
    if centre is not None:
        chosen = chosen.where(_has(Account.centres, centre))
    chosen = chosen.where(*_scope(within, others))
    # Sorted and compared here: stores differ in what they take for the same letter, and in its place.
    found = sorted(await session.scalars(chosen), key=_account_order)
    if text:
        found = [one for one in found if _is_named(one, fold(text))]
    return found[skip : skip + limit]


def _account_order(account: Account) -> tuple[bool, tuple[str, str], str]:
    name = account.display_name or account.code or ""
    return account.status not in AWAITS_APPROVAL, by_name(name), str(account.id)


def _is_named(account: Account, searched: str) -> bool:
    """Whether the folded text is in the account's name or code. One that folds to nothing is in none."""
    return bool(searched) and any(searched in fold(one) for one in (account.display_name, account.code) if one)


def _scope(within: Collection[str] | None, others: Collection[str]) -> list[Any]:
    """The conditions for accounts that belong to the centres `within` and to none of the `others`."""
    if within is None:
        return []
    return [
        sa.or_(sa.false(), *(_has(Account.centres, one) for one in within)),
        *(~_has(Account.centres, one) for one in others),
    ]


def _text(column: Any) -> Any:
    return sa.cast(column, sa.Text)


def _has(column: Any, code: str) -> Any:
    """Whether a JSON list of codes contains this one. Codes contain no quotation marks and no wildcards of LIKE."""
    return _text(column).like(f'%"{code}"%')
