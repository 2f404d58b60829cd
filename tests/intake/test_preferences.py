"""A visitor chooses on their own page in which language their messages come, and in which way."""

from html import unescape
from uuid import UUID, uuid4

import pytest

from services.chassis.identity.people import visitor
from services.chassis.testing import Client
from services.intake.actions.consent import withdraw_under
from services.intake.actions.preferences import change_preferences
from services.intake.domain.contacts import ContactChannel, WrongChannel, channels_of
from services.intake.store import Visitor
from tests.intake.test_letters import ADDRESS, person_with
from tests.intake.test_merging import merge

PHONE = "0470 12 34 56"
PATH = "/intake/mine/preferences"
SMS, CALL, EMAIL = ContactChannel.SMS, ContactChannel.CALL, ContactChannel.EMAIL


async def kept(client: Client, person: UUID) -> Visitor:
    async with client.store.read() as session:
        return await session.get_one(Visitor, person)


async def chooses(client: Client, person: UUID, **form: str) -> str:
    """The message of the page that the form leads to."""
    answer = await client.signed_in(visitor(person)).post(PATH, data=form, headers={"accept": "text/html"})
    assert answer.status_code == 303, answer.text
    client.cookies.delete("cefo-flash")
    return client.flash(answer)


async def own_page(client: Client, person: UUID) -> str:
    page = {"accept": "text/html", "accept-language": "fr"}
    return unescape((await client.signed_in(visitor(person)).get("/intake/mine", headers=page)).text)


@pytest.mark.parametrize(
    ("key", "ways"),
    [("+32470123456", (SMS, CALL)), ("+3242234567", (CALL,)), (ADDRESS, (EMAIL,)), (None, ())],
)
def test_only_ways_that_fit_the_contact_are_offered(key: str | None, ways: tuple[ContactChannel, ...]) -> None:
    assert channels_of(key) == ways


async def test_language_and_way_are_chosen_on_the_own_page(client: Client) -> None:
    person = await person_with(client.store, PHONE, channel=CALL)
    before = await own_page(client, person)
    assert 'value="sms"' in before
    assert 'value="email"' not in before
    assert (await chooses(client, person, language="de", channel="sms")).startswith("done:")
    found = await kept(client, person)
    assert (found.language, found.channel, found.contact) == ("de", "sms", PHONE)
    await chooses(client, person, language="fr")
    assert (await kept(client, person)).channel == "sms", "a form without a choice keeps it"


async def test_one_way_is_no_choice_and_a_wrong_one_is_refused(client: Client) -> None:
    person = await person_with(client.store, ADDRESS)
    assert "Le centre vous contacte par e-mail." in await own_page(client, person)
    assert (await chooses(client, person, language="de", channel="sms")).startswith("error:")
    assert (await kept(client, person)).language == "fr"


async def test_a_contact_that_was_refused_stays_refused_and_nobody_elses_changes(client: Client) -> None:
    person, other = await person_with(client.store, PHONE, channel=CALL), await person_with(client.store)
    async with client.store.work() as work:
        (await work.load(Visitor, person)).contact_refused_at = work.now
    await chooses(client, person, language="nl", channel="sms")
    assert (await kept(client, person)).contact_refused_at is not None
    assert (await kept(client, other)).language == "fr"


async def test_without_a_contact_there_is_no_way(client: Client) -> None:
    person = await person_with(client.store, None)
    async with client.store.work() as work:
        with pytest.raises(WrongChannel):
            await change_preferences(work, person, channel=EMAIL, language="fr")
    assert 'name="channel"' not in await own_page(client, person)
    assert (await client.signed_in(visitor(uuid4())).post(PATH, data={"language": "fr"})).status_code == 404


async def test_what_is_chosen_counts_for_both_registrations_also_with_consent_under_one(client: Client) -> None:
    other, first = await person_with(client.store, PHONE, channel=CALL), await person_with(client.store, ADDRESS)
    await merge(client.store, other, first)
    async with client.store.work() as work:
        await withdraw_under(work, await work.load(Visitor, first), ["guidance", "reminders"], "test")
    client.signed_in(visitor(first, frozenset({other})))
    page = unescape((await client.get("/intake/mine", headers={"accept": "text/html"})).text)
    assert [page.count(f'name="channel" value="{way.value}"') for way in (EMAIL, SMS, CALL)] == [1, 1, 1]
    assert (await chooses(client, first, language="de", channel="sms")).startswith("done:")
    found = [await kept(client, ref) for ref in (other, first)]
    assert [(one.language, one.channel) for one in found] == [("de", "sms"), ("de", None)]
    await chooses(client, first, language="nl", channel="email")
    found = [await kept(client, ref) for ref in (other, first)]
    assert [(one.language, one.channel) for one in found] == [("nl", "sms"), ("nl", "email")]


async def test_the_own_page_leads_to_the_centre(client: Client) -> None:
    page = await own_page(client, await person_with(client.store, ADDRESS))
    assert 'data-hx-get="/directory/centres/liege/phone"' in page
    assert 'href="/directory/centres/liege"' in page


async def test_a_page_without_a_registered_person_offers_nothing(client: Client) -> None:
    page = await own_page(client, uuid4())
    assert "<h1>" in page
    assert "preferences" not in page
