"""Which refusals are about the address itself."""

import pytest

from services.chassis.mail.errors import is_of_address


@pytest.mark.parametrize(
    ("status", "about"),
    [
        ("5.1.1", True),
        ("5.1.10", True),
        ("5.1.7", False),
        ("5.1.8", False),
        ("5.2.1", True),
        ("5.2.2", False),
        ("5.2.3", False),
        ("5.4.4", False),
        ("5.7.1", False),
        ("4.1.1", False),
        ("2.1.5", False),
        ("5", False),
        ("", False),
    ],
)
def test_a_refusal_is_about_the_address_or_not(status: str, about: bool) -> None:
    assert is_of_address(status) is about
