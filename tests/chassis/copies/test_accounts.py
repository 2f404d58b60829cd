"""A service's copy of the accounts, and the person of a token: looked up in it, and ended with it."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import SQLModel

from services.chassis.copies import accounts
from services.chassis.copies.accounts import AccountCopy, Accounts, copy_account
from services.chassis.identity.tokens import AccountToken
from services.chassis.storage.store import Store
from services.chassis.storage.tables import chassis_metadata
from services.chassis.testing import FixedClock
from services.contracts.accounts import AccountKind, AccountPublished, AccountStatus
from services.contracts.roles import Role


class Table(SQLModel):
    metadata = chassis_metadata()


class Account(AccountCopy, Table, table=True):
    __tablename__ = "accounts"  # pyright: ignore[reportAssignmentType]


NADIA = uuid4()
HOURS = timedelta(hours=12)


def published(version: int, ref: UUID = NADIA, **changed: Any) -> AccountPublished:
    facts: dict[str, Any] = {
        "account_ref": ref,
        "version": version,
        "kind": AccountKind.STAFF,
        "status": AccountStatus.ACTIVE,
        "roles": ("counsellor",),
        "centres": ("mons",),
        "code": "mons-c01",
        "display_name": "Nadia (test)",
    }
    return AccountPublished(**facts | changed)


async def publish(store: Store, *events: AccountPublished) -> None:
    for event in events:
        async with store.work() as work:
            await copy_account(work, Account, event)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


def token(clock: FixedClock, ref: UUID = NADIA, ago: timedelta = timedelta(hours=1)) -> AccountToken:
    began_at = clock.now - ago
    return AccountToken(account_ref=ref, sign_in=uuid4(), began_at=began_at, expires_at=began_at + HOURS)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/copies.db"


@pytest.fixture
async def store(url: str, clock: FixedClock) -> AsyncGenerator[Store]:
    made = Store(url, "copies", Table.metadata, clock)
    async with made.writer.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
    yield made
    await made.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No cache unless a test wants one, and a wait that a test can bear."""
    monkeypatch.setattr(accounts, "CACHE_SECONDS", 0.0)
    monkeypatch.setattr(accounts, "WAIT_SECONDS", 0.2)
    monkeypatch.setattr(accounts, "PAUSE_SECONDS", 0.01)


async def test_the_person_of_a_token_has_the_rights_of_the_account(store: Store, clock: FixedClock) -> None:
    organization = uuid4()
    await publish(store, published(1, organization_id=organization))
    person = await Accounts(store, Account).person(token(clock))
    assert person is not None
    assert (person.subject, person.name) == (f"account/{NADIA}", "Nadia (test)")
    assert (person.roles, person.centres) == ({Role.COUNSELLOR}, {"mons"})
    assert person.claim("staff_code") == "mons-c01"
    assert person.claim("organization_id") == str(organization)


async def test_a_later_version_replaces_the_copy_and_an_earlier_one_changes_nothing(
    store: Store, clock: FixedClock
) -> None:
    """A read model that is rebuilt reads the topic from its beginning: that must not let anyone in again."""
    inactive = published(3, status=AccountStatus.INACTIVE)
    known = Accounts(store, Account)
    for event, may in ((published(2), True), (inactive, False), (published(1), False), (published(2), False)):
        await publish(store, event)
        assert (await known.person(token(clock)) is not None) == may


@pytest.mark.parametrize(
    "changed",
    [
        {"status": AccountStatus.INACTIVE},
        {"status": AccountStatus.PENDING},
        {"roles": ()},
        {"roles": ("visitor",)},
        {"roles": ("caretaker",)},
    ],
    ids=str,
)
async def test_an_account_without_rights_is_nobody(store: Store, clock: FixedClock, changed: dict[str, Any]) -> None:
    await publish(store, published(1, **changed))
    assert await Accounts(store, Account).person(token(clock)) is None


async def test_a_role_that_this_version_does_not_know_gives_nothing(store: Store, clock: FixedClock) -> None:
    await publish(store, published(1, roles=("caretaker", "front-desk", "visitor")))
    person = await Accounts(store, Account).person(token(clock))
    assert person is not None
    assert person.roles == {Role.FRONT_DESK}


async def test_an_expired_token_is_nobodys(store: Store, clock: FixedClock) -> None:
    await publish(store, published(1))
    known, mine = Accounts(store, Account), token(clock, ago=timedelta())
    clock.forward(hours=11, minutes=59)
    assert await known.person(mine) is not None
    clock.forward(minutes=1)
    assert await known.person(mine) is None


async def test_one_sign_in_is_ended_and_the_others_hold(store: Store, clock: FixedClock) -> None:
    here, there = token(clock), token(clock)
    await publish(store, published(1, ended_sign_ins=(here.sign_in,)))
    known = Accounts(store, Account)
    assert await known.person(here) is None
    assert await known.person(there) is not None


async def test_every_earlier_sign_in_is_ended_and_a_later_one_holds(store: Store, clock: FixedClock) -> None:
    before, after = token(clock, ago=timedelta(microseconds=1)), token(clock, ago=timedelta())
    await publish(store, published(1, signed_out_before=clock.now))
    known = Accounts(store, Account)
    assert await known.person(before) is None
    assert await known.person(after) is not None


