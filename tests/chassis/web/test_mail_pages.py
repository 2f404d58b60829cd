"""The page of messages: for operators; outside the demo it shows nothing of a person."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.chassis.mail.messages import queue
from services.chassis.testing import Client, FixedClock, client_of, quiet_settings
from services.chassis.web import mail_pages
from tests.chassis.conftest import DESK, OPERATOR
from tests.chassis.sample_service import Mail, Table, service

PAGE = "/sample/mail?lang=en"


async def queued(client: Client) -> None:
    async with client.store.work() as work:
        body = "Ici : https://x.example/a?b=c"
        to, subject = "ada@ifapme.example", "Votre lien <b>"
        queue(work, Mail, purpose="link", recipient=to, subject=subject, body=body, lang="fr")


@pytest.fixture
async def real(tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Client]:
    """The sample service outside the demo, without a mail server."""
    settings = quiet_settings(tmp_path)
    async with client_of(service(tmp_path), tmp_path, person=OPERATOR, clock=clock, settings=settings) as made:
        async with made.store.writer.begin() as connection:
            await connection.run_sync(Table.metadata.create_all)
        yield made


async def test_only_operators_see_it(client: Client) -> None:
    assert (await client.signed_in(DESK).get(PAGE, headers={"accept": "application/json"})).status_code == 403
    assert (await client.signed_in(None).get(PAGE, headers={"accept": "application/json"})).status_code == 401


async def test_the_demo_shows_the_messages_themselves(operator: Client) -> None:
    assert "No messages yet" in (await operator.get(PAGE)).text
    await queued(operator)
    assert "Waiting to be sent" in (await operator.get(PAGE)).text
    assert operator.runtime.mail is not None
    await operator.runtime.mail.round()
    shown = (await operator.get(PAGE)).text
    assert "ada@ifapme.example" in shown
    assert "Votre lien &lt;b&gt;" in shown
    assert '<a href="https://x.example/a?b=c"' in shown
    assert "demonstration" in shown


async def test_outside_the_demo_it_shows_states_only(real: Client) -> None:
    await queued(real)
    shown = (await real.get(PAGE)).text
    assert "Waiting to be sent" in shown
    assert "No mail server is set up" in shown
    assert "ifapme" not in shown
    assert "Votre lien" not in shown


async def test_it_says_why_a_message_does_not_leave(real: Client, clock: FixedClock) -> None:
    await queued(real)
    assert real.runtime.mail is not None
    await real.runtime.mail.round()
    assert "<span>No mail server is set up.</span>" in (await real.get(PAGE)).text
    clock.forward(days=3)
    await real.runtime.mail.round()
    assert "<span>No mail server is set up.</span>" in (await real.get(PAGE)).text
    async with real.store.work() as work:
        for row in await work.session.scalars(sa.select(Mail)):
            assert row.state == "overdue"
            row.error = "451"
    assert "Answer of the server: 451" in (await real.get(PAGE)).text


async def test_health_warns_of_messages_that_wait(real: Client) -> None:
    assert (await real.get("/health/ready")).json()["warnings"] == {}
    await queued(real)
    warnings = (await real.get("/health/ready")).json()["warnings"]
    assert warnings == {"sample": {"mail": "messages waiting: 1; there is no mail server, set CEFO_SMTP_HOST"}}


async def test_more_messages_are_on_the_next_page(real: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_pages, "SHOWN", 2)
    for _ in range(3):
        await queued(real)
    first = (await real.get(PAGE)).text
    [after] = re.findall(r'href="\?(after=[0-9a-f-]+)"', first)
    rest = (await real.get(f"{PAGE}&{after}")).text
    assert (first.count("Waiting to be sent"), rest.count("Waiting to be sent")) == (2, 1)
    assert "Show the next ones" not in rest
