"""Messages lead to the number of the centre, and speak of the person's page only with its address."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.chassis.i18n import LANGUAGES
from services.chassis.mail.gsm import MOST_SEGMENTS, segments
from services.chassis.mail.messages import Letter, TextMessage
from services.chassis.storage.store import Store
from services.chassis.testing import quiet_settings
from services.contracts.scheduling import SeatReleased, Side
from services.intake.actions.letters import Letters
from services.intake.domain.contacts import ContactChannel
from services.intake.domain.message_words import BY_TELEPHONE
from services.intake.domain.messages import MailPurpose
from services.intake.store import Centre, Visitor
from services.intake.store.messages import Message
from tests.givens.intake import MONDAY
from tests.intake.test_letters import person_with, queued, with_a_pin, words
from tests.intake.test_messages import FRIDAY, agreeing, announced, happens, sent, taken

__all__ = ["words"]
PAGE_WORDS = re.compile(
    r"votre page|page de votre|Ihrer? Seite|Seite Ihres|uw pagina|pagina van uw|your page|page of your", re.IGNORECASE
)
ADDRESS = "https://cefo.wallonie.example"
CENTRE_PAGE = f"{ADDRESS}/directory/centres/liege"


async def composed(store: Store, folder: Path) -> Letter | TextMessage:
    async with store.read() as session:
        row = (await session.scalars(sa.select(Message))).one()
    return await Letters(store, quiet_settings(folder, public_url=ADDRESS)).compose(row)


async def speaks(store: Store, lang: str) -> None:
    async with store.work() as work:
        for visitor in await work.session.scalars(sa.select(Visitor)):
            visitor.language = lang


async def test_each_mail_ends_with_the_page_on_which_the_number_of_the_centre_is(store: Store, tmp_path: Path) -> None:
    await queued(store, await person_with(store))
    letter = await composed(store, tmp_path)
    assert isinstance(letter, Letter)
    last = f"Cité des métiers de Liège\nTéléphone et heures d’ouverture\u00a0: {CENTRE_PAGE}\n"
    assert letter.body.endswith(last), letter.body


@pytest.mark.parametrize("purpose", list(BY_TELEPHONE))
async def test_who_has_no_page_answers_by_telephone(purpose: MailPurpose, store: Store, tmp_path: Path) -> None:
    person = await person_with(store)
    await queued(store, person, purpose)
    for lang in LANGUAGES:
        await speaks(store, lang)
        letter = await composed(store, tmp_path)
        assert isinstance(letter, Letter)
        assert not PAGE_WORDS.search(letter.body), letter.body
        assert CENTRE_PAGE in letter.body
    await with_a_pin(store, person)
    for lang in LANGUAGES:
        await speaks(store, lang)
        letter = await composed(store, tmp_path)
        assert isinstance(letter, Letter)
        assert PAGE_WORDS.search(letter.body)
        assert f"{ADDRESS}/intake/l/" in letter.body


@pytest.mark.parametrize("purpose", [one for one in MailPurpose if not one.confirms])
async def test_a_text_message_to_answer_by_telephone_has_the_page_of_the_centre(
    purpose: MailPurpose, store: Store, tmp_path: Path
) -> None:
    person = await person_with(store, "0470 12 34 56", channel=ContactChannel.SMS)
    await queued(store, person, purpose)
    async with store.work() as work:
        (await work.session.get_one(Centre, "liege")).name = "Carrefour des métiers de Marche-en-Famenne"
    for has_page in (False, True):
        if has_page:
            await with_a_pin(store, person)
        for lang in LANGUAGES:
            await speaks(store, lang)
            text = await composed(store, tmp_path)
            assert isinstance(text, TextMessage)
            assert segments(text.text) <= MOST_SEGMENTS
            if not has_page and purpose.asks:
                assert CENTRE_PAGE in text.text, text.text
            if purpose.asks and "/intake/l/" not in text.text:
                assert not re.search(r"Répondez|Antworten|Antwoord|Answer", text.text), text.text


@pytest.mark.parametrize(
    ("by", "reason", "purpose"),
    [
        (Side.VISITOR, None, "workshop-left"),
        (Side.VISITOR, "consent-ended", "workshop-cancelled"),
        (Side.CENTRE, None, "workshop-cancelled"),
    ],
)
async def test_who_gave_up_their_place_reads_that_it_was_them(
    by: Side, reason: str | None, purpose: str, store: Store
) -> None:
    workshop = announced(FRIDAY)
    seat = taken(workshop, await agreeing(store))
    await happens(store, workshop, seat)
    await sent(store)
    facts = {"workshop_id": workshop.workshop_id, "seat_id": seat.seat_id, "centre": "liege", "at": MONDAY}
    await happens(store, SeatReleased.model_validate(facts | {"cancelled_by": by, "reason": reason}))
    assert await sent(store) == [purpose]
