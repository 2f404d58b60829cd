"""An SMS gateway: what it needs, and what must not leave the machine in plain text."""

from pathlib import Path
from typing import Any

import pytest

from services.chassis.testing import quiet_settings


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"sms_url": "http://sms.example/messages"}, "en clair"),
        ({"sms_url": "ftp://sms.example"}, "n’est pas une adresse https"),
        ({"sms_url": "https://cefo:s3cret@sms.example"}, "contient un mot de passe"),
        ({"sms_body": "[]"}, "n’est pas un objet JSON"),
        ({"sms_body": "{"}, "n’est pas un objet JSON"),
        ({"sms_body": '{"to": "{to}"}'}, "n’a pas de champ"),
        ({"sms_body": '{"a": {"to": "{to}", "text": "{text}"}}', "sms_format": "form"}, "qu’un niveau"),
        ({"sms_accepted": "200;202"}, "CEFO_SMS_ACCEPTED"),
        ({"sms_number_refused": "422;400"}, "CEFO_SMS_NUMBER_REFUSED"),
        ({"sms_number_refused": "500"}, "CEFO_SMS_NUMBER_REFUSED"),
        ({"sms_number_refused": "422,401"}, "statut 401 seul"),
        ({"sms_number_refused": "422", "sms_accepted": "422"}, "statut 422 seul"),
        ({"sms_from": "Carrefour des métiers"}, "CEFO_SMS_FROM"),
        ({"sms_token_header": "X\r\nY"}, "CEFO_SMS_TOKEN_HEADER"),
        ({"sms_token_scheme": "a b"}, "CEFO_SMS_TOKEN_SCHEME"),
    ],
)
def test_a_gateway_that_cannot_be_used_stops_the_start(chosen: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        quiet_settings(tmp_path, **chosen)
    assert "s3cret" not in str(refused.value)


def test_a_gateway_on_this_machine_may_be_asked_in_plain_text(tmp_path: Path) -> None:
    assert quiet_settings(tmp_path, sms_url="http://127.0.0.1:8080/sms").sms_accepted_statuses == {200, 201, 202, 204}


def test_answers_about_a_number_have_a_status_and_may_have_a_text(tmp_path: Path) -> None:
    assert quiet_settings(tmp_path).sms_number_refusals == []
    settings = quiet_settings(tmp_path, sms_number_refused="422,400:NO SUCH NUMBER,403:BLOCKED")
    assert settings.sms_number_refusals == [(422, ""), (400, "NO SUCH NUMBER"), (403, "BLOCKED")]
