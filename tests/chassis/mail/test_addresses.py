"""E-mail addresses: one form for each, and none that a mail server could read as something else."""

import pytest

from services.chassis.mail.addresses import WrongEmail, check_address, sender_address


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("contact@ifapme.example", "contact@ifapme.example"),
        (" Contact@IFAPME.example ", "contact@ifapme.example"),
        ("accueil+cefo@formation.example", "accueil+cefo@formation.example"),
        ("info@école.example", "info@xn--cole-9oa.example"),
    ],
)
def test_an_address_has_one_form(typed: str, stored: str) -> None:
    assert check_address(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "contact",
        "contact@",
        "@ifapme.example",
        "a@b@ifapme.example",
        "contact@ifapme.example, other@ifapme.example",
        "Contact <contact@ifapme.example>",
        "contact@ifapme.example\r\nBcc: other@ifapme.example",
        "contact@ifapme.example\nother",
        '"a b"@ifapme.example',
        "élise@ifapme.example",
        "contact@[127.0.0.1]",
        "contact@localhost",
        "x" * 65 + "@ifapme.example",
    ],
)
def test_what_is_no_address_is_refused_at_its_field(typed: str) -> None:
    with pytest.raises(WrongEmail) as refused:
        check_address(typed)
    assert refused.value.about == "email"
    with pytest.raises(WrongEmail) as refused:
        check_address(typed, "contact")
    assert refused.value.about == "contact"


def test_a_sender_may_have_words() -> None:
    sender = sender_address("Orientation <noreply@cefo.example>")
    assert (sender.display_name, sender.addr_spec) == ("Orientation", "noreply@cefo.example")
    assert str(sender_address("noreply@cefo.example")) == "noreply@cefo.example"
    with pytest.raises(ValueError, match="@"):
        sender_address("Orientation")
