"""Rows of a centre: for its own staff, hidden from others."""

from dataclasses import dataclass

import pytest

from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound
from services.contracts.roles import Role

NADIA = Person(subject="t/nadia", name="Nadia (test)", roles=frozenset({Role.COUNSELLOR}), centres=frozenset({"mons"}))
REGION = Person(subject="t/region", name="Région (test)", roles=frozenset({Role.MANAGER}))


@dataclass
class Workshop:
    centre: str


def test_a_row_is_for_staff_of_its_centre_and_the_region() -> None:
    workshop = Workshop("mons")
    assert own(workshop, NADIA, "workshop") is workshop
    assert own(workshop, REGION, "workshop") is workshop


@pytest.mark.parametrize("row", [None, Workshop("arlon")])
def test_another_centres_row_is_as_one_that_does_not_exist(row: Workshop | None) -> None:
    with pytest.raises(NotFound) as hidden:
        own(row, NADIA, "workshop")
    assert hidden.value.values == {"what": "workshop"}
