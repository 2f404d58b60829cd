"""Queued messages: with what causes them or not at all, one address, one line of subject, nothing left afterwards."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.mail.addresses import WrongEmail
from services.chassis.mail.messages import MailState, close, give_up_overdue, one_line, prune_mail, queue
from services.chassis.storage.claims import ClaimLost, claim
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from tests.chassis.sample_service import Mail

LEASE = timedelta(minutes=30)


async def queued(store: Store, **more: Any) -> Mail:
    """A message to one person, queued."""
    given: dict[str, Any] = {"recipient": "ada@ifapme.example", "subject": "Votre lien", "body": "Voici : https://x"}
    async with store.work() as work:
        return queue(work, Mail, purpose="link", lang="fr", **given | more)


async def stored(store: Store) -> list[Mail]:
    async with store.read() as session:
        return list(await session.scalars(sa.select(Mail).order_by(col(Mail.queued_at))))


async def failing(store: Store) -> None:
    async with store.work() as work:
        queue(work, Mail, purpose="link", recipient="ada@ifapme.example", subject="s", body="b", lang="fr")
        raise ZeroDivisionError


async def test_a_message_is_queued_with_what_causes_it_or_not_at_all(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        await failing(store)
    assert await stored(store) == []
    await queued(store)
    (row,) = await stored(store)
    assert (row.state, row.recipient, row.attempts) == (MailState.QUEUED, "ada@ifapme.example", 0)
    assert row.useful_until - row.queued_at == timedelta(days=2)


async def test_what_is_no_address_is_not_queued(store: Store) -> None:
    with pytest.raises(WrongEmail):
        await queued(store, recipient="ada@ifapme.example\r\nBcc: all@ifapme.example")
    assert await stored(store) == []


@pytest.mark.parametrize(
    "typed",
    [
        "Lien\r\nBcc: all@x.example",
        "Lien\nBcc: all@x.example",
        "Lien\u2028Bcc: all@x.example",
        "Lien\x00\x85 Bcc: all@x.example",
    ],
)
def test_a_subject_is_one_line(typed: str) -> None:
    assert one_line(typed) == "Lien Bcc: all@x.example"


async def test_nothing_of_the_person_stays_in_a_closed_message(store: Store, clock: FixedClock) -> None:
    await queued(store)
    (row,) = await claim(store, Mail, 1, LEASE)
    async with store.work() as work:
        await close(work, row, MailState.REFUSED, "550")
    (kept,) = await stored(store)
    assert (kept.recipient, kept.subject, kept.body) == (None, None, None)
    assert (kept.state, kept.error, kept.purpose, kept.done_at) == (MailState.REFUSED, "550", "link", clock.now)
    with pytest.raises(ClaimLost):
        async with store.work() as work:
            await close(work, row, MailState.SENT)


async def test_what_is_no_longer_useful_is_given_up_unless_somebody_sends_it(store: Store, clock: FixedClock) -> None:
    await queued(store, useful_for=timedelta(minutes=15))
    clock.forward(minutes=10)
    assert await give_up_overdue(store, Mail) == 0
    await claim(store, Mail, 1, LEASE)
    clock.forward(minutes=10)
    assert await give_up_overdue(store, Mail) == 0
    clock.forward(minutes=30)  # its worker died
    assert await give_up_overdue(store, Mail) == 1
    (kept,) = await stored(store)
    assert (kept.state, kept.recipient, kept.body, kept.done_at) == (MailState.OVERDUE, None, None, clock.now)


async def test_the_record_of_a_closed_message_is_removed_at_its_age(store: Store, clock: FixedClock) -> None:
    await queued(store, useful_for=timedelta(0))
    await give_up_overdue(store, Mail)
    await queued(store)
    clock.forward(days=90)
    await prune_mail(store, Mail, 90)
    assert len(await stored(store)) == 2
    clock.forward(seconds=1)
    await prune_mail(store, Mail, 90)
    assert [row.state for row in await stored(store)] == [MailState.QUEUED]
