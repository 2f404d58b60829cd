"""Access policies: which roles may use a route."""

from uuid import uuid4

import pytest

from services.chassis.identity.access import AccessPolicy
from services.chassis.identity.people import Person, visitor
from services.chassis.refusals import NotAllowed, NotForVisitors, NotSignedIn
from services.contracts.roles import Role

NADIA = Person(subject="t/nadia", name="Nadia (test)", roles=frozenset({Role.COUNSELLOR}), centres=frozenset({"mons"}))
REGION = Person(subject="t/region", name="Région (test)", roles=frozenset({Role.MANAGER}))


def test_a_policy_admits_its_roles_alone() -> None:
    rule = AccessPolicy([Role.COUNSELLOR])
    assert rule.admit(NADIA) is NADIA
    with pytest.raises(NotAllowed):
        rule.admit(REGION)
    with pytest.raises(NotSignedIn):
        rule.admit(None)


def test_a_visitor_is_not_sent_to_those_who_manage_accounts() -> None:
    with pytest.raises(NotForVisitors) as refused:
        AccessPolicy([Role.COUNSELLOR]).admit(visitor(uuid4()))
    assert (refused.value.status, refused.value.slug) == (403, "not-allowed")
    assert "accounts" not in refused.value.message


def test_a_region_wide_role_counts_without_centres_of_ones_own() -> None:
    rule = AccessPolicy([Role.CITE], region_wide=[Role.MANAGER])
    assert rule.admit(REGION) is REGION
    with pytest.raises(NotAllowed):
        rule.admit(REGION.model_copy(update={"centres": frozenset({"mons"})}))
    assert rule.admits(NADIA.model_copy(update={"roles": frozenset({Role.CITE})}))
    assert not rule.admits(None)


def test_a_policy_without_roles_admits_no_one_and_an_open_one_everyone() -> None:
    with pytest.raises(NotAllowed):
        AccessPolicy([]).admit(NADIA)
    assert AccessPolicy(None).admit(None) is None
    assert AccessPolicy(None).admit(NADIA) is NADIA
