"""A mail server: what it needs, and what must not leave the machine in plain text."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.chassis.runtime.settings import Settings


@pytest.mark.parametrize(
    ("mail", "message"),
    [
        ({"smtp_host": "mail"}, "Il manque CEFO_SMTP_FROM"),
        (
            {"smtp_host": "mail", "smtp_from": "a@b.example", "smtp_tls": "none", "smtp_user": "cefo"},
            "passerait en clair",
        ),
        ({"smtp_host": "mail", "smtp_from": "a@b.example", "smtp_user": "cefo"}, "CEFO_SMTP_PASSWORD_FILE vont"),
        ({"smtp_host": "mail", "smtp_from": "a@b.example", "smtp_tls": "maybe"}, "smtp_tls"),
    ],
)
def test_a_mail_server_that_cannot_be_used_stops_the_start(mail: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Settings(**mail)  # pyright: ignore[reportArgumentType]


def test_a_password_may_stay_on_the_machine_in_plain_text(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    mail = {"smtp_host": "localhost", "smtp_from": "a@b.example", "smtp_tls": "none", "smtp_user": "cefo"}
    assert Settings(**mail, smtp_password_file=secret).smtp_host == "localhost"  # pyright: ignore[reportArgumentType]
