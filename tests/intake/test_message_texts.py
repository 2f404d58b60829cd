"""Managers change the texts of messages, for their centre or for the Region, and see them before anyone gets them."""

import re
from html import unescape
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from services.chassis.i18n import LANGUAGES, add_catalogues
from services.chassis.identity.people import Person
from services.chassis.mail.messages import Letter
from services.chassis.storage.store import Store
from services.chassis.testing import Client, quiet_settings
from services.contracts.roles import Role
from services.intake.actions.letters import Letters
from services.intake.actions.message_texts import built_in, save_texts, texts_for
from services.intake.actions.previews import preview
from services.intake.app import SERVICE
from services.intake.domain.contacts import ContactChannel
from services.intake.domain.message_texts import (
    LinkNotAlone,
    MissingPlaceholder,
    Placeholder,
    TextMessageTooLong,
    Texts,
    UnknownPlaceholder,
    allowed_in,
    check_texts,
    filled,
    filled_parts,
    needed_in,
)
from services.intake.domain.messages import MailPurpose
from services.intake.store import Centre, Visitor
from services.intake.store.message_texts import REGION, MessageText
from services.intake.store.messages import Message
from tests.givens.intake import MONDAY
from tests.intake.test_letters import person_with, queued, with_a_pin
from tests.intake.test_text_messages import composed

LIEGE = Person(
    subject="test/manager-liege", name="Liège", roles=frozenset({Role.MANAGER}), centres=frozenset({"liege"})
)
NAMUR = Person(
    subject="test/manager-namur", name="Namur", roles=frozenset({Role.MANAGER}), centres=frozenset({"namur"})
)
REGIONAL = Person(subject="test/region", name="Région", roles=frozenset({Role.MANAGER}))
BOOKED = MailPurpose.APPOINTMENT_BOOKED
PATH = f"/intake/message-texts/{BOOKED}/fr"
BODY = "Bonjour <b>{centre}</b>\n\n{times}\n\nPage : {link}\n\nFin : {stop}"
SMS = "Le {date}, {time}. {centre}\n{link}\n{stop}"
TEXTS = Texts("Rendez-vous {date}", BODY, SMS)


@pytest.fixture(autouse=True)
def words() -> None:
    add_catalogues(SERVICE.folder / "locales")


def typed(**more: str) -> dict[str, str]:
    return {"subject": TEXTS.subject, "body": TEXTS.body, "sms": TEXTS.sms, "version": "0"} | more


async def saves(client: Client, person: Person, path: str = PATH, **more: str) -> int:
    answer = await client.signed_in(person).post(path, data=typed(save="yes", **more), follow_redirects=False)
    return answer.status_code


async def text_at(store: Store, centre: str) -> Texts:
    async with store.read() as session:
        return await texts_for(session, centre, BOOKED, "fr")


def test_every_built_in_text_keeps_the_rules_and_fits() -> None:
    centre = Centre(code="liege", name="Cité des métiers de Liège", timezone="Europe/Brussels", areas=[])
    for purpose in MailPurpose:
        for lang in LANGUAGES:
            texts = built_in(purpose, lang)
            check_texts(texts, purpose)
            shown = preview(texts, purpose, centre, "https://cefo.wallonie.example", MONDAY, lang)
            assert not re.search(r"[{}]", shown.subject + shown.body + shown.sms)
            assert shown.segments <= shown.most <= 2


def test_nothing_but_known_placeholders_is_filled_in_and_nothing_in_a_value_is_one() -> None:
    values = {Placeholder.CENTRE: "{stop} {0}", Placeholder.STOP: "https://x"}
    assert filled("{centre}: {stop}", values) == "{stop} {0}: https://x"
    assert filled_parts("a\n\n{link}\n\n{stop}", values, "\n\n") == "a\n\nhttps://x"


@pytest.mark.parametrize(
    ("changed", "error", "field"),
    [
        ({"subject": "{name}"}, UnknownPlaceholder, "subject"),
        ({"subject": "{link}"}, UnknownPlaceholder, "subject"),
        ({"subject": "{date.__class__}"}, UnknownPlaceholder, "subject"),
        ({"subject": "{ date }"}, UnknownPlaceholder, "subject"),
        ({"subject": "a } b"}, UnknownPlaceholder, "subject"),
        ({"subject": "{{date}}"}, UnknownPlaceholder, "subject"),
        ({"sms": SMS + "{times}"}, UnknownPlaceholder, "sms"),
        ({"body": BODY.replace("{link}", "")}, MissingPlaceholder, "body"),
        ({"body": BODY.replace("{stop}", "")}, MissingPlaceholder, "body"),
        ({"body": BODY.replace("{times}", "{date}")}, MissingPlaceholder, "body"),
        ({"sms": SMS.replace("{stop}", "")}, MissingPlaceholder, "sms"),
        ({"sms": SMS.replace("{link}", "")}, MissingPlaceholder, "sms"),
        ({"body": BODY.replace("\n\nFin", "\nFin")}, LinkNotAlone, "body"),
        ({"sms": SMS.replace("\n{stop}", " {stop}")}, LinkNotAlone, "sms"),
    ],
)
def test_a_text_that_lacks_something_or_has_something_else_is_refused(
    changed: dict[str, str], error: type[UnknownPlaceholder], field: str
) -> None:
    check_texts(TEXTS, BOOKED)
    with pytest.raises(error) as refused:
        check_texts(Texts(**({"subject": TEXTS.subject, "body": BODY, "sms": SMS} | changed)), BOOKED)
    assert refused.value.about == field


