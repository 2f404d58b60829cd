"""A directory that was restored from an older backup brings no right back."""

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from services.chassis.copies.accounts import Accounts
from services.chassis.events.restoring import Seen, open_epoch
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.accounts import AccountKind, AccountPublished, AccountStatus
from services.contracts.directory import CentrePublished
from services.contracts.roles import Role
from services.directory import actions
from services.directory.actions import accounts
from services.directory.actions.restoring import SKIPPED_POSITIONS, restore
from services.directory.domain.centres import centre_id
from services.directory.store import Account, Centre, FeedHead
from services.directory.store.accounts import MachineToken, SignIn
from tests.givens.accounts import REGION, REGION_BY, account_works, rights, signs_in
from tests.givens.backups import backup_of, put_back
from tests.givens.events import emitted_events

AGENT = rights(Role.FRONT_DESK, centres=("mons",))


async def machine(store: Store, name: str) -> tuple[UUID, UUID]:
    """An account of a job with a token."""
    id = await account_works(store, name, rights(Role.OPERATOR), kind=AccountKind.MACHINE)
    return id, await issued(store, id)


async def issued(store: Store, id: UUID) -> UUID:
    async with store.work() as work:
        return (await accounts.issue_token(work, id, "nightly", 30, manager=REGION, by=REGION_BY)).sign_in


async def account(store: Store, id: UUID) -> Account:
    async with store.read() as session:
        found = await session.get(Account, id)
    assert found is not None
    return found


async def newest(store: Store, since: int) -> dict[UUID, AccountPublished]:
    """What the accounts topic says after these events: the newest version of each account."""
    return {one.account_ref: one for one in (await emitted_events(store, AccountPublished))[since:]}


async def hold(store: Store, table: type[SignIn] | type[MachineToken]) -> set[UUID]:
    async with store.read() as session:
        return {one.id for one in await session.scalars(sa.select(table)) if one.ended_at is None}


async def test_what_was_ended_after_the_backup_stays_ended(town: Store, clock: FixedClock) -> None:
    left = await account_works(town, "Luc (test)", AGENT)
    moved = await account_works(town, "Mia (test)", AGENT)
    quiet, quiet_token = await machine(town, "backup job")
    renewed, _ = await machine(town, "feed job")
    for id in (left, moved):
        await signs_in(town, id)
    backup = await backup_of(town)

    clock.forward(hours=1)
    async with town.work() as work:
        await accounts.deactivate(work, left, manager=REGION, by=REGION_BY)
        await accounts.change(work, moved, rights(Role.FRONT_DESK, centres=("namur",)), manager=REGION, by=REGION_BY)
    created = await account_works(town, "Zoé (test)", rights(Role.MANAGER))
    await issued(town, renewed)
    await signs_in(town, moved)
    seen = await put_back(town, backup)
    clock.forward(hours=1)
    sent = len(await emitted_events(town, AccountPublished))
    opened = await open_epoch(town, seen, restore)

    assert opened.ended == {"sign-ins": 2, "tokens": 1, "accounts": 2, "lost-accounts": 1}
    assert (await account(town, left)).status == AccountStatus.INACTIVE.value
    assert (await account(town, moved)).centres == ["namur"]
    assert await hold(town, SignIn) == set()
    assert await hold(town, MachineToken) == {quiet_token}
    published = await newest(town, sent)
    assert quiet not in published
    assert (published[created].status, published[created].roles) == (AccountStatus.INACTIVE, ())
    for id in (left, moved, renewed, created):
        ended_before = published[id].signed_out_before
        assert ended_before is not None
        assert ended_before >= clock() - timedelta(seconds=1)
        assert published[id].version > max(one.version for one in seen.newest(AccountPublished).values())


async def test_a_kiosk_that_signed_in_after_the_backup_is_signed_out(town: Store, clock: FixedClock) -> None:
    """The backup does not have the sign-in: revoking the token could not end it, and nobody could see it."""
    id = await account_works(town, "Borne (test)", rights(Role.KIOSK, centres=("mons",)), kind=AccountKind.DEVICE)
    async with town.work() as work:
        token = await accounts.issue_token(work, id, "borne", 30, manager=REGION, by=REGION_BY)
    backup = await backup_of(town)
    clock.forward(hours=1)
    async with town.work() as work:
        kiosk = await accounts.sign_in_kiosk(work, token)
    seen = await put_back(town, backup)
    clock.forward(hours=1)
    await open_epoch(town, seen, restore)
    async with town.read() as session:
        assert await session.get(SignIn, kiosk.sign_in) is None
    assert await Accounts(town, Account).person(kiosk) is None
    assert await hold(town, MachineToken) == set()


async def test_without_the_topic_every_sign_in_and_token_ends_and_all_state_is_published(town: Store) -> None:
    await signs_in(town, await account_works(town, "Luc (test)", AGENT))
    await machine(town, "backup job")
    sent = len(await emitted_events(town, CentrePublished))
    opened = await open_epoch(town, Seen(), restore)
    assert (opened.ended["sign-ins"], opened.ended["tokens"]) == (1, 1)
    assert (await hold(town, SignIn), await hold(town, MachineToken)) == (set(), set())
    assert len(await emitted_events(town, CentrePublished)) == 2 * sent


async def test_centres_that_others_know_newer_are_published_as_the_store_has_them(town: Store) -> None:
    backup = await backup_of(town)
    async with town.work() as work:
        mons = await work.load(Centre, centre_id("mons"))
        await actions.update_centre(
            work,
            "mons",
            name="Mons-Borinage",
            areas=mons.areas,
            opening_hours=mons.opening_hours,
            closed_on=mons.closed_on,
            languages=mons.languages,
            by="account/x",
        )
    await open_epoch(town, await put_back(town, backup), restore)
    names = [one.name for one in await emitted_events(town, CentrePublished) if one.centre == "mons"]
    assert (len(names), names[0]) == (2, names[1])
    assert sum(one.centre == "huy" for one in await emitted_events(town, CentrePublished)) == 1


async def test_positions_of_the_feed_that_readers_may_know_are_not_assigned_again(town: Store) -> None:
    for _ in range(2):
        await open_epoch(town, Seen(), restore)
    async with town.read() as session:
        head = await session.scalar(sa.select(FeedHead))
    assert head is not None
    assert head.last >= 2 * SKIPPED_POSITIONS
