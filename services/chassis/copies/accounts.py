"""Copies of published accounts: columns, update, and the person of a token.

Every service has a copy of the accounts and checks it at each request, so that a sign-in that was ended ends in every
service within seconds. Redis takes no part in it.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from time import monotonic
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from services.chassis.i18n import translate
from services.chassis.identity.people import Claim, Person
from services.chassis.identity.tokens import AccountToken
from services.chassis.refusals import msg
from services.chassis.storage.store import Store, Work
from services.chassis.storage.tables import BigNumber
from services.contracts.accounts import (
    AccountKind,
    AccountPublished,
    AccountStatus,
    awaits_approval,
    has_tokens,
    may_sign_in,
)
from services.contracts.roles import Role

ORGANIZATION = "organization_id"
"""The claim of a provider's account that names its organisation."""
STAFF_CODE = "staff_code"
"""The claim with a counsellor's code in the calendar."""

_SUBJECT = "account/"
DEMO = "demo/"
"""How the `Person.subject` of an account of the demonstration begins."""
DEMO_ACCOUNT = msg("Demonstration account")
"""How `Person.subject` begins for an account; then its id."""

CACHE_SECONDS = 2.0
"""How long an account that was read is not read again."""
CACHED_ACCOUNTS = 10_000
IN_USE = 2
"""For how many `CACHE_SECONDS` an account is in use after a request: a stream asks about as often."""
READ_TOGETHER = 500
"""How many accounts are read in one statement, at most."""
NEW_SIGN_IN = timedelta(minutes=1)
"""A sign-in that is younger than this may be ahead of the event that publishes its account."""
WAIT_SECONDS = 1.0
"""How long a request of a new sign-in waits for its account."""
PAUSE_SECONDS = 0.05
USE_AGAIN = timedelta(hours=1)
"""How long the use of a machine's token is not reported again."""


class AccountCopy(SQLModel):
    """The columns of every copy. `id` is the account's `account_ref`."""

    id: UUID = Field(primary_key=True)
    version: int = Field(sa_type=BigNumber)  # pyright: ignore[reportArgumentType]  # an instance works too
    kind: str = Field(max_length=20)
    status: str = Field(max_length=20)
    roles: list[str] = Field(sa_type=sa.JSON)
    centres: list[str] = Field(sa_type=sa.JSON)
    organization_id: UUID | None = None
    code: str | None = Field(default=None, max_length=60)
    display_name: str | None = Field(default=None, max_length=120)
    signed_out_before: datetime | None = None
    ended_sign_ins: list[str] = Field(sa_type=sa.JSON)


Copy = TypeVar("Copy", bound=AccountCopy)


async def copy_account(work: Work, table: type[Copy], published: AccountPublished) -> None:
    """Insert or update the copy of an account. An older version than the copy's changes nothing."""
    facts = published.model_dump(exclude={"account_ref"}) | published.model_dump(
        mode="json", include={"kind", "status", "roles", "centres", "ended_sign_ins"}
    )
    copy = await work.find(table, published.account_ref)
    if copy is None:
        work.add(table(id=published.account_ref, **facts))
    elif published.version > copy.version:
        for name, value in facts.items():
            setattr(copy, name, value)


async def account_names(
    session: AsyncSession, table: type[AccountCopy] | None, subjects: Iterable[str | None]
) -> dict[str, str]:
    """The names of the accounts among these `Person.subject`, or their codes; others are not in it.

    An account of the demonstration has no copy: it is named as one.
    """
    asked = {one for one in subjects if one is not None}
    demo = {one: f"{translate(DEMO_ACCOUNT)} ({one.removeprefix(DEMO)})" for one in asked if one.startswith(DEMO)}
    ids = {one.removeprefix(_SUBJECT) for one in asked if one.startswith(_SUBJECT)}
    if table is None or not ids:
        return demo
    rows = await session.scalars(sa.select(table).where(col(table.id).in_(map(UUID, ids))))
    return demo | {f"{_SUBJECT}{row.id}": name for row in rows if (name := row.display_name or row.code)}


def is_account(subject: str) -> bool:
    """Whether this `Person.subject` is that of an account. Others are of a demonstration, or of the platform's key."""
    return subject.startswith(_SUBJECT)


async def person_now(
    session: AsyncSession, table: type[AccountCopy], subject: str, token: AccountToken | None
) -> Person | None:
    """The person of an account's `Person.subject`, with the rights of now. None: the account may not sign in.

    With the `token` of a sign-in: None also if that was ended. Whether it has expired is for the caller to check.
    """
    account = _known(await session.get(table, UUID(subject.removeprefix(_SUBJECT))), waited=True)
    return account.person if token is None else account.person_of(token)


@dataclass(frozen=True, slots=True)
class _Known:
    """What a service knows of an account, at the `monotonic` time of reading."""

    read_at: float
    person: Person | None
    """None: the account does not exist here, may not sign in, or has no role."""
    may_follow: bool
    """The account is missing or pending: the event that lets it sign in may still be on its way."""
    waited: bool
    """A request has waited for that event in vain."""
    signed_out_before: datetime | None = None
    ended: frozenset[UUID] = frozenset()
    is_machine: bool = False

    @property
    def complete(self) -> bool:
        """Whether it is no use to wait for a further event."""
        return self.waited or not self.may_follow

    def person_of(self, token: AccountToken) -> Person | None:
        ended = token.sign_in in self.ended
        signed_out = self.signed_out_before is not None and token.began_at < self.signed_out_before
        return None if ended or signed_out else self.person


