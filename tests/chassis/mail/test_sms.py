"""Text messages leave through a gateway, on the same path as e-mails: claimed, sent once, tried again, or given up."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import structlog

from services.chassis.mail.errors import DeliveryError, RefusedForGood, ServerAway, TryLater
from services.chassis.mail.messages import TextMessage
from services.chassis.mail.sender import MailSender
from services.chassis.mail.sms import SmsGateway, pause_of, refusal
from services.chassis.mail.transports import MailFolder, Transports, transports_of
from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, quiet_settings
from tests.chassis.mail.gateway import Answer, Gateway
from tests.chassis.mail.test_messages import queued
from tests.chassis.mail.test_sender import states
from tests.chassis.sample_service import Mail

NUMBER = "+32470123456"


async def by_phone(row: Mail) -> TextMessage:
    return TextMessage(NUMBER, "Votre rendez-vous : 02/04/2026 à 09:15.", row.lang)


def sender_of(store: Store, settings: Settings) -> MailSender:
    return MailSender(store, Mail, Transports(None, SmsGateway(settings)), by_phone)


async def test_a_text_message_is_handed_over_once_under_its_id(
    store: Store, gateway: Gateway, clock: FixedClock, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    id = (await queued(store)).id
    sender = sender_of(store, gateway.settings(tmp_path, sms_token_file=token))
    for _ in range(2):
        await sender.round()
        clock.forward(hours=1)
    assert gateway.sent == [{"to": NUMBER, "from": "Cefo", "text": "Votre rendez-vous : 02/04/2026 à 09:15."}]
    (head,) = gateway.heads
    assert head["request"] == "POST /messages HTTP/1.1"
    assert (head["authorization"], head["idempotency-key"]) == ("Bearer s3cret", str(id))
    assert head["content-type"] == "application/json"
    assert await states(store) == [("sent", 1, None)]


@pytest.mark.parametrize(("status", "code"), [(500, "500"), (502, "502"), (0, "no-connection")])
async def test_a_fault_of_the_gateway_delays_the_message_under_the_same_id(
    status: int, code: str, store: Store, gateway: Gateway, clock: FixedClock, tmp_path: Path
) -> None:
    gateway.answers += [Answer(status), Answer(status)]
    id = (await queued(store)).id
    sender = sender_of(store, gateway.settings(tmp_path))
    for attempt, pause in ((1, 5), (2, 10)):
        await sender.round()
        assert await states(store) == [("queued", attempt, code)]
        clock.forward(seconds=pause - 1)
        await sender.round()  # too early
        clock.forward(seconds=1)
    await sender.round()
    assert await states(store) == [("sent", 3, None)]
    assert [head["idempotency-key"] for head in gateway.heads] == [str(id)] * 3


async def test_a_gateway_that_has_no_time_is_asked_again_when_it_said(
    store: Store, gateway: Gateway, clock: FixedClock, tmp_path: Path
) -> None:
    gateway.answers.append(Answer(429, ["Retry-After: 120"]))
    for _ in range(2):
        await queued(store)
    sender = sender_of(store, gateway.settings(tmp_path))
    await sender.round()
    assert len(gateway.heads) == 1, "the other message does not ask again"
    assert await states(store) == [("queued", 1, "429")] * 2
    clock.forward(seconds=119)
    await sender.round()
    assert len(gateway.heads) == 1
    clock.forward(seconds=1)
    await sender.round()
    assert await states(store) == [("sent", 2, None)] * 2


async def test_a_gateway_that_does_not_answer_is_left_alone(store: Store, gateway: Gateway, tmp_path: Path) -> None:
    gateway.answers.append(Answer(202, slow=True))
    await queued(store)
    await sender_of(store, gateway.settings(tmp_path, sms_timeout_seconds=0.2)).round()
    assert await states(store) == [("queued", 1, "timeout")]
    gateway.port = 1
    await queued(store)
    await sender_of(store, gateway.settings(tmp_path)).round()
    assert sorted(error or "" for _, _, error in await states(store)) == ["no-connection", "timeout"]


async def test_a_number_that_is_refused_is_not_tried_again(
    store: Store, gateway: Gateway, clock: FixedClock, tmp_path: Path
) -> None:
    gateway.answers.append(Answer(422))
    await queued(store)
    sender = sender_of(store, gateway.settings(tmp_path))
    with structlog.testing.capture_logs() as lines:
        await sender.round()
    clock.forward(days=1)
    await sender.round()
    assert (await states(store), len(gateway.heads)) == ([("refused", 1, "422")], 1)
    assert [line["outcome"] for line in lines if line["event"] == "message"] == ["refused"]
    assert NUMBER not in str(lines)


async def test_a_redirect_is_not_followed(store: Store, gateway: Gateway, tmp_path: Path) -> None:
    gateway.answers.append(Answer(307, ["Location: /elsewhere"]))
    await queued(store)
    await sender_of(store, gateway.settings(tmp_path)).round()
    assert (await states(store), len(gateway.heads)) == ([("queued", 1, "307")], 1)


@pytest.mark.parametrize(
    ("status", "kind", "address"),
    [
        (400, RefusedForGood, True),
        (401, ServerAway, False),
        (404, ServerAway, False),
        (408, ServerAway, False),
        (422, RefusedForGood, True),
        (429, ServerAway, False),
        (500, TryLater, False),
        (503, ServerAway, False),
        (302, ServerAway, False),
        (203, ServerAway, False),
    ],
)
def test_what_an_answer_means(status: int, kind: type[DeliveryError], address: bool) -> None:
    """A wrong token or address of ours says nothing about the number."""
    error = refusal(status, None, datetime.now(UTC))
    assert type(error) is kind
    assert getattr(error, "address", False) is address


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30),
        ("Sun, 29 Mar 2026 10:01:00 GMT", 60),
        ("Sun, 29 Mar 2026 09:00:00 GMT", 0),
        ("9" * 40, 86_400),
        ("-5", 0),
        ("soon", 0),
        (None, 0),
    ],
)
def test_how_long_a_gateway_asks_to_be_left_alone(text: str | None, seconds: int) -> None:
    assert pause_of(text, datetime(2026, 3, 29, 10, tzinfo=UTC)) == timedelta(seconds=seconds)


async def test_fields_are_sent_as_the_gateway_wants_them(store: Store, gateway: Gateway, tmp_path: Path) -> None:
    body = '{"messages": [{"destinations": ["{digits}"], "content": "{text}"}], "ref": "{id}", "flash": false}'
    id = (await queued(store)).id
    await sender_of(store, gateway.settings(tmp_path, sms_body=body)).round()
    text = "Votre rendez-vous : 02/04/2026 à 09:15."
    assert gateway.sent == [
        {"messages": [{"destinations": [NUMBER[1:]], "content": text}], "ref": str(id), "flash": False}
    ]
    await queued(store)
    key = tmp_path / "key"
    key.write_text("k3y")
    headers = {"sms_token_header": "X-Api-Key", "sms_token_scheme": "", "sms_token_file": key}
    await sender_of(store, gateway.settings(tmp_path, sms_format="form", **headers)).round()
    assert parse_qs(gateway.bodies[1]) == {"to": [NUMBER], "from": ["Cefo"], "text": [text]}
    assert gateway.heads[1]["x-api-key"] == "k3y"
    assert "authorization" not in gateway.heads[1]


async def test_the_demo_writes_text_messages_to_its_folder(store: Store, tmp_path: Path) -> None:
    id = (await queued(store)).id
    settings = quiet_settings(tmp_path, demo=True, sms_url="https://sms.example/messages")
    transports = transports_of(settings, "sample")
    await MailSender(store, Mail, transports, by_phone).round()
    assert isinstance(transports.sms, MailFolder)
    written = transports.sms.path(id).read_text()
    assert NUMBER in written
    assert await states(store) == [("sent", 1, None)]
