"""Machine tokens: who may create which, how long they are valid, who sees them, and what a renewal keeps."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.chassis.refusals import NotFound, Refused, UnknownCentre
from services.chassis.storage.store import Store, Work
from services.chassis.testing import FixedClock
from services.contracts.accounts import AccountKind, AccountPublished
from services.contracts.roles import Role
from services.directory.actions import accounts
from services.directory.domain import refusals
from services.directory.domain.accounts import Grantor, Rights, TokenState, token_state
from services.directory.store import MachineToken
from services.directory.store.accounts import tokens_page
from tests.givens.accounts import REGION, REGION_BY, rights
from tests.givens.directory import ATELIER
from tests.givens.events import emitted_events, numbered_events

OF_MONS = Grantor(Rights(frozenset({Role.MANAGER}), frozenset({"mons"})))
OF_ARLON = Grantor(Rights(frozenset({Role.MANAGER}), frozenset({"arlon"})))
AT_MONS = rights(Role.FRONT_DESK, centres=("mons",))
DEVICE, MACHINE = AccountKind.DEVICE, AccountKind.MACHINE


async def made(store: Store, kind: AccountKind, given: Rights, manager: Grantor = REGION, days: int = 30) -> UUID:
    async with store.work() as work:
        account = await accounts.create_machine(work, kind, "Borne", given, manager=manager, by=REGION_BY)
        return (await accounts.issue_token(work, account.id, "Borne", days, manager=manager, by=REGION_BY)).sign_in


async def refused(store: Store, act: Callable[[Work], Awaitable[Any]], kind: type[Refused]) -> None:
    before = await numbered_events(store)
    with pytest.raises(kind):
        async with store.work() as work:
            await act(work)
    assert await numbered_events(store) == before


@pytest.mark.parametrize(
    ("manager", "kind", "given"),
    [
        (REGION, DEVICE, AT_MONS),
        (REGION, MACHINE, rights(Role.CITE)),
        (REGION, MACHINE, rights(Role.OPERATOR)),
        (OF_MONS, DEVICE, AT_MONS),
        (OF_MONS, MACHINE, rights(Role.CITE, centres=("mons",))),
    ],
)
async def test_a_manager_creates_tokens_within_their_rights(
    town: Store, manager: Grantor, kind: AccountKind, given: Rights
) -> None:
    assert await made(town, kind, given, manager)
    told = (await emitted_events(town, AccountPublished))[-1]
    assert (told.kind, set(told.roles), set(told.centres)) == (kind, set(given.roles), given.centres)
    assert told.display_name is None


@pytest.mark.parametrize(
    ("manager", "kind", "given", "refusal"),
    [
        (OF_MONS, DEVICE, rights(Role.FRONT_DESK, centres=("arlon",)), refusals.CentreNotGranted),
        (OF_MONS, DEVICE, rights(Role.FRONT_DESK, centres=("mons", "arlon")), refusals.CentreNotGranted),
        (OF_MONS, MACHINE, rights(Role.CITE), refusals.CentreNotGranted),
        (OF_MONS, MACHINE, rights(Role.OPERATOR, centres=("mons",)), refusals.RoleNotGranted),
        (Grantor(AT_MONS), DEVICE, AT_MONS, refusals.RoleNotGranted),
        (REGION, DEVICE, rights(Role.CITE), refusals.RoleNotForMachine),
        (REGION, MACHINE, rights(Role.MANAGER), refusals.RoleNotForMachine),
        (REGION, MACHINE, rights(Role.COUNSELLOR, centres=("mons",)), refusals.RoleNotForMachine),
        (REGION, DEVICE, rights(Role.FRONT_DESK), refusals.CentreMissing),
        (REGION, MACHINE, rights(Role.PROVIDER), refusals.OrganizationMissing),
        (REGION, DEVICE, rights(), refusals.RoleMissing),
        (REGION, DEVICE, rights(Role.FRONT_DESK, centres=("paris",)), UnknownCentre),
        (REGION, AccountKind.STAFF, AT_MONS, refusals.NotAMachine),
    ],
)
async def test_nobody_creates_a_token_beyond_them(
    town: Store, manager: Grantor, kind: AccountKind, given: Rights, refusal: type[Refused]
) -> None:
    await refused(
        town, lambda work: accounts.create_machine(work, kind, "x", given, manager=manager, by=REGION_BY), refusal
    )


async def test_a_providers_software_belongs_to_its_organisation(town: Store) -> None:
    async with town.work() as work:
        await accounts.create_machine(
            work, MACHINE, "x", rights(Role.PROVIDER), manager=REGION, by=REGION_BY, organization_id=ATELIER
        )
    told = (await emitted_events(town, AccountPublished))[-1]
    assert (told.roles, told.organization_id) == (("provider",), ATELIER)


@pytest.mark.parametrize("days", [1, 400])
async def test_a_token_is_valid_for_the_days_that_it_was_given(town: Store, clock: FixedClock, days: int) -> None:
    id = await made(town, DEVICE, AT_MONS, days=days)
    async with town.read() as session:
        token = await session.get(MachineToken, id)
    assert token is not None
    assert token.expires_at == clock.now + timedelta(days=days)


@pytest.mark.parametrize("days", [-1, 0, 401, 10**12])
async def test_a_token_is_valid_for_1_to_400_days(town: Store, days: int) -> None:
    before = await numbered_events(town)
    with pytest.raises(refusals.TokenDays):
        await made(town, DEVICE, AT_MONS, days=days)
    assert await numbered_events(town) == before


async def test_a_machine_gets_no_role_that_machines_lack_later_either(town: Store) -> None:
    await made(town, DEVICE, AT_MONS)
    id = (await emitted_events(town, AccountPublished))[-1].account_ref
    wanted = rights(Role.COUNSELLOR, centres=("mons",))
    await refused(
        town,
        lambda work: accounts.change(work, id, wanted, manager=REGION, by=REGION_BY),
        refusals.RoleNotForMachine,
    )


async def test_a_renewed_token_keeps_account_name_and_length_and_the_old_one(town: Store, clock: FixedClock) -> None:
    old = await made(town, DEVICE, AT_MONS)
    clock.forward(days=20)
    async with town.work() as work:
        new = await accounts.renew_token(work, old, None, manager=OF_MONS, by=REGION_BY)
    async with town.read() as session:
        found = await tokens_page(session)
        pages = [await tokens_page(session, after=last, limit=1) for last in (None, *(one.id for one, _ in found))]
    assert {(one.name, account.id, one.ended_at) for one, account in found} == {("Borne", new.account_ref, None)}
    assert (len(found), new.expires_at) == (2, clock.now + timedelta(days=30))
    assert pages == [[found[0]], [found[1]], []]


async def test_a_manager_of_another_centre_knows_nothing_of_a_token(town: Store) -> None:
    id = await made(town, DEVICE, AT_MONS)
    await refused(town, lambda work: accounts.revoke_token(work, id, manager=OF_ARLON, by=REGION_BY), NotFound)
    await refused(town, lambda work: accounts.renew_token(work, id, 1, manager=OF_ARLON, by=REGION_BY), NotFound)
    async with town.read() as session:
        assert await tokens_page(session, **await accounts.scope_of(session, OF_ARLON)) == []
        assert len(await tokens_page(session, **await accounts.scope_of(session, OF_MONS))) == 1
        assert len(await tokens_page(session, **await accounts.scope_of(session, REGION))) == 1


def test_a_token_is_valid_until_it_expires_or_is_revoked(clock: FixedClock) -> None:
    later = clock.now + timedelta(days=1)
    assert token_state(later, None, clock.now) is TokenState.VALID
    assert token_state(clock.now, None, clock.now) is TokenState.EXPIRED
    assert token_state(later, clock.now, clock.now) is TokenState.REVOKED
