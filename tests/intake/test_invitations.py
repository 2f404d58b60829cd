"""Invitations of messages: a mail program puts the appointment into the calendar, moves it, and takes it out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.chassis.i18n import add_catalogues
from services.chassis.mail.messages import Letter
from services.chassis.storage.store import Store
from services.chassis.testing import quiet_settings
from services.contracts import Event
from services.contracts.queue import seat_appointment
from services.contracts.scheduling import InterviewBooked, InterviewRestated, SeatReleased, Side
from services.intake.actions.letters import Letters
from services.intake.app import SERVICE
from services.intake.store.messages import Message
from tests.givens.calendars import Read, read_calendar
from tests.givens.intake import MONDAY
from tests.intake.test_letters import ADDRESS, person_with, post_office, sender_of
from tests.intake.test_messages import FRIDAY, announced, booked, cancelled, happens, held, missed, moved, sent, taken

PLACE = "Cité des métiers de Liège"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def words() -> None:
    add_catalogues(SERVICE.folder / "locales")


async def invited(store: Store, folder: Path, *events: Event) -> list[tuple[str, Read]]:
    """What the message says about these events, as (method, appointment), before it is sent."""
    await happens(store, *events)
    async with store.read() as session:
        rows = await session.scalars(sa.select(Message).where(sa.text("done_at is null")))
        [row] = rows.all()
    letter = await Letters(store, quiet_settings(folder, smtp_from="Orientation <centre@example.be>")).compose(row)
    assert isinstance(letter, Letter)
    found = [(part.method, read_calendar(part.text)) for part in letter.calendars]
    texts = "".join(part.text.replace("\r\n ", "") for part in letter.calendars)
    assert all(f"METHOD:{method}\r\n" in texts for method, _read in found)
    assert texts.count(f'ORGANIZER;CN="{PLACE}":mailto:centre@example.be') + texts.count(
        f"ORGANIZER;CN={PLACE}:mailto:centre@example.be"
    ) == len(found)
    assert texts.count(f"mailto:{ADDRESS}") == len(found), "the address to which the message goes, and no other"
    assert not [word for word in ("Ada", "Lovelace", "liege-c01", "://", "DESCRIPTION") if word in texts]
    return [(method, read) for method, [read] in found]


async def test_booked_moved_and_cancelled_are_one_appointment_whose_sequence_grows(
    store: Store, tmp_path: Path
) -> None:
    one = booked(await person_with(store))
    uid, later = f"{one.interview_id}@cefo", FRIDAY + timedelta(days=1)
    steps = [one, moved(one, later), moved(one, later + HOUR), cancelled(one)]
    read = [(await invited(store, tmp_path, step))[0] for step in steps]
    assert [(method, one.uid, one.sequence, one.starts_at, one.status) for method, one in read] == [
        ("REQUEST", uid, 0, FRIDAY, "CONFIRMED"),
        ("REQUEST", uid, 1, later, "CONFIRMED"),
        ("REQUEST", uid, 2, later + HOUR, "CONFIRMED"),
        ("CANCEL", uid, 3, later + HOUR, "CANCELLED"),
    ]
    assert {(one.summary, one.location) for _method, one in read} == {("Rendez-vous", PLACE)}


@pytest.mark.parametrize("ended", [partial(held, at=MONDAY), missed], ids=["held", "missed"])
async def test_the_sequence_grows_on_after_an_end_that_was_undone(
    store: Store, tmp_path: Path, ended: Callable[[InterviewBooked], Event]
) -> None:
    one, later = booked(await person_with(store)), FRIDAY + timedelta(days=1)
    for step in (one, moved(one, later), moved(one, later + HOUR)):
        await happens(store, step)
        await sent(store)
    facts = one.model_dump(exclude={"path_id", "method", "starts_at"})
    await happens(store, ended(one), InterviewRestated(**facts, starts_at=later + HOUR))
    read = list[tuple[str, int]]()
    for step in (moved(one, later), cancelled(one)):
        ((method, appointment),) = await invited(store, tmp_path, step)
        read.append((method, appointment.sequence))
        await sent(store)
    assert read == [("REQUEST", 3), ("CANCEL", 4)]


async def test_a_place_in_a_workshop_is_an_invitation_to_each_session_across_the_change_of_the_clocks(
    store: Store, tmp_path: Path
) -> None:
    before = datetime.fromisoformat("2026-03-25T13:30:00+01:00")
    starts = [before, before + timedelta(days=7, hours=-1)]  # the clocks go forward on 29 March
    workshop, person = announced(*starts), await person_with(store)
    place = taken(workshop, person)
    invitations = await invited(store, tmp_path, workshop, place)
    assert [(method, one.starts_at, one.sequence) for method, one in invitations] == [
        ("REQUEST", at.astimezone(UTC), 0) for at in starts
    ]
    ids = [seat_appointment(one.session_id, place.seat_id) for one in workshop.sessions]
    assert [one.uid for _method, one in invitations] == [f"{id}@cefo" for id in ids]
    left = SeatReleased(
        workshop_id=workshop.workshop_id,
        seat_id=place.seat_id,
        centre="liege",
        at=MONDAY,
        cancelled_by=Side.VISITOR,
    )
    ended = await invited(store, tmp_path, left)
    assert [(method, one.uid, one.sequence, one.status) for method, one in ended] == [
        ("CANCEL", f"{id}@cefo", 1, "CANCELLED") for id in ids
    ]


@pytest.mark.parametrize("sessions", [1, 2])
async def test_the_mail_that_arrives_carries_each_invitation_as_mail_programs_look_for_it(
    store: Store, tmp_path: Path, sessions: int
) -> None:
    """RFC 6047: `text/calendar` with method and character set; of one invitation another form of the message."""
    starts = [FRIDAY + timedelta(days=day) for day in range(sessions)]
    workshop = announced(*starts)
    await happens(store, workshop, taken(workshop, await person_with(store)))
    async with post_office(tmp_path) as (server, settings):
        await sender_of(store, settings).round()
    (message,) = server.received
    assert isinstance(message, EmailMessage)
    parts = [one for one in message.walk() if one.get_content_type() == "text/calendar"]
    assert [(one.get_param("method"), one.get_content_charset()) for one in parts] == [("REQUEST", "utf-8")] * sessions
    assert [read_calendar(_lines(one))[0].starts_at for one in parts] == starts
    [forms] = [one for one in message.walk() if one.get_content_type() == "multipart/alternative"]
    kinds = [one.get_content_type() for one in forms.iter_parts()]
    assert kinds == ["text/plain", "text/html", *(["text/calendar"] if sessions == 1 else [])]
    assert message.get_content_type() == "multipart/mixed"
    names = [one.get_filename() for one in message.iter_attachments()]
    assert names == (["cefo.ics"] if sessions == 1 else ["cefo-1.ics", "cefo-2.ics"])


def _lines(part: EmailMessage) -> bytes:
    return part.get_content().replace("\r\n", "\n").replace("\n", "\r\n").encode()


async def test_a_person_with_another_centre_in_mind_learns_no_other_persons_address(
    store: Store, tmp_path: Path
) -> None:
    """One message, one attendee: who else is in the workshop is in no invitation."""
    workshop, people = announced(FRIDAY), [await person_with(store, f"{name}@example.org") for name in ("bo", "cy")]
    await happens(store, workshop, *(taken(workshop, person) for person in people))
    async with store.read() as session:
        rows = (await session.scalars(sa.select(Message))).all()
    letters = [await Letters(store, quiet_settings(tmp_path)).compose(row) for row in rows]
    assert len(letters) == 2
    for letter in letters:
        assert isinstance(letter, Letter)
        [part] = letter.calendars
        assert part.text.count("ATTENDEE") == 1
        assert f"mailto:{letter.recipient}" in part.text.replace("\r\n ", "")
