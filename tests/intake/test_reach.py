"""Why no message reaches a person: on their page, and beside their appointments."""

from html import unescape
from uuid import UUID

import pytest

from services.chassis.testing import Client
from services.intake.actions import consent, people
from services.intake.domain.contacts import ContactChannel
from services.intake.domain.reach import NotReached, not_reached
from tests.givens.intake import COUNSELLOR, LIEGE_DESK, NAMUR_DESK
from tests.intake.test_persons import AMELIE, PAGE, registered

MAIL, MOBILE, LANDLINE = "amelie@example.org", "0470 12 34 56", "04 222 33 44"


@pytest.mark.parametrize(
    ("contact", "channel", "without", "why"),
    [
        (MAIL, None, "", None),
        (MAIL, "email", "mails", NotReached.NO_MAIL),
        (MAIL, None, "agrees", NotReached.NO_CONSENT),
        (MAIL, None, "refused", NotReached.REFUSED),
        (None, None, "", NotReached.NO_CONTACT),
        (None, None, "agrees", NotReached.NO_CONTACT),
        ("at her sister's", None, "", NotReached.NO_CONTACT),
        (MOBILE, "sms", "", None),
        (MOBILE, None, "", NotReached.NOT_CHOSEN),
        (MOBILE, None, "texts", NotReached.NO_TEXTS),
        (MOBILE, "sms", "texts", NotReached.NO_TEXTS),
        (MOBILE, "call", "texts", NotReached.CALLS),
        (MOBILE, "sms", "refused", NotReached.REFUSED),
        (LANDLINE, None, "", NotReached.NO_MOBILE),
    ],
)
def test_why_nothing_is_sent_to_a_contact(
    contact: str | None, channel: str | None, without: str, why: NotReached | None
) -> None:
    found = not_reached(
        contact,
        channel,
        agrees=without != "agrees",
        refused=without == "refused",
        mails=without != "mails",
        texts=without != "texts",
    )
    assert found == why


async def page_of(client: Client, path: str) -> str:
    answer = await client.get(path, headers=PAGE)
    assert answer.status_code == 200
    return unescape(answer.text)


async def has(client: Client, person: UUID, contact: str | None, channel: ContactChannel | None) -> None:
    async with client.store.work() as work:
        await people.change_details(work, person, contact=contact, channel=channel, language="fr")


async def test_the_team_reads_that_no_message_goes_out_and_telephones(client: Client) -> None:
    """The platform of the tests has neither a mail server nor an SMS gateway."""
    person = await registered(client.store, *AMELIE, contact=MOBILE)
    async with client.store.work() as work:
        await consent.give_consent(work, person, ["reminders"], "test/desk-liege")
    page, part = f"/intake/people/{person}", f"/intake/fragments/visitors/{person}/reach"
    text = "L’envoi de SMS n’est pas configuré ici. Aucun message ne part\u00a0: prévenez la personne par téléphone."
    for channel in (None, ContactChannel.SMS):
        await has(client, person, MOBILE, channel)
        for who in (LIEGE_DESK, COUNSELLOR):
            client.signed_in(who)
            assert text in await page_of(client, page)
            assert text in await page_of(client, part)
    for who in (None, NAMUR_DESK):
        assert await page_of(client.signed_in(who), part) == ""
    client.signed_in(LIEGE_DESK)
    await has(client, person, None, None)
    shown = await page_of(client, part)
    assert "ni adresse e-mail ni numéro de téléphone" in shown
    assert "par téléphone" not in shown, "there is no number"
    async with client.store.work() as work:
        await consent.withdraw_consent(work, person, ["guidance", "plan", "reminders", "referral"], "test/desk-liege")
    assert await page_of(client, part) == "", "the team sees nothing of a person who withdrew everything"
