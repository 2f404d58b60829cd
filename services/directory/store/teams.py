"""The people of providers: the addresses at which they sign in, and their one-time links."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.store import Work
from services.contracts.accounts import AccountKind
from services.directory.store.accounts import MAY_SIGN_IN, Account
from services.directory.store.table import Table


class AccountEmail(Table, table=True):
    """The address to which an account's one-time links are sent. Never in an event."""

    __tablename__ = "account_emails"  # pyright: ignore[reportAssignmentType]

    account_id: UUID = Field(primary_key=True, foreign_key="accounts.id")
    email: str = Field(unique=True, max_length=254)
    invited_by: str = Field(max_length=200)
    """The `subject` of the person."""
    invited_at: datetime
    """When the last invitation was sent."""
    accepted_at: datetime | None = None
    """The first sign-in."""


class SignInLink(Table, table=True):
    """One one-time link. Its secret and its browser's are stored as digests."""

    __tablename__ = "sign_in_links"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    account_id: UUID | None = Field(default=None, foreign_key="accounts.id", index=True)
    """None: it was asked for with an unknown address, and sent to nobody."""
    secret: str = Field(unique=True, max_length=64)
    browser: str = Field(max_length=64)
    created_at: datetime = Field(index=True)
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A person of a team."""

    account: Account
    email: AccountEmail


async def team_of(session: AsyncSession, organization_id: UUID) -> list[Member]:
    """The people who may sign in for this organisation, by address."""
    mine = sa.select(Account, AccountEmail).join(AccountEmail, col(AccountEmail.account_id) == col(Account.id))
    chosen = mine.where(
        col(Account.organization_id) == organization_id,
        col(Account.kind) == AccountKind.PROVIDER.value,
        col(Account.status).in_(MAY_SIGN_IN),
    )
    return [Member(*row) for row in (await session.execute(chosen.order_by(col(AccountEmail.email)))).all()]


async def account_of_address(session: AsyncSession, email: str) -> AccountEmail | None:
    """Whose address this is, in the form of `check_address`; None for an account that may not sign in."""
    mine = sa.select(AccountEmail).join(Account, col(Account.id) == col(AccountEmail.account_id))
    return await session.scalar(mine.where(col(AccountEmail.email) == email, col(Account.status).in_(MAY_SIGN_IN)))


async def links_since(session: AsyncSession, account_id: UUID, since: datetime) -> int:
    """How many links were sent to this account since then."""
    sent = sa.select(sa.func.count()).where(
        col(SignInLink.account_id) == account_id, col(SignInLink.created_at) > since
    )
    return await session.scalar(sent) or 0


async def link_with(session: AsyncSession, secret: str) -> SignInLink | None:
    """The link with this digest."""
    return await session.scalar(sa.select(SignInLink).where(col(SignInLink.secret) == secret))


async def remove_links(work: Work, older_than: timedelta) -> None:
    """Remove links that were asked for longer ago."""
    await work.session.execute(sa.delete(SignInLink).where(col(SignInLink.created_at) < work.now - older_than))


async def remove_contact(work: Work, account_id: UUID) -> None:
    """Remove the address of an account, and its links."""
    links: Sequence[sa.Delete] = (
        sa.delete(SignInLink).where(col(SignInLink.account_id) == account_id),
        sa.delete(AccountEmail).where(col(AccountEmail.account_id) == account_id),
    )
    for one in links:
        await work.session.execute(one)