async def test_what_ends_in_one_replica_ends_in_another(
    store: Store, url: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another replica consumed the event; this one sees it in the store, once its cache is over."""
    monkeypatch.setattr(accounts, "CACHE_SECONDS", 2.0)
    now = [100.0]
    monkeypatch.setattr(accounts, "monotonic", lambda: now[0])
    other = Store(url, "copies", Table.metadata, clock)
    try:
        mine, known = token(clock), Accounts(other, Account)
        await publish(store, published(1))
        assert await known.person(mine) is not None
        await publish(store, published(2, ended_sign_ins=(mine.sign_in,)))
        now[0] += 2.1
        assert await known.person(mine) is None
    finally:
        await other.close()


async def test_an_account_is_read_once_in_two_seconds_however_many_ask(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "CACHE_SECONDS", 2.0)
    await publish(store, published(1))
    known, reads = Accounts(store, Account), counted(store, monkeypatch)
    await asyncio.gather(*(known.person(token(clock)) for _ in range(50)))
    await known.person(token(clock))
    missing = uuid4()
    await asyncio.gather(*(known.person(token(clock, missing)) for _ in range(50)))
    await known.person(token(clock, missing))
    assert reads == [1, 1]


async def test_accounts_in_use_are_read_together(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many streams as there are ask every two seconds, each at a moment of its own."""
    monkeypatch.setattr(accounts, "CACHE_SECONDS", 2.0)
    now = [100.0]
    monkeypatch.setattr(accounts, "monotonic", lambda: now[0])
    refs = [uuid4() for _ in range(20)]
    await publish(store, *(published(1, ref) for ref in refs))
    known, reads, ended = Accounts(store, Account), counted(store, monkeypatch), refs[7]
    asked: list[bool] = []
    for turn in range(6):
        if turn == 4:
            await publish(store, published(2, ended, status=AccountStatus.INACTIVE))
        for nth, ref in enumerate(refs):
            now[0] = 100 + 2.05 * turn + 0.1 * nth
            asked.append(await known.person(token(clock, ref)) is not None)
    assert len(reads) <= 20 + 5 * 2, "at first each; then once or twice in two seconds"
    assert asked[:80] == [True] * 80
    assert asked[100:] == [*[True] * 7, False, *[True] * 12], "at most as late as one that is read alone"


def counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One number for each read of the store."""
    reads, read = list[int](), store.read
    monkeypatch.setattr(store, "read", lambda: (reads.append(1), read())[1])
    return reads


async def test_only_so_many_accounts_are_kept(store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "CACHE_SECONDS", 60.0)
    monkeypatch.setattr(accounts, "CACHED_ACCOUNTS", 2)
    refs = [uuid4() for _ in range(3)]
    await publish(store, *(published(1, ref) for ref in refs))
    known, reads = Accounts(store, Account), counted(store, monkeypatch)
    for ref in (*refs, refs[2], refs[1], refs[0]):
        assert await known.person(token(clock, ref)) is not None
    assert len(reads) == 4


@pytest.mark.parametrize("first", [None, AccountStatus.PENDING])
async def test_a_new_sign_in_waits_for_the_event_of_its_account(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, first: AccountStatus | None
) -> None:
    monkeypatch.setattr(accounts, "WAIT_SECONDS", 5.0)
    monkeypatch.setattr(accounts, "CACHE_SECONDS", 60.0)
    known, mine = Accounts(store, Account), token(clock, ago=timedelta(seconds=1))
    if first is not None:
        await publish(store, published(1, status=first))
    assert await known.person(token(clock)) is None, "a sign-in of an hour ago does not wait"
    waiting = asyncio.create_task(known.person(mine))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await publish(store, published(2))
    async with asyncio.timeout(5):
        assert await waiting is not None


async def test_a_new_sign_in_waits_once_and_not_for_ever(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "CACHE_SECONDS", 60.0)
    known, mine = Accounts(store, Account), token(clock, ago=timedelta())
    async with asyncio.timeout(5):
        assert await known.person(mine) is None
    reads = counted(store, monkeypatch)
    assert await known.person(mine) is None
    assert reads == []


async def test_a_request_that_is_cancelled_does_not_cancel_the_others(store: Store, clock: FixedClock) -> None:
    await publish(store, published(1))
    known = Accounts(store, Account)
    first, second = (asyncio.create_task(known.person(token(clock))) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second is not None


async def test_a_store_that_does_not_answer_is_not_an_answer(store: Store, clock: FixedClock) -> None:
    """The caller refuses the request; nobody is let in and nobody is taken for signed out."""
    known = Accounts(store, Account)
    async with store.writer.begin() as connection:
        await connection.run_sync(Table.metadata.drop_all)
    for _ in range(2):
        with pytest.raises(Exception, match="no such table"):
            await known.person(token(clock))


async def test_the_use_of_a_machines_token_is_reported_once_an_hour(store: Store, clock: FixedClock) -> None:
    used: list[UUID] = []
    known = Accounts(store, Account, used.append)
    kiosk = uuid4()
    await publish(store, published(1), published(1, kiosk, kind=AccountKind.DEVICE))
    person, machine, other = token(clock), token(clock, kiosk), token(clock, kiosk)
    for one in (person, machine, machine, other):
        assert await known.person(one) is not None
    assert used == [machine.sign_in, other.sign_in]
    clock.forward(hours=1)
    for _ in range(2):
        await known.person(machine)
    assert used == [machine.sign_in, other.sign_in, machine.sign_in]


async def test_a_token_that_is_refused_is_not_used(store: Store, clock: FixedClock) -> None:
    used: list[UUID] = []
    ended = token(clock)
    await publish(store, published(1, kind=AccountKind.MACHINE, ended_sign_ins=(ended.sign_in,)))
    assert await Accounts(store, Account, used.append).person(ended) is None
    assert used == []