def test_a_text_about_no_appointment_has_no_time() -> None:
    for field in ("subject", "body", "sms"):
        assert not {"date", "time", "times"} & set(allowed_in(field, MailPurpose.PLAN_TASKS))
        assert set(needed_in(field, BOOKED)) <= set(allowed_in(field, BOOKED))


def test_a_text_message_that_is_too_long_is_refused() -> None:
    centre = Centre(code="liege", name="Cité des métiers de Liège", timezone="Europe/Brussels", areas=[])
    with pytest.raises(TextMessageTooLong):
        preview(Texts(TEXTS.subject, BODY, SMS + "a" * 250), BOOKED, centre, "https://cefo.example", MONDAY, "fr")


async def test_a_preview_shows_the_message_and_saves_nothing(client: Client) -> None:
    answer = await client.signed_in(LIEGE).post(f"{PATH}?lang=en", data=typed())
    assert answer.status_code == 200
    assert "Bonjour &lt;b&gt;Cité des métiers de Liège&lt;/b&gt;" in answer.text
    assert "lundi 9 mars 2026, 09:15" in answer.text.lower()
    assert "/intake/stop/xxxxxxxxxxxxxxxxxxxxxx" in answer.text
    assert "Bonjour &lt;b&gt;{centre}&lt;/b&gt;" in answer.text, "what was typed stays in the form"
    assert await text_at(client.store, "liege") == built_in(BOOKED, "fr")


async def test_a_centre_has_its_own_text_and_every_other_one_the_regions(client: Client, tmp_path: Path) -> None:
    assert await saves(client, REGIONAL, subject="De la Région {date}") == 303
    assert await saves(client, LIEGE) == 303
    assert (await text_at(client.store, "liege")).subject == TEXTS.subject
    assert (await text_at(client.store, "namur")).subject == "De la Région {date}"
    person = await person_with(client.store)
    await with_a_pin(client.store, person)
    await queued(client.store, person)
    async with client.store.read() as session:
        row = (await session.scalars(sa.select(Message))).one()
    letter = await Letters(client.store, quiet_settings(tmp_path)).compose(row)
    assert isinstance(letter, Letter)
    assert letter.subject == "Rendez-vous 2 avril 2026"
    assert letter.body.startswith(
        "Bonjour <b>Cité des métiers de Liège</b>\n\nJeudi 2 avril 2026, 09:15\n\nPage : http"
    )
    async with client.store.work() as work:
        (await work.load(Visitor, person)).language = "de"
    other = await Letters(client.store, quiet_settings(tmp_path)).compose(row)
    assert isinstance(other, Letter)
    assert other.subject.startswith("Ihr Termin"), "in the other languages the built-in text stays"


async def test_a_text_message_has_the_changed_text(client: Client, tmp_path: Path) -> None:
    assert await saves(client, LIEGE) == 303
    await queued(client.store, await person_with(client.store, "0470 12 34 56", channel=ContactChannel.SMS))
    text = (await composed(client.store, tmp_path)).text
    assert text.split("\n")[0] == "Le 02/04/2026, 09:15. Cité des métiers de Liège"
    assert "/intake/l/" not in text


async def test_who_changed_what_is_shown_and_the_text_before_comes_back(client: Client) -> None:
    await saves(client, LIEGE)
    shown = (await client.signed_in(LIEGE).get("/intake/message-texts?lang=en")).text
    assert shown.count("Changed") == 1
    async with client.store.read() as session:
        row = await session.get_one(MessageText, ("liege", BOOKED.value, "fr"))
    assert (row.changed_by, row.version) == ("test/manager-liege", 1)
    assert "Last changed" in (await client.get(f"{PATH}?lang=en")).text
    assert (await client.post(f"{PATH}/reset", data={"version": "1"})).status_code == 303
    assert await text_at(client.store, "liege") == built_in(BOOKED, "fr")
    async with client.store.read() as session:
        row = await session.get_one(MessageText, ("liege", BOOKED.value, "fr"))
    assert (row.subject, row.changed_by, row.version) == (None, "test/manager-liege", 2)


