"""Messages about places in workshops that are offered: until when to answer, and that the offer ended."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.chassis.mail.messages import Letter
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, quiet_settings
from services.contracts.offers import OfferEnd, SeatOffered, SeatOfferEnded
from services.contracts.scheduling import SeatTaken, Side, WorkshopAnnounced, WorkshopSession
from services.contracts.workshops import SeatRescheduled
from services.intake.actions.letters import Letters
from services.intake.reactions import reactions
from services.intake.store.messages import Message
from tests.givens.events import react_to
from tests.givens.intake import MONDAY
from tests.intake.test_erasure import registered
from tests.intake.test_letters import person_with, words
from tests.intake.test_workshop_changes import changed

__all__ = ["words"]
WORKSHOP = uuid4()
NEXT_MONDAY = MONDAY + timedelta(days=7)
UNTIL = MONDAY + timedelta(hours=48)


def announced() -> WorkshopAnnounced:
    sessions = tuple(
        WorkshopSession(session_id=uuid4(), starts_at=NEXT_MONDAY + timedelta(days=7 * week), minutes=120)
        for week in range(2)
    )
    return WorkshopAnnounced(
        workshop_id=WORKSHOP,
        centre="liege",
        area=None,
        counsellor="liege-c01",
        room=None,
        seats=8,
        sessions=sessions,
    )


def offered(seat: UUID, person: UUID, until: datetime = UNTIL) -> SeatOffered:
    return SeatOffered(workshop_id=WORKSHOP, seat_id=seat, subject_ref=person, centre="liege", at=MONDAY, until=until)


def ended(seat: UUID, person: UUID, because: OfferEnd, by: Side | None = None) -> SeatOfferEnded:
    facts = {"workshop_id": WORKSHOP, "seat_id": seat, "subject_ref": person, "centre": "liege", "at": MONDAY}
    return SeatOfferEnded.model_validate(facts | {"because": because, "ended_by": by})


async def queued(store: Store) -> Sequence[Message]:
    async with store.read() as session:
        return (await session.scalars(sa.select(Message).order_by(Message.purpose))).all()


async def test_an_offer_says_until_when_to_answer(store: Store, tmp_path: Path) -> None:
    person, seat = await person_with(store), uuid4()
    await react_to(store, reactions, [announced(), offered(seat, person)])
    (row,) = await queued(store)
    assert (row.purpose, row.useful_until) == ("workshop-offer", UNTIL)
    letter = await Letters(store, quiet_settings(tmp_path)).compose(row)
    assert isinstance(letter, Letter)
    assert "Une place s’est libérée et est gardée pour vous." in letter.body
    assert "Répondez en téléphonant à votre centre, avant le 4 mars 2026, 09:00." in letter.body, "there is no PIN"
    assert "Ada" not in letter.body


@pytest.mark.parametrize(
    ("because", "by", "purposes"),
    [
        (OfferEnd.EXPIRED, None, ["workshop-offer-ended"]),
        (OfferEnd.WITHDRAWN, Side.CENTRE, ["workshop-offer-ended"]),
        (OfferEnd.DECLINED, Side.VISITOR, []),
    ],
)
async def test_the_end_of_an_offer_replaces_its_message(
    store: Store, because: OfferEnd, by: Side | None, purposes: list[str]
) -> None:
    person, seat = await person_with(store), uuid4()
    await react_to(store, reactions, [announced(), offered(seat, person), ended(seat, person, because, by)])
    assert [one.purpose for one in await queued(store)] == purposes


async def test_an_accepted_offer_becomes_the_message_of_a_place(store: Store) -> None:
    person, seat = await person_with(store), uuid4()
    await react_to(store, reactions, [announced(), offered(seat, person)])
    taken = SeatTaken(
        workshop_id=WORKSHOP, seat_id=seat, subject_ref=person, path_id=uuid4(), centre="liege", at=MONDAY
    )
    await react_to(store, reactions, [taken])
    assert [one.purpose for one in await queued(store)] == ["workshop-place"]


async def test_without_consent_to_messages_nothing_is_queued(store: Store) -> None:
    person = await registered(store, "guidance")
    await react_to(store, reactions, [announced(), offered(uuid4(), person)])
    assert await queued(store) == []


async def test_other_times_do_not_replace_an_offer_that_waits_to_be_sent(store: Store) -> None:
    person, seat, workshop = await person_with(store), uuid4(), announced()
    await react_to(store, reactions, [workshop, offered(seat, person)])
    moved = {one.session_id: one.starts_at - timedelta(days=6) for one in workshop.sessions}
    informed = SeatRescheduled(
        workshop_id=WORKSHOP, seat_id=seat, subject_ref=person, centre="liege", at=MONDAY, waits=True
    )
    await react_to(store, reactions, [changed(workshop, moved), informed], in_one_batch=True)
    (row,) = await queued(store)
    first = min(moved.values())
    assert (row.purpose, row.useful_until) == ("workshop-offer", first), "until it begins: before the answer was due"
    assert row.meetings[0]["starts_at"] == first.isoformat()


async def test_an_offer_that_ends_with_the_start_is_no_message(store: Store, clock: FixedClock) -> None:
    person, seat = await person_with(store), uuid4()
    await react_to(store, reactions, [announced(), offered(seat, person)])
    clock.now = NEXT_MONDAY
    await react_to(store, reactions, [ended(seat, person, OfferEnd.EXPIRED)])
    assert await queued(store) == []
