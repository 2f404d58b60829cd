"""Purposes of consent by the titles that people read."""

from services.chassis.copies.purposes import PURPOSE_TITLES
from services.contracts.consent import Purpose


def test_every_purpose_has_a_title() -> None:
    assert PURPOSE_TITLES.keys() == set(Purpose)
