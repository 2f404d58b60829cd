"""Text messages leave through a gateway, on the same path as e-mails: claimed, sent once, tried again, or given up."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import structlog
from prometheus_client import REGISTRY

from services.chassis.mail.errors import DeliveryError, ServerAway, TryLater
from services.chassis.mail.messages import TextMessage
from services.chassis.mail.sender import MailSender
from services.chassis.mail.sms import SmsGateway, pause_of, refusal
from services.chassis.mail.transports import MailFolder, Transports, transports_of
from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store, Work
from services.chassis.testing import FixedClock, quiet_settings
from tests.chassis.mail.gateway import Answer, Gateway
from tests.chassis.mail.test_messages import queued
from tests.chassis.mail.test_sender import states
from tests.chassis.sample_service import Mail, Pauses, Table

NUMBER = "+32470123456"


async def by_phone(row: Mail) -> TextMessage:
    return TextMessage(NUMBER, "Votre rendez-vous : 02/04/2026 à 09:15.", row.lang)


def sender_of(store: Store, settings: Settings) -> MailSender:
    return MailSender(store, Mail, Transports(None, SmsGateway(settings)), by_phone, pauses=Pauses)


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


async def test_what_one_gateway_asks_for_holds_for_every_message_and_replica(
    url: str, store: Store, gateway: Gateway, clock: FixedClock, tmp_path: Path
) -> None:
    """Also for messages that are queued meanwhile, and for another answer than 429 that asks for a pause."""
    other = Store(url, "sample", Table.metadata, clock)
    senders = [sender_of(one, gateway.settings(tmp_path)) for one in (store, other)]
    for status in (429, 500):
        gateway.heads.clear()
        gateway.answers.append(Answer(status, ["Retry-After: 120"]))
        await queued(store)
        await senders[0].round()
        for _ in range(2):
            clock.forward(seconds=59)
            await queued(store)
            for sender in senders:
                await sender.round()
        assert len(gateway.heads) == 1
        clock.forward(seconds=10)
        await senders[1].round()
        assert len(gateway.heads) == 4
    await other.close()
    assert {(state, error) for state, _, error in await states(store)} == {("sent", None)}


REFUSES: dict[str, Any] = {"sms_number_refused": "422,400:INVALID_NUMBER"}


@pytest.mark.parametrize(
    ("answer", "more", "state", "marked"),
    [
        (Answer(200), {}, "sent", False),
        (Answer(429), {}, "queued", False),
        (Answer(500), {}, "queued", False),
        *((Answer(status), {}, "queued", False) for status in (400, 401, 403, 404, 409, 422)),
        (Answer(422), REFUSES, "refused", True),
        (Answer(400, body='{"error": "INVALID_NUMBER"}'), REFUSES, "refused", True),
        (Answer(400, body='{"error": "INVALID_SENDER"}'), REFUSES, "queued", False),
        (Answer(400, body="x" * 20_000 + "INVALID_NUMBER"), REFUSES, "queued", False),
        (Answer(401, body="INVALID_NUMBER"), REFUSES, "queued", False),
    ],
)
async def test_a_number_is_refused_only_by_an_answer_that_the_settings_name(
    answer: Answer,
    more: dict[str, Any],
    state: str,
    marked: bool,
    store: Store,
    gateway: Gateway,
    clock: FixedClock,
    tmp_path: Path,
) -> None:
    gateway.answers.append(answer)
    await queued(store)
    refused: list[str] = []

    async def on_refused(work: Work, row: Mail, recipient: str) -> None:
        refused.append(recipient)

    transports = Transports(None, SmsGateway(gateway.settings(tmp_path, **more)))
    sender = MailSender(store, Mail, transports, by_phone, on_refused)
    labels = {"service": "sample", "code": str(answer.status)}
    before = REGISTRY.get_sample_value("cefo_mail_failures_total", labels) or 0
    with structlog.testing.capture_logs() as lines:
        await sender.round()
    code = None if state == "sent" else str(answer.status)
    assert (await states(store), refused) == ([(state, 1, code)], [NUMBER] if marked else [])
    after = REGISTRY.get_sample_value("cefo_mail_failures_total", labels) or 0
    assert after - before == (code is not None)
    assert NUMBER not in str(lines)
    clock.forward(minutes=10)
    warning = await sender.warning() or ""
    assert warning.endswith(f"; last answers: {code} (1)") is (state == "queued")
    await sender.round()
    assert (await states(store))[0][0] == ("refused" if marked else "sent"), "tried again, if it is queued"


async def test_a_redirect_is_not_followed(store: Store, gateway: Gateway, tmp_path: Path) -> None:
    gateway.answers.append(Answer(307, ["Location: /elsewhere"]))
    await queued(store)
    await sender_of(store, gateway.settings(tmp_path)).round()
    assert (await states(store), len(gateway.heads)) == ([("queued", 1, "307")], 1)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, TryLater),
        (401, ServerAway),
        (404, ServerAway),
        (408, ServerAway),
        (409, TryLater),
        (422, TryLater),
        (429, ServerAway),
        (500, TryLater),
        (503, ServerAway),
        (302, ServerAway),
        (203, ServerAway),
    ],
)
def test_what_an_answer_means(status: int, kind: type[DeliveryError]) -> None:
    """A wrong token or address of ours keeps every message back, a request that one message spoils only that one."""
    assert type(refusal(status, None, datetime.now(UTC))) is kind
    assert type(refusal(status, "120", datetime.now(UTC))) is ServerAway, "a pause is the gateway's, not the message's"


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
