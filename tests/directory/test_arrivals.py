"""People whom a provider vouches for: their account is found by issuer and subject alone, and follows the claims."""

from datetime import timedelta

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.accounts import AccountStatus
from services.contracts.roles import Role
from services.directory.actions import accounts
from services.directory.domain import refusals
from services.directory.domain.accounts import Grantor, Rights
from services.directory.store import Account, AccountChange, Identity, SignIn
from tests.givens.rows import rows_of

ISSUER, OTHER_ISSUER = "https://login.example.test", "https://login.example.org"
NOTHING = Rights()
DESK = Rights(frozenset({Role.FRONT_DESK}), frozenset({"mons"}))
COUNSELLOR = Rights(frozenset({Role.COUNSELLOR}), frozenset({"mons", "tournai"}))
REGION = Rights(frozenset({Role.MANAGER}))
HALF_A_DAY = timedelta(hours=12)


async def arrives(
    store: Store, sub: str = "nadia", claimed: Rights = NOTHING, issuer: str = ISSUER, name: str | None = "Nadia T."
) -> bool:
    """Whether the person is signed in; otherwise the account waits."""
    async with store.work() as work:
        token = await accounts.arrive(work, issuer, sub, name=name, claimed=claimed, lifetime=HALF_A_DAY)
    return token is not None


async def the_account(store: Store) -> Account:
    [account] = await rows_of(store, Account)
    return account


async def approved(store: Store, rights: Rights = DESK) -> None:
    account = await the_account(store)
    async with store.work() as work:
        await accounts.approve(work, account.id, rights, manager=Grantor(REGION), by="demo/region")


async def test_an_unknown_person_waits_for_approval(town: Store) -> None:
    assert not await arrives(town)
    account = await the_account(town)
    assert (account.status, account.roles, account.centres) == (AccountStatus.PENDING, [], [])
    assert account.display_name == "Nadia T."
    assert not await arrives(town)  # again, before anybody approved
    assert await rows_of(town, SignIn) == []
    await approved(town)
    assert await arrives(town)
    [signed_in] = await rows_of(town, SignIn)
    assert (signed_in.account_id, signed_in.issuer, signed_in.how) == (account.id, ISSUER, "oidc")


async def test_the_mapping_lets_an_unknown_person_in_at_once(town: Store) -> None:
    assert await arrives(town, claimed=DESK)
    account = await the_account(town)
    assert (account.status, account.rights) == (AccountStatus.ACTIVE, DESK)
    [created] = await rows_of(town, AccountChange)
    assert (created.what, created.by) == ("created", accounts.CLAIMS)


async def test_only_issuer_and_subject_together_are_a_person(town: Store) -> None:
    await arrives(town, "nadia", DESK)
    await arrives(town, "Nadia", NOTHING)
    await arrives(town, "nadia", NOTHING, issuer=OTHER_ISSUER)
    found = await rows_of(town, Account)
    assert sorted(one.status for one in found) == ["active", "pending", "pending"]
    assert len(await rows_of(town, Identity)) == 3


async def test_rights_follow_the_claims_at_each_sign_in(town: Store, clock: FixedClock) -> None:
    await arrives(town, claimed=DESK)
    clock.now += timedelta(days=1)
    await arrives(town, claimed=COUNSELLOR, name="Nadia Tassin")
    account = await the_account(town)
    assert (account.rights, account.display_name) == (COUNSELLOR, "Nadia Tassin")
    clock.now += timedelta(days=1)
    version, changes = account.version, len(await rows_of(town, AccountChange))
    await arrives(town, claimed=COUNSELLOR, name="Nadia Tassin")
    assert (await the_account(town)).version == version
    assert len(await rows_of(town, AccountChange)) == changes


async def test_who_leaves_the_group_loses_what_it_gave(town: Store, clock: FixedClock) -> None:
    await arrives(town, claimed=DESK)
    clock.now += timedelta(days=1)
    assert not await arrives(town)
    account = await the_account(town)
    assert (account.status, account.rights) == (AccountStatus.PENDING, NOTHING)
    assert account.signed_out_before is not None  # what began before is ended
    assert all(one.ended_at is not None or one.expires_at <= clock.now for one in await rows_of(town, SignIn))


async def test_claims_without_rights_leave_what_a_manager_gave(town: Store, clock: FixedClock) -> None:
    await arrives(town)
    await approved(town)
    clock.now += timedelta(days=1)
    assert await arrives(town)
    assert (await the_account(town)).rights == DESK


async def test_what_a_manager_changed_after_the_claims_is_a_managers(town: Store, clock: FixedClock) -> None:
    await arrives(town, claimed=DESK)
    clock.now += timedelta(days=1)
    async with town.work() as work:
        account = await the_account(town)
        await accounts.change(work, account.id, COUNSELLOR, manager=Grantor(REGION), by="demo/region")
    clock.now += timedelta(days=1)
    assert await arrives(town)
    assert (await the_account(town)).rights == COUNSELLOR


@pytest.mark.parametrize("claimed", [NOTHING, REGION], ids=["no rights", "rights"])
async def test_a_deactivated_account_stays_so_whatever_the_claims_say(town: Store, claimed: Rights) -> None:
    await arrives(town, claimed=DESK)
    async with town.work() as work:
        await accounts.deactivate(work, (await the_account(town)).id, manager=Grantor(REGION), by="demo/region")
    with pytest.raises(refusals.AccountInactive):
        await arrives(town, claimed=claimed)
    account = await the_account(town)
    assert (account.status, account.rights) == (AccountStatus.INACTIVE, DESK)


async def test_the_claims_do_not_take_the_regions_last_manager(town: Store, clock: FixedClock) -> None:
    async with town.work() as work:
        await accounts.make_manager(work, ISSUER, "nadia", "Nadia T.")
    clock.now += timedelta(days=1)
    assert await arrives(town, claimed=DESK)
    assert (await the_account(town)).rights == REGION
    async with town.work() as work:
        await accounts.make_manager(work, ISSUER, "omar", "Omar B.")
    clock.now += timedelta(days=1)
    assert await arrives(town, claimed=DESK)
    assert {one.display_name: one.rights for one in await rows_of(town, Account)} == {
        "Nadia T.": DESK,
        "Omar B.": REGION,
    }


async def test_a_name_that_is_missing_keeps_the_one_before(town: Store) -> None:
    await arrives(town, claimed=DESK)
    await arrives(town, claimed=DESK, name=None)
    assert (await the_account(town)).display_name == "Nadia T."
