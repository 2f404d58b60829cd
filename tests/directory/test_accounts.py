"""Accounts: created, approved, changed, deactivated; signed in and out; who changed what; and what is published."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.identity.people import Person
from services.chassis.identity.tokens import AccountToken
from services.chassis.refusals import NotFound, Refused, Stale, UnknownCentre
from services.chassis.storage.store import Store, Work
from services.chassis.testing import FixedClock
from services.contracts.accounts import AccountKind, AccountPublished, AccountStatus
from services.contracts.roles import Role
from services.directory.actions import accounts, teams
from services.directory.actions.accounts import ageing
from services.directory.domain import refusals
from services.directory.domain.accounts import Grantor, Rights, SignInMethod
from services.directory.store import Account, AccountChange, SignIn
from services.directory.store.accounts import accounts_page, last_sign_ins, remove_expired_sign_ins
from services.directory.store.former_accounts import named_and_ended
from services.directory.store.teams import AccountEmail
from tests.givens.directory import ATELIER
from tests.givens.events import emitted_events, numbered_events
from tests.givens.rows import rows_of

REGION = Grantor(Rights(frozenset({Role.MANAGER})))
MONS = Grantor(Rights(frozenset({Role.MANAGER}), frozenset({"mons"})))
COUNSELLOR = Rights(frozenset({Role.COUNSELLOR}), frozenset({"mons"}))
ISSUER = "https://login.example.test"
HALF_A_DAY = timedelta(hours=12)
BY = "demo/region"
Act = Callable[[Work], Awaitable[Any]]


async def created(store: Store, sub: str = "nadia", **facts: Any) -> UUID:
    async with store.work() as work:
        account = await accounts.create(
            work,
            facts.pop("kind", AccountKind.STAFF),
            by="oidc",
            identity=(ISSUER, sub),
            display_name=f"{sub.capitalize()} (test)",
            **facts,
        )
        return account.id


async def active(store: Store, sub: str = "nadia", rights: Rights = COUNSELLOR, **facts: Any) -> UUID:
    return await created(store, sub, rights=rights, status=AccountStatus.ACTIVE, **facts)


async def region_manager(store: Store, sub: str) -> UUID:
    return await active(store, sub, Rights(frozenset({Role.MANAGER})))


async def signed_in(store: Store, id: UUID) -> AccountToken:
    async with store.work() as work:
        return await accounts.sign_in(work, id, SignInMethod.OIDC, HALF_A_DAY)


async def account(store: Store, id: UUID) -> Account:
    async with store.read() as session:
        found = await session.get(Account, id)
    assert found is not None
    return found


async def last_published(store: Store) -> AccountPublished:
    return (await emitted_events(store, AccountPublished))[-1]


async def changes(store: Store, id: UUID) -> Sequence[AccountChange]:
    async with store.read() as session:
        mine = sa.select(AccountChange).where(AccountChange.account_id == id)  # pyright: ignore
        return (await session.scalars(mine.order_by(AccountChange.at))).all()  # pyright: ignore


async def refused(store: Store, act: Act, kind: type[Refused]) -> None:
    """The action is refused and neither changes an account nor emits anything."""
    before = await numbered_events(store)
    with pytest.raises(kind):
        async with store.work() as work:
            await act(work)
    assert await numbered_events(store) == before


async def test_a_first_sign_in_makes_an_account_that_waits_without_rights_or_name(town: Store) -> None:
    id = await created(town)
    async with town.work() as work:
        found = await accounts.find_by_identity(work.session, ISSUER, "nadia")
        assert found is not None
        assert (found.id, found.status, found.display_name) == (id, "pending", "Nadia (test)")
        with pytest.raises(refusals.AwaitsApproval):
            await accounts.sign_in(work, id, SignInMethod.OIDC, HALF_A_DAY)
    latest = await last_published(town)
    assert latest.model_dump(exclude_defaults=True) == {
        "account_ref": id,
        "version": 1,
        "kind": AccountKind.STAFF,
        "status": AccountStatus.PENDING,
        "roles": (),
        "centres": (),
    }


async def test_the_name_of_who_left_long_ago_is_removed_and_the_account_stays_out(
    town: Store, clock: FixedClock
) -> None:
    left, stays, came_back, desk = [
        await active(town, "nadia"),
        await active(town, "tom"),
        await active(town, "ana"),
        await active(town, "borne", Rights(frozenset({Role.KIOSK}), frozenset({"mons"})), kind=AccountKind.DEVICE),
    ]
    for id in (left, came_back, desk):
        async with town.work() as work:
            await accounts.deactivate(work, id, manager=REGION, by=BY)
    kept = clock() + timedelta(days=1)
    clock.forward(minutes=60 * 48)
    async with town.work() as work:
        await accounts.reactivate(work, came_back, manager=REGION, by=BY)
    async with town.work() as work:
        await work.session.execute(sa.update(work.table("outbox")).values(sent_at=work.now))
    for expected in (1, 0):
        async with town.work() as work:
            assert await accounts.remove_names(work, kept, 10) == expected
    names = [(await account(town, id)).display_name for id in (left, stays, came_back, desk)]
    assert names == [None, "Tom (test)", "Ana (test)", "Borne (test)"]
    latest = await last_published(town)
    assert (latest.account_ref, latest.status, latest.display_name) == (left, AccountStatus.INACTIVE, None)
    assert "Nadia" not in str(await numbered_events(town))
    assert "Tom" in str(await numbered_events(town))
    assert "Nadia" not in str([(one.before, one.after) for one in await changes(town, left)])
    with pytest.raises(refusals.AccountInactive):
        async with town.work() as work:
            await accounts.arrive(work, ISSUER, "nadia", name="Nadia (test)", claimed=COUNSELLOR, lifetime=HALF_A_DAY)
    assert (await account(town, left)).display_name is None


async def test_who_is_reactivated_while_names_are_removed_keeps_theirs(
    town: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await active(town, "nadia")
    async with town.work() as work:
        await accounts.deactivate(work, id, manager=REGION, by=BY)
    clock.forward(minutes=60 * 48)

    async def found_before(session: AsyncSession, before: datetime, limit: int) -> Sequence[Account]:
        found = await named_and_ended(session, before, limit)
        assert [one.id for one in found] == [id]
        await session.execute(sa.text("update accounts set status = 'active'"))
        return found

    monkeypatch.setattr(ageing, "named_and_ended", found_before)
    before = await numbered_events(town)
    async with town.work() as work:
        assert await accounts.remove_names(work, clock(), 10) == 0
    assert (await account(town, id)).display_name == "Nadia (test)"
    assert await numbered_events(town) == before


async def test_the_address_of_an_invited_person_is_deleted_long_after_their_account_was_deactivated(
    town: Store, clock: FixedClock
) -> None:
    async with town.work() as work:
        invited = await teams.invite(work, ATELIER, "ada@atelier.example", by=BY, page="https://cefo.test", lang="fr")
    async with town.work() as work:
        await accounts.deactivate(work, invited.id, manager=REGION, by=BY)
    kept = clock() + timedelta(days=1)
    clock.forward(minutes=60 * 48)
    assert (await account(town, invited.id)).display_name is None
    assert [one.account_id for one in await rows_of(town, AccountEmail)] == [invited.id]
    for expected in (1, 0):
        async with town.work() as work:
            assert await accounts.remove_names(work, kept, 10) == expected
    assert await rows_of(town, AccountEmail) == []


async def test_no_event_has_an_identity(town: Store) -> None:
    id = await active(town)
    await signed_in(town, id)
    for event in await emitted_events(town, AccountPublished):
        assert "login.example" not in event.model_dump_json()
        assert "nadia" not in event.model_dump_json()


async def test_an_account_is_found_by_issuer_and_subject_alone(town: Store) -> None:
    await created(town)
    async with town.read() as session:
        assert await accounts.find_by_identity(session, ISSUER, "Nadia (test)") is None
        assert await accounts.find_by_identity(session, "https://other.example.test", "nadia") is None
        assert await accounts.find_by_identity(session, ISSUER, "NADIA") is None


async def test_two_first_sign_ins_at_once_make_one_account(town: Store) -> None:
    outcomes = await asyncio.gather(*(created(town) for _ in range(4)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["IdentityTaken"] * 3 + ["UUID"]
    assert len(await emitted_events(town, AccountPublished)) == 1


async def test_an_approved_account_signs_in_with_its_rights(town: Store, clock: FixedClock) -> None:
    id = await created(town)
    async with town.work() as work:
        await accounts.approve(work, id, COUNSELLOR, manager=REGION, by=BY, code="mons-c01")
    token = await signed_in(town, id)
    assert (token.account_ref, token.began_at, token.expires_at) == (id, clock.now, clock.now + HALF_A_DAY)
    latest = await last_published(town)
    assert (latest.version, latest.status, latest.roles, latest.centres) == (
        2,
        AccountStatus.ACTIVE,
        ("counsellor",),
        ("mons",),
    )
    assert (latest.code, latest.display_name) == ("mons-c01", "Nadia (test)")
    [_made, approved] = await changes(town, id)
    assert (approved.what, approved.by, approved.at) == ("approved", BY, clock.now)
    assert approved.before == {"status": "pending", "roles": [], "centres": [], "code": None}
    assert approved.after == {"status": "active", "roles": ["counsellor"], "centres": ["mons"], "code": "mons-c01"}


async def test_a_status_that_does_not_allow_a_step_refuses_it(town: Store) -> None:
    waiting, working = await created(town), await active(town, "omar")
    acts: list[Act] = [
        lambda work: accounts.approve(work, working, COUNSELLOR, manager=REGION, by=BY),
        lambda work: accounts.change(work, waiting, COUNSELLOR, manager=REGION, by=BY),
        lambda work: accounts.reactivate(work, waiting, manager=REGION, by=BY),
    ]
    for act in acts:
        await refused(town, act, refusals.WrongAccountStatus)


async def test_a_change_says_what_it_was_and_what_it_is_and_the_same_again_changes_nothing(town: Store) -> None:
    id = await active(town)
    desk = Rights(frozenset({Role.FRONT_DESK, Role.COUNSELLOR}), frozenset({"mons", "liege"}))
    for _ in range(2):
        async with town.work() as work:
            await accounts.change(work, id, desk, manager=REGION, by=BY)
    [_made, changed] = await changes(town, id)
    assert changed.before == {"roles": ["counsellor"], "centres": ["mons"]}
    assert changed.after == {"roles": ["front-desk", "counsellor"], "centres": ["liege", "mons"]}
    assert [number for event, number in await numbered_events(town) if isinstance(event, AccountPublished)] == [1, 2]


async def test_a_change_of_what_changed_meanwhile_is_refused(town: Store) -> None:
    id = await active(town)
    acts: list[Act] = [
        lambda work: accounts.change(work, id, COUNSELLOR, manager=REGION, by=BY, version=0),
        lambda work: accounts.deactivate(work, id, manager=REGION, by=BY, version=0),
        lambda work: accounts.reactivate(work, id, manager=REGION, by=BY, version=0),
    ]
    for act in acts:
        await refused(town, act, Stale)


async def test_centres_and_organisations_have_to_exist_and_a_code_is_one_accounts(town: Store) -> None:
    id, _other = await active(town), await active(town, "omar", code="mons-c02")
    nowhere = Rights(frozenset({Role.COUNSELLOR}), frozenset({"paris"}))
    provider = Rights(frozenset({Role.PROVIDER}))

    def change(rights: Rights, **more: Any) -> Act:
        return lambda work: accounts.change(work, id, rights, manager=REGION, by=BY, **more)

    await refused(town, change(nowhere), UnknownCentre)
    await refused(town, change(provider, organization_id=uuid4()), refusals.UnknownOrganization)
    await refused(town, change(provider), refusals.OrganizationMissing)
    await refused(town, change(COUNSELLOR, code="mons-c02"), refusals.CodeTaken)


async def test_a_providers_account_has_its_organisation_and_no_name(town: Store) -> None:
    id = await created(town)
    async with town.work() as work:
        await accounts.approve(
            work, id, Rights(frozenset({Role.PROVIDER})), manager=REGION, by=BY, organization_id=ATELIER
        )
    latest = await last_published(town)
    assert (latest.kind, latest.organization_id, latest.display_name) == (AccountKind.PROVIDER, ATELIER, None)
    async with town.work() as work:
        await accounts.change(work, id, COUNSELLOR, manager=REGION, by=BY, organization_id=ATELIER)
    latest = await last_published(town)
    assert (latest.kind, latest.organization_id, latest.display_name) == (AccountKind.STAFF, None, "Nadia (test)")


async def test_signing_out_ends_that_sign_in_until_it_would_have_expired(town: Store, clock: FixedClock) -> None:
    id = await active(town)
    here, there = await signed_in(town, id), await signed_in(town, id)
    async with town.work() as work:
        ended = await accounts.sign_out(work, here)
    assert ended is not None
    assert (await last_published(town)).ended_sign_ins == (here.sign_in,)
    clock.forward(hours=11)
    async with town.work() as work:
        await accounts.sign_out(work, there)
    assert set((await last_published(town)).ended_sign_ins) == {here.sign_in, there.sign_in}
    clock.forward(hours=2)
    async with town.work() as work:
        await accounts.change(work, id, COUNSELLOR, manager=REGION, by=BY, code="mons-c01")
    assert (await last_published(town)).ended_sign_ins == ()


async def test_signing_out_again_or_with_anothers_token_changes_nothing(town: Store, clock: FixedClock) -> None:
    id, other = await active(town), await active(town, "omar")
    token = await signed_in(town, id)
    expired = await signed_in(town, id)
    async with town.work() as work:
        assert await accounts.sign_out(work, token) is not None
        assert await accounts.sign_out(work, token) is None
        assert await accounts.sign_out(work, token.model_copy(update={"sign_in": uuid4()})) is None
        assert await accounts.sign_out(work, expired.model_copy(update={"account_ref": other})) is None
        assert await accounts.sign_out(work, expired.model_copy(update={"account_ref": uuid4()})) is None
    clock.forward(hours=12)
    async with town.work() as work:
        assert await accounts.sign_out(work, expired) is None
    assert len(await emitted_events(town, AccountPublished)) == 3


async def test_a_deactivated_account_is_signed_out_and_stays_so_when_it_comes_back(
    town: Store, clock: FixedClock
) -> None:
    id = await active(town)
    token = await signed_in(town, id)
    for _ in range(2):
        async with town.work() as work:
            await accounts.deactivate(work, id, manager=REGION, by=BY)
    latest = await last_published(town)
    assert (latest.version, latest.status) == (2, AccountStatus.INACTIVE)
    with pytest.raises(refusals.AccountInactive):
        await signed_in(town, id)
    for _ in range(2):
        async with town.work() as work:
            await accounts.reactivate(work, id, manager=REGION, by=BY)
    latest = await last_published(town)
    assert (latest.version, latest.status, latest.roles) == (3, AccountStatus.ACTIVE, ("counsellor",))
    assert latest.signed_out_before is not None
    again = await signed_in(town, id)
    assert token.began_at < latest.signed_out_before <= again.began_at
    assert [one.what for one in await changes(town, id)] == ["created", "deactivated", "reactivated"]


async def test_another_replicas_clock_does_not_save_a_sign_in(town: Store, clock: FixedClock) -> None:
    id = await active(town)
    clock.forward(seconds=30)
    ahead = await signed_in(town, id)
    clock.forward(seconds=-30)
    async with town.work() as work:
        await accounts.end_sign_ins(work, id, manager=REGION, by=BY)
    before = (await last_published(town)).signed_out_before
    assert before is not None
    assert ahead.began_at < before
    assert (await signed_in(town, id)).began_at >= before


async def test_ending_every_sign_in_lets_the_account_sign_in_again(town: Store) -> None:
    id = await active(town)
    tokens = [await signed_in(town, id) for _ in range(3)]
    async with town.work() as work:
        await accounts.end_sign_ins(work, id, manager=REGION, by=BY)
    latest = await last_published(town)
    assert latest.signed_out_before is not None
    assert all(token.began_at < latest.signed_out_before for token in tokens)
    assert latest.status is AccountStatus.ACTIVE
    async with town.read() as session:
        rows = (await session.scalars(sa.select(SignIn))).all()
    assert all(row.ended_at is not None for row in rows)


async def test_a_machine_has_named_tokens_which_are_ended_one_by_one(town: Store, clock: FixedClock) -> None:
    desk = Rights(frozenset({Role.FRONT_DESK}), frozenset({"mons"}))
    id = await active(town, "kiosk", desk, kind=AccountKind.DEVICE)
    async with town.work() as work:
        first = await accounts.issue_token(work, id, "kiosk 1", 365, manager=MONS, by=BY)
        second = await accounts.issue_token(work, id, "kiosk 2", 365, manager=MONS, by=BY)
    assert first.expires_at == clock.now + timedelta(days=365)
    for _ in range(2):
        async with town.work() as work:
            await accounts.revoke_token(work, first.sign_in, manager=MONS, by=BY)
    assert (await last_published(town)).ended_sign_ins == (first.sign_in,)
    with pytest.raises(NotFound):
        async with town.work() as work:
            await accounts.revoke_token(work, uuid4(), manager=MONS, by=BY)
    async with town.work() as work:
        await accounts.deactivate(work, id, manager=MONS, by=BY)
    latest = await last_published(town)
    assert latest.signed_out_before is not None
    assert second.began_at < latest.signed_out_before
    made = [one.what for one in await changes(town, id)]
    assert sorted(made) == ["created", "deactivated", "token-issued", "token-issued", "token-revoked"]


async def test_people_have_no_machine_tokens(town: Store) -> None:
    id = await active(town)
    await refused(
        town, lambda work: accounts.issue_token(work, id, "x", 1, manager=REGION, by=BY), refusals.NotAMachine
    )


async def test_a_manager_with_centres_knows_only_accounts_of_these(town: Store) -> None:
    elsewhere = Rights(frozenset({Role.COUNSELLOR}), frozenset({"mons", "liege"}))
    hidden = [await active(town, "lea", elsewhere), await region_manager(town, "rita"), await created(town), uuid4()]
    for one in hidden:
        for act in (
            partial(accounts.change, id=one, rights=COUNSELLOR, manager=MONS, by=BY),
            partial(accounts.deactivate, id=one, manager=MONS, by=BY),
            partial(accounts.end_sign_ins, id=one, manager=MONS, by=BY),
        ):
            await refused(town, act, NotFound)
        with pytest.raises(NotFound):
            async with town.read() as session:
                await accounts.account_for(session, one, MONS)


async def test_nobody_changes_their_own_account(town: Store) -> None:
    id = await region_manager(town, "rita")
    await region_manager(town, "rosa")
    rita = Grantor(Rights(frozenset({Role.MANAGER})), id)
    acts: list[Act] = [
        lambda work: accounts.change(work, id, rita.rights, manager=rita, by=BY),
        lambda work: accounts.deactivate(work, id, manager=rita, by=BY),
        lambda work: accounts.end_sign_ins(work, id, manager=rita, by=BY),
    ]
    for act in acts:
        await refused(town, act, refusals.OwnAccount)


async def test_the_last_region_wide_manager_stays(town: Store) -> None:
    rita, rosa = await region_manager(town, "rita"), await region_manager(town, "rosa")
    local = Rights(frozenset({Role.MANAGER}), frozenset({"mons"}))
    async with town.work() as work:
        await accounts.change(work, rosa, local, manager=REGION, by=BY)
    acts: list[Act] = [
        lambda work: accounts.deactivate(work, rita, manager=REGION, by=BY),
        lambda work: accounts.change(work, rita, local, manager=REGION, by=BY),
        lambda work: accounts.change(work, rita, COUNSELLOR, manager=REGION, by=BY),
    ]
    for act in acts:
        await refused(town, act, refusals.RegionUnmanaged)
    async with town.work() as work:
        await accounts.deactivate(work, rosa, manager=REGION, by=BY)


async def test_two_managers_who_remove_each_other_do_not_both_succeed(town: Store) -> None:
    ids = [await region_manager(town, "rita"), await region_manager(town, "rosa")]

    async def deactivate(id: UUID) -> None:
        async with town.work() as work:
            await accounts.deactivate(work, id, manager=REGION, by=BY)

    outcomes = await asyncio.gather(*map(deactivate, ids), return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["NoneType", "RegionUnmanaged"]


async def test_the_first_manager_is_made_by_command_and_again_changes_nothing(town: Store) -> None:
    async with town.work() as work:
        made = await accounts.make_manager(work, ISSUER, "rita", "Rita (test)")
    async with town.work() as work:
        await accounts.make_manager(work, ISSUER, "rita", "Rita (test)")
    assert (made.status, made.roles, made.centres, made.version) == ("active", ["manager"], [], 1)
    assert [(one.what, one.by) for one in await changes(town, made.id)] == [("created", "command")]


async def test_the_command_makes_a_manager_of_whom_has_an_account(town: Store) -> None:
    id = await created(town)
    async with town.work() as work:
        made = await accounts.make_manager(work, ISSUER, "nadia", "Nadia (test)")
    assert made.id == id
    assert (await last_published(town)).roles == ("manager",)
    assert [(one.what, one.by) for one in await changes(town, id)][-1] == ("changed", "command")


async def test_the_list_is_searched_and_filtered_with_those_who_wait_first(town: Store) -> None:
    await active(town, "zoe", code="mons-c01")
    await active(town, "ali", Rights(frozenset({Role.FRONT_DESK}), frozenset({"mons", "liege"})))
    await region_manager(town, "rita")
    await created(town, "100%")

    async def names(**wanted: Any) -> list[str | None]:
        async with town.read() as session:
            return [one.display_name and one.display_name[:4] for one in await accounts_page(session, **wanted)]

    assert await names() == ["100%", "Ali ", "Rita", "Zoe "]
    assert await names(skip=1, limit=2) == ["Ali ", "Rita"]
    assert await names(text="RIT") == ["Rita"]
    assert await names(text="C01") == ["Zoe "]
    assert await names(text="0%") == ["100%"]
    assert await names(text="_") == []
    assert await names(status=AccountStatus.PENDING) == ["100%"]
    assert await names(role=Role.FRONT_DESK) == ["Ali "]
    assert await names(centre="mons") == ["Ali ", "Zoe "]
    assert await names(within=["mons"]) == ["Ali ", "Zoe "]
    assert await names(within=["mons"], others=["liege", "namur"]) == ["Zoe "]
    assert await names(within=[]) == []


def test_a_signed_in_manager_is_known_by_their_account() -> None:
    ref = uuid4()
    person = Person(subject=f"account/{ref}", name="Rita (test)", roles=frozenset({Role.MANAGER}))
    assert accounts.manager_of(person) == Grantor(Rights(frozenset({Role.MANAGER})), ref)
    demo = person.model_copy(update={"subject": "demo/region", "centres": frozenset({"mons"})})
    assert accounts.manager_of(demo) == MONS


async def test_expired_sign_ins_are_removed_but_the_last_of_each_account(town: Store, clock: FixedClock) -> None:
    nadia, tom = await active(town), await active(town, "tom")
    await signed_in(town, nadia)
    clock.forward(hours=1)
    for id in (nadia, tom):
        await signed_in(town, id)
    clock.forward(hours=11, minutes=30)
    last = await signed_in(town, nadia)
    clock.forward(hours=1)
    async with town.work() as work:
        await remove_expired_sign_ins(work.session, work.now)
    async with town.read() as session:
        kept = (await session.scalars(sa.select(SignIn))).all()
        assert {one.id for one in kept if one.account_id == nadia} == {last.sign_in}
        assert [one.account_id for one in kept if one.account_id != nadia] == [tom]
        assert set(await last_sign_ins(session, [nadia, tom])) == {nadia, tom}
