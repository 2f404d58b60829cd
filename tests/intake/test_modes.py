"""Appointments by telephone, by video and at home: nobody is expected at the centre, and the messages say how."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.chassis.i18n import LANGUAGES, add_catalogues
from services.chassis.mail.messages import Letter
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, quiet_settings
from services.contracts.appointments import AppointmentMode
from services.contracts.intake import Channel
from services.intake.actions import appointments
from services.intake.actions.letters import Letters
from services.intake.actions.messages import remind
from services.intake.app import SERVICE
from services.intake.domain.messages import Meeting
from services.intake.store import Centre, Visitor
from services.intake.store.appointments import expected_visitors, is_of_day, next_of_person, numbers_expected
from services.intake.store.messages import Message
from services.intake.store.reminders import Reminder
from tests.givens.appointments import TEN, booked, expects, moved
from tests.givens.calendars import read_calendar
from tests.givens.intake import MONDAY
from tests.givens.rows import rows_of
from tests.intake.test_letters import person_with, with_a_pin
from tests.intake.test_messages import FRIDAY

PHONE, VIDEO, HOME = AppointmentMode.TELEPHONE, AppointmentMode.VIDEOCONFERENCE, AppointmentMode.HOME_VISIT
WORDS = {
    PHONE: {"fr": "par téléphone", "de": "telefonisch", "nl": "telefonisch", "en": "by telephone"},
    VIDEO: {"fr": "en visioconférence", "de": "per Video", "nl": "per video", "en": "by video"},
    HOME: {"fr": "à domicile", "de": "Hausbesuch", "nl": "huisbezoek", "en": "home visit"},
}


async def expected_today(store: Store, clock: FixedClock, person: UUID) -> tuple[list[UUID], list[UUID], int]:
    """Who is on the desk's list of today, which codes the person has, and how many are still missing."""
    async with store.read() as session:
        liege = await session.get_one(Centre, "liege")
        found = await expected_visitors(session, is_of_day(liege, clock()), 9)
        codes = await next_of_person(session, [person], clock(), at_the_centre=True)
        missing, _late = await numbers_expected(session, liege, clock())
    return [one.appointment.id for one in found], [one.id for one in codes], missing


async def letters_of(store: Store, tmp_path: Path) -> list[Letter]:
    """The letters of the only message, in each language."""
    letters = list[Letter]()
    for lang in LANGUAGES:
        async with store.work() as work:
            for one in await work.session.scalars(sa.select(Visitor)):
                one.language = lang
        async with store.read() as session:
            row = (await session.scalars(sa.select(Message))).one()
        letter = await Letters(store, quiet_settings(tmp_path)).compose(row)
        assert isinstance(letter, Letter)
        letters.append(letter)
    return letters


@pytest.mark.parametrize("mode", WORDS)
async def test_every_language_says_how_and_no_message_has_an_address(
    mode: AppointmentMode, store: Store, tmp_path: Path
) -> None:
    await expects(store, booked(await person_with(store), FRIDAY, mode=mode))
    for lang, letter in zip(LANGUAGES, await letters_of(store, tmp_path), strict=True):
        how = f"({WORDS[mode][lang]})"
        assert f"10:00 {how}" in letter.subject
        assert f"10:00 {how}\n" in letter.body
        [calendar] = letter.calendars
        [read] = read_calendar(calendar.text)
        assert read.location == f"Cité des métiers de Liège {how}"
        addresses = [word for word in (letter.body + calendar.text).split() if "://" in word]
        assert [one for one in addresses if "/intake/stop/" not in one and "/directory/centres/liege" not in one] == []


@pytest.mark.parametrize("mode", AppointmentMode)
async def test_the_message_says_what_fits_the_mode(mode: AppointmentMode, store: Store, tmp_path: Path) -> None:
    person = await person_with(store)
    await with_a_pin(store, person)
    await expects(store, booked(person, FRIDAY, mode=mode))
    add_catalogues(SERVICE.folder / "locales")
    french = (await letters_of(store, tmp_path))[LANGUAGES.index("fr")]
    assert ("de vous accueillir" in french.body) == (mode is AppointmentMode.IN_PERSON)
    assert ("Votre page indique comment vous connecter." in french.body) == (mode is VIDEO)


async def test_nobody_is_expected_at_the_centre_who_speaks_from_afar(store: Store, clock: FixedClock) -> None:
    person = await person_with(store)
    here, afar = booked(person), booked(person, TEN + timedelta(hours=1), mode=PHONE)
    await expects(store, here, afar)
    assert await expected_today(store, clock, person) == ([here.interview_id], [here.interview_id], 1)
    await expects(store, moved(here, here.starts_at, mode=HOME), moved(afar, afar.starts_at))
    assert await expected_today(store, clock, person) == ([afar.interview_id], [afar.interview_id], 1)


async def test_who_has_arrived_stays_on_the_list_when_the_mode_changes(store: Store, clock: FixedClock) -> None:
    person = await person_with(store)
    here = booked(person)
    await expects(store, here)
    async with store.work() as work:
        await appointments.arrive(work, here.interview_id, Channel.DESK)
    await expects(store, moved(here, here.starts_at, mode=PHONE))
    assert await expected_today(store, clock, person) == ([here.interview_id], [here.interview_id], 0)


async def test_another_mode_at_the_same_time_is_a_message_and_the_reminder_says_it(
    store: Store, clock: FixedClock
) -> None:
    one = booked(await person_with(store), FRIDAY)
    await expects(store, one, moved(one, FRIDAY, mode=VIDEO), moved(one, FRIDAY, "liege-c02", mode=VIDEO))
    purposes = [row.purpose for row in await rows_of(store, Message) if row.state == "queued"]
    assert purposes == ["appointment-moved"]
    assert [(row.mode, row.moves) for row in await rows_of(store, Reminder)] == [("videoconference", 1)]
    clock.now = FRIDAY - timedelta(hours=2)
    await remind(store)
    reminders = [row for row in await rows_of(store, Message) if row.purpose == "appointment-reminder"]
    assert [Meeting.of(row.meetings[0]).mode for row in reminders] == [VIDEO]


def test_a_message_queued_by_an_earlier_version_is_about_an_appointment_at_the_centre() -> None:
    stored = {name: value for name, value in Meeting(UUID(int=1), MONDAY, TEN).stored().items() if name != "mode"}
    assert Meeting.of(stored).mode is AppointmentMode.IN_PERSON
