"""People: their centres, and who a visitor is."""

from uuid import uuid4

import pytest
from pydantic import ValidationError

from services.chassis.identity.people import Person
from services.chassis.refusals import WrongCentre
from services.contracts.roles import Role

NADIA = Person(subject="t/nadia", name="Nadia (test)", roles=frozenset({Role.COUNSELLOR}), centres=frozenset({"mons"}))


REGION = Person(subject="t/region", name="Région (test)", roles=frozenset({Role.MANAGER}))


def test_staff_work_at_their_centres_and_the_region_everywhere() -> None:
    assert NADIA.at("mons") == "mons"
    with pytest.raises(WrongCentre, match="does not belong to this centre"):
        NADIA.at("arlon")
    assert REGION.at("arlon") == "arlon"


def test_a_manager_with_centres_works_at_these_alone() -> None:
    manager = REGION.model_copy(update={"centres": frozenset({"mons"})})
    assert manager.works_at("mons")
    assert not manager.works_at("arlon")
    assert (manager.region_wide, REGION.region_wide, NADIA.region_wide) == (False, True, False)
    assert not NADIA.model_copy(update={"centres": frozenset[str]()}).works_at("mons")


def test_a_visitor_is_only_themself() -> None:
    ref = uuid4()
    visitor = Person(subject="v", name="V", roles=frozenset({Role.VISITOR}), subject_ref=ref)
    assert visitor.is_subject(ref)
    assert not visitor.is_subject(uuid4())
    assert not NADIA.model_copy(update={"subject_ref": ref}).is_subject(ref)


def test_a_claim_has_one_value_or_none() -> None:
    account = {"subject": "t/x", "name": "X (test)", "roles": {Role.COUNSELLOR}}
    known = Person.model_validate(account | {"claims": [("badge", "7")]})
    assert (known.claim("badge"), known.claim("floor")) == ("7", None)
    for claims in ([("badge", "7"), ("badge", "8")], [("badge", "")], [("Not a name", "7")]):
        with pytest.raises(ValidationError):
            Person.model_validate(account | {"claims": claims})
