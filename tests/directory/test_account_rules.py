"""Who may grant which rights to whom: rules for any manager and any account."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.refusals import Refused
from services.contracts.accounts import AccountKind
from services.contracts.roles import Role
from services.directory.domain import refusals
from services.directory.domain.accounts import (
    Grantor,
    Rights,
    acts_on,
    check_grant,
    check_last_manager,
    check_machine,
    check_not_own,
    check_rights,
    grantable,
    kind_of,
)

CENTRES = ("mons", "liege", "arlon")
RIGHTS = st.builds(Rights, st.frozensets(st.sampled_from(list(Role))), st.frozensets(st.sampled_from(CENTRES)))
MANAGERS = RIGHTS.map(Grantor)
REGION = Grantor(Rights(frozenset({Role.MANAGER})))
MONS = Grantor(Rights(frozenset({Role.MANAGER}), frozenset({"mons"})))


def rights(*roles: Role, centres: tuple[str, ...] = ()) -> Rights:
    return Rights(frozenset(roles), frozenset(centres))


def allowed(act: Callable[[], None]) -> bool:
    try:
        act()
    except Refused:
        return False
    return True


@given(MANAGERS, RIGHTS, RIGHTS)
def test_nobody_grants_or_withdraws_what_they_lack(manager: Grantor, before: Rights, after: Rights) -> None:
    if not allowed(lambda: check_grant(manager, before, after)):
        return
    assert Role.MANAGER in manager.rights.roles
    assert Role.VISITOR not in before.roles | after.roles
    if not manager.rights.manages_region:
        assert Role.OPERATOR not in before.roles | after.roles
        assert before.centres | after.centres <= manager.rights.centres
        assert after.centres, "no one else's centres, and never the whole region"
        assert not before.manages_region
        assert not after.manages_region


@given(MANAGERS, RIGHTS)
def test_a_manager_acts_on_accounts_of_their_own_centres_or_has_the_region(manager: Grantor, other: Rights) -> None:
    if acts_on(manager, other):
        assert Role.MANAGER in manager.rights.roles
        assert manager.rights.manages_region or (other.centres and other.centres <= manager.rights.centres)


@given(MANAGERS, RIGHTS, RIGHTS)
def test_what_a_manager_granted_stays_in_their_hands(manager: Grantor, before: Rights, after: Rights) -> None:
    if allowed(lambda: check_grant(manager, before, after)):
        assert acts_on(manager, after)
        assert allowed(lambda: check_grant(manager, after, after))


@given(RIGHTS, RIGHTS, st.integers(0, 3))
def test_a_region_wide_manager_remains(before: Rights, after: Rights, others: int) -> None:
    kept = allowed(lambda: check_last_manager(before, after, [uuid4() for _ in range(others)]))
    assert kept or not others
    if before.manages_region and kept:
        assert after.manages_region or others


@pytest.mark.parametrize("role", Role)
def test_a_region_wide_manager_grants_every_role_of_an_account(role: Role) -> None:
    assert (role in grantable(REGION)) == (role is not Role.VISITOR)
    assert (role in grantable(MONS)) == (role not in (Role.VISITOR, Role.OPERATOR))
    assert grantable(Grantor(rights(role, centres=("mons",)))) == (grantable(MONS) if role is Role.MANAGER else set())


def test_the_refusals_name_what_is_beyond() -> None:
    with pytest.raises(refusals.RoleNotGranted) as beyond:
        check_grant(MONS, rights(Role.OPERATOR, centres=("mons",)), rights(Role.COUNSELLOR, centres=("mons",)))
    assert beyond.value.values == {"roles": [Role.OPERATOR]}
    for after in (rights(Role.COUNSELLOR), rights(Role.COUNSELLOR, centres=("mons", "arlon"))):
        with pytest.raises(refusals.CentreNotGranted) as outside:
            check_grant(MONS, rights(), after)
        assert outside.value.values == {"known": ["mons"]}


def test_a_manager_is_not_their_own() -> None:
    own = uuid4()
    with pytest.raises(refusals.OwnAccount):
        check_not_own(Grantor(REGION.rights, own), own)
    check_not_own(Grantor(REGION.rights, own), uuid4())
    check_not_own(REGION, own)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (rights(), refusals.RoleMissing),
        (rights(Role.PROVIDER, Role.MANAGER), refusals.RolesApart),
        (rights(Role.PROVIDER), refusals.OrganizationMissing),
        (rights(Role.FRONT_DESK), refusals.CentreMissing),
        (rights(Role.COUNSELLOR, Role.MANAGER), refusals.CentreMissing),
    ],
)
def test_rights_fit_together(given: Rights, refusal: type[Refused]) -> None:
    with pytest.raises(refusal):
        check_rights(given, None)


def test_rights_that_fit_are_accepted() -> None:
    check_rights(rights(Role.PROVIDER), uuid4())
    for fitting in (rights(Role.MANAGER), rights(Role.CITE), rights(Role.COUNSELLOR, centres=("mons",))):
        check_rights(fitting, None)


def test_the_kind_of_a_persons_account_follows_its_roles() -> None:
    for kind in (AccountKind.STAFF, AccountKind.PROVIDER):
        assert kind_of(kind, [Role.PROVIDER]) is AccountKind.PROVIDER
        assert kind_of(kind, [Role.COUNSELLOR]) is AccountKind.STAFF
    for kind in (AccountKind.DEVICE, AccountKind.MACHINE):
        assert kind_of(kind, [Role.PROVIDER]) is kind
        check_machine(kind)


@pytest.mark.parametrize("kind", [AccountKind.STAFF, AccountKind.PROVIDER])
def test_people_are_no_machines(kind: AccountKind) -> None:
    with pytest.raises(refusals.NotAMachine):
        check_machine(kind)
