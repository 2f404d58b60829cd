"""Messages about earlier times: until when to answer, that another person was faster, that the appointment stays."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.chassis.mail.messages import Letter
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, quiet_settings
from services.contracts.earlier import EarlierOfferEnd, EarlierOfferEnded, EarlierTimeOffered
from services.intake.actions.letters import Letters
from services.intake.reactions import reactions
from services.intake.store.messages import Message
from tests.givens.events import react_to
from tests.givens.intake import MONDAY
from tests.intake.test_erasure import registered
from tests.intake.test_letters import person_with, words

__all__ = ["words"]
OFFER, INTERVIEW = uuid4(), uuid4()
FREE, BOOKED, UNTIL = (MONDAY + timedelta(**one) for one in ({"days": 7}, {"days": 21}, {"hours": 24}))


def offered(person: UUID) -> EarlierTimeOffered:
    return EarlierTimeOffered(
        offer_id=OFFER,
        interview_id=INTERVIEW,
        subject_ref=person,
        centre="liege",
        at=MONDAY,
        starts_at=FREE,
        minutes=60,
        until=UNTIL,
    )


def ended(person: UUID, because: EarlierOfferEnd, *, still_waiting: bool = True) -> EarlierOfferEnded:
    return EarlierOfferEnded(
        offer_id=OFFER,
        interview_id=INTERVIEW,
        subject_ref=person,
        centre="liege",
        at=MONDAY,
        because=because,
        starts_at=BOOKED,
        minutes=60,
        still_waiting=still_waiting,
    )


async def queued(store: Store) -> Sequence[Message]:
    async with store.read() as session:
        return (await session.scalars(sa.select(Message).order_by(Message.purpose))).all()


async def body(store: Store, folder: Path, row: Message) -> str:
    letter = await Letters(store, quiet_settings(folder)).compose(row)
    assert isinstance(letter, Letter)
    assert not letter.calendars, "nothing changes in the person's calendar"
    return letter.body


async def test_an_offer_says_the_time_until_when_to_answer_and_that_others_may_have_it(
    store: Store, tmp_path: Path
) -> None:
    person = await person_with(store)
    await react_to(store, reactions, [offered(person)])
    (row,) = await queued(store)
    assert (row.purpose, row.useful_until) == ("earlier-offer", UNTIL)
    text = await body(store, tmp_path, row)
    assert "9 mars 2026" in text
    assert "avant le 3 mars 2026, 09:00. Ce moment n’est pas gardé pour vous" in text
    assert "peuvent avoir reçu la même proposition" in text, "they need not be any"
    assert "libérer" not in text, "it may have been free all the time"
    assert "Ada" not in text


@pytest.mark.parametrize(
    ("because", "purpose", "says"),
    [
        (EarlierOfferEnd.TAKEN, "earlier-taken", "une autre personne a été plus rapide"),
        (EarlierOfferEnd.EXPIRED, "earlier-expired", "Le délai pour répondre"),
    ],
)
async def test_the_end_of_an_offer_replaces_its_message_and_says_that_the_appointment_stays(
    store: Store, tmp_path: Path, because: EarlierOfferEnd, purpose: str, says: str
) -> None:
    person = await person_with(store)
    await react_to(store, reactions, [offered(person), ended(person, because)])
    (row,) = await queued(store)
    assert row.purpose == purpose
    text = await body(store, tmp_path, row)
    assert says in text
    assert "Votre rendez-vous est maintenu" in text
    assert "23 mars 2026" in text
    assert "9 mars 2026" not in text


@pytest.mark.parametrize("because", [EarlierOfferEnd.EXPIRED, EarlierOfferEnd.TAKEN])
async def test_who_is_no_longer_on_the_list_learns_it(store: Store, tmp_path: Path, because: EarlierOfferEnd) -> None:
    person = await person_with(store)
    await react_to(store, reactions, [offered(person), ended(person, because, still_waiting=False)])
    (row,) = await queued(store)
    assert row.purpose == "earlier-last"
    text = await body(store, tmp_path, row)
    assert "vous n’êtes plus sur la liste" in text
    assert "Vous restez" not in text
    assert "23 mars 2026" in text


@pytest.mark.parametrize("because", [EarlierOfferEnd.DECLINED, EarlierOfferEnd.WITHDRAWN])
async def test_what_the_person_ended_or_knows_is_no_message(store: Store, because: EarlierOfferEnd) -> None:
    person = await person_with(store)
    await react_to(store, reactions, [offered(person), ended(person, because)], in_one_batch=True)
    assert await queued(store) == []


async def test_nothing_is_queued_without_consent_or_when_it_is_too_late_to_answer(
    store: Store, clock: FixedClock
) -> None:
    await react_to(store, reactions, [offered(await registered(store, "guidance"))])
    clock.now = UNTIL
    await react_to(store, reactions, [offered(await person_with(store))])
    assert await queued(store) == []