class Accounts:
    """The accounts that one service knows. Each is read from its store at most every `CACHE_SECONDS`.

    With an account that is read, others that are in use and soon due are read too: the open streams of many people
    together cost one statement every `CACHE_SECONDS`, and not one each.
    """

    def __init__(
        self, store: Store, table: type[AccountCopy], on_use: Callable[[UUID], None] = lambda token: None
    ) -> None:
        """`on_use` is called with the id of a machine's token that is used, at most once in `USE_AGAIN`."""
        self._store = store
        self._table = table
        self._on_use = on_use
        self._used: dict[UUID, datetime] = {}
        self._known: dict[UUID, _Known] = {}
        self._asked_at: dict[UUID, float] = {}
        """When a request or a stream last used an account; those of the last seconds."""
        self._reading: dict[UUID, asyncio.Task[_Known]] = {}

    async def person(self, token: AccountToken) -> Person | None:
        """The person of this token. None: it expired, was ended, or its account may not sign in."""
        now = self._store.clock()
        if now >= token.expires_at:
            return None
        known = await self._account(token.account_ref, new=now - token.began_at < NEW_SIGN_IN)
        person = known.person_of(token)
        if person is not None and known.is_machine:
            self._report_use(token.sign_in, now)
        return person

    def _report_use(self, token: UUID, now: datetime) -> None:
        last = self._used.get(token)
        if last is not None and now - last < USE_AGAIN:
            return
        self._used.pop(token, None)  # the dictionary's order is that of reporting
        self._used[token] = now
        if len(self._used) > CACHED_ACCOUNTS:
            del self._used[next(iter(self._used))]
        self._on_use(token)

    async def _account(self, ref: UUID, *, new: bool) -> _Known:
        self._asked_at[ref] = monotonic()
        known = self._known.get(ref)
        if known is not None and monotonic() - known.read_at < CACHE_SECONDS and (known.complete or not new):
            return known
        # Requests that arrive together share one read. It goes on when the first of them is cancelled.
        reading = self._reading.get(ref)
        if reading is None:
            reading = self._reading[ref] = asyncio.create_task(self._read(ref, new))
            reading.add_done_callback(lambda done: self._finish(ref, done))
        return await asyncio.shield(reading)

    async def _read(self, ref: UUID, new: bool) -> _Known:
        known = await self._query(ref, waited=False)
        end = monotonic() + WAIT_SECONDS
        while new and not known.complete:
            await asyncio.sleep(PAUSE_SECONDS)
            known = await self._query(ref, waited=monotonic() >= end)
        return known

    async def _query(self, ref: UUID, *, waited: bool) -> _Known:
        due = self._due(ref)
        query = sa.select(self._table).where(col(self._table.id).in_([ref, *due]))
        async with self._store.read() as session:
            found = {account.id: account for account in await session.scalars(query)}
        for one, before in due.items():
            self._keep(one, _known(found.get(one), waited=before.waited))
        return _known(found.get(ref), waited=waited)

    def _due(self, ref: UUID) -> dict[UUID, _Known]:
        """The other accounts in use that will have to be read again within half of `CACHE_SECONDS`."""
        now = monotonic()
        self._asked_at = {one: at for one, at in self._asked_at.items() if now - at < IN_USE * CACHE_SECONDS}
        used = ((one, known) for one in self._asked_at if one != ref and (known := self._known.get(one)) is not None)
        due = ((one, known) for one, known in used if now - known.read_at > CACHE_SECONDS / 2)
        return dict(islice(due, READ_TOGETHER - 1))

    def _finish(self, ref: UUID, reading: "asyncio.Task[_Known]") -> None:
        del self._reading[ref]
        if not reading.cancelled() and reading.exception() is None:
            self._keep(ref, reading.result())

    def _keep(self, ref: UUID, known: _Known) -> None:
        self._known.pop(ref, None)  # the dictionary's order is that of reading
        self._known[ref] = known
        if len(self._known) > CACHED_ACCOUNTS:
            del self._known[next(iter(self._known))]


def _known(account: AccountCopy | None, *, waited: bool) -> _Known:
    """What a row says, which was read just now; None: there is none."""
    if account is None:
        return _Known(monotonic(), None, may_follow=True, waited=waited)
    status = AccountStatus(account.status)
    return _Known(
        monotonic(),
        _person(account) if may_sign_in(status) else None,
        may_follow=awaits_approval(status),
        waited=waited,
        signed_out_before=account.signed_out_before,
        ended=frozenset(map(UUID, account.ended_sign_ins)),
        is_machine=has_tokens(AccountKind(account.kind)),
    )


def _person(account: AccountCopy) -> Person | None:
    """The person with the account's rights. None without a role that this version knows."""
    roles = frozenset(Role(role) for role in account.roles if role in _GRANTABLE)
    if not roles:
        return None
    return Person(
        subject=f"{_SUBJECT}{account.id}",
        name=account.display_name or "–",
        roles=roles,
        centres=frozenset(account.centres),
        claims=frozenset(_claims(account)),
    )


def _claims(account: AccountCopy) -> Iterator[Claim]:
    if account.organization_id is not None:
        yield Claim(ORGANIZATION, str(account.organization_id))
    if account.code is not None:
        yield Claim(STAFF_CODE, account.code)


_GRANTABLE = frozenset(role.value for role in Role if role is not Role.VISITOR)
"""A visitor signs in by a personal link and has no account."""