async def test_a_change_of_an_older_version_is_refused(client: Client) -> None:
    assert await saves(client, LIEGE) == 303
    assert await saves(client, LIEGE, subject="Autre {date}") == 422
    assert (await client.post(f"{PATH}/reset", data={"version": "0"})).status_code == 422
    assert (await text_at(client.store, "liege")).subject == TEXTS.subject
    assert await saves(client, LIEGE, subject="Autre {date}", version="1") == 303


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": "a" * 121},
        {"body": BODY + "a" * 2000},
        {"sms": SMS + "a" * 300},
        {"subject": "a\x07b"},
        {"subject": "a\nb"},
        {"body": BODY + "\u202e"},
        {"subject": ""},
        {"body": BODY + "{password}"},
        {"sms": SMS + "a" * 250},
    ],
)
async def test_what_is_too_long_or_cannot_be_shown_is_not_saved(wrong: dict[str, str], client: Client) -> None:
    assert await saves(client, LIEGE, **wrong) == 422
    assert await text_at(client.store, "liege") == built_in(BOOKED, "fr")


async def test_the_editor_counts_the_segments_and_refuses_a_third(client: Client) -> None:
    """The links and the name of this centre take less than those of another one may."""
    async with client.store.read() as session:
        centre = await session.get_one(Centre, "liege")

    def parts(more: int) -> tuple[int, int] | None:
        texts = Texts(TEXTS.subject, TEXTS.body, f"{SMS}\n{'a' * more}")
        try:
            shown = preview(texts, BOOKED, centre, client.process.settings.public_url, MONDAY, "fr")
        except TextMessageTooLong:
            return None
        return shown.segments, shown.most

    found = [parts(more) for more in range(220)]
    assert list(dict.fromkeys(found)) == [(1, 2), (2, 2), None], "every longer one is refused too"
    longest = found.index(None) - 1

    async def shows(more: int) -> str:
        form = typed(sms=f"{SMS}\n{'a' * more}")
        return unescape((await client.signed_in(LIEGE).post(f"{PATH}?lang=en", data=form)).text)

    one, two, refused = await shows(1), await shows(longest), await shows(longest + 1)
    assert "1 part of a text message. With the longest name of a centre: 2 parts" in one
    assert "2 parts of a text message<" in two
    assert "this text message is too long. Its parts: 3, at most: 2. Shorten it." in refused
    assert await saves(client, LIEGE, sms=f"{SMS}\n{'a' * (longest + 1)}") == 422
    assert await saves(client, LIEGE, sms=f"{SMS}\n{'a' * longest}") == 303


@pytest.mark.parametrize(("more", "kept"), [(0, (True, True)), (120, (False, True)), (150, (False, False))])
async def test_the_preview_leaves_out_what_the_text_message_has_no_room_for(
    more: int, kept: tuple[bool, bool], client: Client
) -> None:
    """The address of the centre's page goes first, then the personal link, as when it is sent."""
    async with client.store.read() as session:
        centre = await session.get_one(Centre, "liege")
    texts = Texts(TEXTS.subject, TEXTS.body, f"{SMS}\n{{contact}}\n{'a' * more}")
    sms = preview(texts, BOOKED, centre, "https://cefo.wallonie.example", MONDAY, "fr").sms
    assert ("/directory/centres/liege" in sms, "/intake/l/" in sms) == kept
    assert "/intake/stop/" in sms


async def test_managers_change_their_own_centres_texts_and_the_region_all(client: Client) -> None:
    for person, centre, status in ((LIEGE, "namur", 403), (LIEGE, "liege", 303), (REGIONAL, "namur", 303)):
        assert await saves(client, person, f"{PATH}?centre={centre}") == status
        listed = await client.signed_in(person).get(f"/intake/message-texts?centre={centre}")
        assert listed.status_code == (403 if status == 403 else 200)
    assert await saves(client, REGIONAL, f"{PATH}?centre=nowhere") == 404
    await saves(client, NAMUR, version="1", subject="De Namur")
    async with client.store.read() as session:
        found = {row.centre: row.changed_by for row in await session.scalars(sa.select(MessageText))}
    assert found == {"liege": "test/manager-liege", "namur": "test/manager-namur"}


async def test_a_message_that_does_not_exist_has_no_text(client: Client) -> None:
    manager = client.signed_in(LIEGE)
    assert (await manager.get("/intake/message-texts/unknown/fr")).status_code in (404, 422)
    assert (await manager.get(f"/intake/message-texts/{BOOKED}/es")).status_code in (404, 422)


async def test_the_regions_text_is_saved_by_code_as_by_the_page(store: Store) -> None:
    async with store.work() as work:
        await save_texts(work, REGION, BOOKED, "fr", TEXTS, seen=0, by=f"account/{uuid4()}")
    assert await text_at(store, "liege") == TEXTS
