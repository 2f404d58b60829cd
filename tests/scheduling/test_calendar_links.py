"""Calendars by a secret address: what two programs read, who makes and ends them, and what is never in them."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest

from services.chassis.i18n import add_catalogues
from services.chassis.identity.people import Person, visitor
from services.chassis.refusals import NotFound, ShownBefore
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.accounts import AccountStatus
from services.contracts.appointments import AppointmentMode
from services.contracts.persons import VisitorMerged, VisitorSeparated
from services.contracts.queue import seat_appointment
from services.contracts.roles import Role
from services.contracts.scheduling import Side
from services.scheduling.actions import availability, feeds, guidance, seats, workshops
from services.scheduling.actions.feed_entries import calendar_at
from services.scheduling.app import SERVICE
from services.scheduling.domain.feeds import CANCELLED_FOR
from services.scheduling.store import CounsellorFeed, Interview, Session, VisitorFeed, Workshop
from tests.givens.calendars import Read, read_calendar
from tests.givens.rows import rows_of
from tests.givens.scheduling import COLLEAGUE, COUNSELLOR, LIEGE, MONDAY, NADIA, TOM, Visitor, account_of, react
from tests.scheduling.test_former_counsellors import NEW, changed_account
from tests.scheduling.test_guidance import TUESDAY, book, take_path
from tests.scheduling.test_own_appointments import signed_up
from tests.scheduling.test_working_hours import BRUSSELS, is_away

WINTER = datetime(2026, 3, 27, 9, tzinfo=UTC)
"""10:00 on the Friday before the clocks change."""
SUMMER = datetime(2026, 3, 30, 8, tzinfo=UTC)
"""10:00 on the Monday after it."""
HOUR = timedelta(hours=1)
URL = "https://orientation.example"
MANAGER = Person(subject="demo/chief", name="Chef", roles=frozenset({Role.MANAGER}), centres=frozenset({LIEGE}))


@pytest.fixture(autouse=True)
def words() -> None:
    add_catalogues(SERVICE.folder / "locales")


async def counsellors_secret(store: Store) -> str:
    async with store.work() as work:
        return await feeds.make_counsellor_feed(work, COUNSELLOR, NADIA, uuid4(), "fr")


async def visitors_secret(store: Store, *refs: UUID) -> str:
    async with store.work() as work:
        return await feeds.make_visitor_feed(work, refs, uuid4(), "fr")


async def text_at(store: Store, secret: str) -> str | None:
    async with store.read() as session:
        found = await calendar_at(session, secret, store.clock(), URL)
    return found.decode() if found is not None else None


async def read_at(store: Store, secret: str) -> list[Read]:
    text = await text_at(store, secret)
    assert text is not None
    return read_calendar(text)


async def announce(store: Store, *starts: datetime) -> Workshop:
    async with store.work() as work:
        return await workshops.announce(
            work,
            centre=LIEGE,
            area=None,
            title="Construire; son, projet",
            counsellor=NADIA,
            room=None,
            seats=8,
            sessions=[(at, 120) for at in starts],
        )


async def moves(store: Store, id: UUID, to: datetime) -> None:
    async with store.work() as work:
        one = await guidance.interview_of(work, id)
        await guidance.move(work, one, counsellor=NADIA, room=one.room, starts_at=to, minutes=60)


async def cancels(store: Store, id: UUID) -> None:
    async with store.work() as work:
        await guidance.cancel(work, await guidance.interview_of(work, id), by=Side.CENTRE, reason="other")


async def test_a_counsellor_reads_interviews_sessions_and_absences_across_the_change_of_the_clocks(
    store: Store, adult: Visitor
) -> None:
    path = await take_path(store, adult)
    for at in (WINTER, SUMMER):
        await book(store, path, at)
    afternoons = [at + timedelta(hours=3) for at in (WINTER, SUMMER)]
    await announce(store, *afternoons)
    away = await is_away(store)
    found = await read_at(store, await counsellors_secret(store))
    assert [(one.starts_at, one.ends_at - one.starts_at, one.summary) for one in found] == [
        (TUESDAY, 3 * HOUR, "Absence"),
        (WINTER, HOUR, "Entretien d’orientation"),
        (afternoons[0], 2 * HOUR, "Atelier «\u00a0Construire; son, projet\u00a0»"),
        (SUMMER, HOUR, "Entretien d’orientation"),
        (afternoons[1], 2 * HOUR, "Atelier «\u00a0Construire; son, projet\u00a0»"),
    ]
    assert found[0].uid == f"{away.id}@cefo"
    assert found[1].location == "Local salle-1, Cité des métiers (liege)"
    text = await text_at(store, await counsellors_secret(store))
    assert text is not None
    assert text.count("T100000\r\n") == 3, "at ten before and after the change, and the absence"


@pytest.mark.parametrize(("first", "last"), [("2026-03-27", "2026-03-30"), ("2026-10-25", "2026-10-25")])
async def test_an_absence_of_whole_days_goes_out_as_days(store: Store, first: str, last: str) -> None:
    """Also across the changes of the clocks: a day then has 23 or 25 hours. The end is excluded (RFC 5545, 3.6.1)."""
    begins = datetime.fromisoformat(first).replace(tzinfo=BRUSSELS)
    ends = datetime.fromisoformat(last).replace(tzinfo=BRUSSELS) + timedelta(days=1)
    async with store.work() as work:
        await availability.add_absence(work, uuid4(), NADIA, begins, ends, BRUSSELS)
    secret = await counsellors_secret(store)
    (read,) = await read_at(store, secret)
    assert read.whole_days
    assert (read.starts_at.date(), read.ends_at.date()) == (begins.date(), ends.date())
    text = await text_at(store, secret)
    assert text is not None
    assert f"DTSTART;VALUE=DATE:{begins:%Y%m%d}\r\nDTEND;VALUE=DATE:{ends:%Y%m%d}\r\n" in text
    assert "VTIMEZONE" not in text, "days have no zone"


async def test_an_absence_until_a_midnight_that_begins_at_noon_has_times(store: Store) -> None:
    begins = datetime(2026, 3, 28, 12, tzinfo=BRUSSELS)
    async with store.work() as work:
        ends = datetime(2026, 3, 30, tzinfo=BRUSSELS)
        await availability.add_absence(work, uuid4(), NADIA, begins, ends, BRUSSELS)
    (read,) = await read_at(store, await counsellors_secret(store))
    assert (read.whole_days, read.starts_at, read.ends_at) == (False, begins, ends)


async def test_nothing_in_it_leads_to_a_person(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    one = await book(store, path, WINTER)
    async with store.work() as work:
        (await work.load(Interview, one.id)).mode = AppointmentMode.VIDEOCONFERENCE.value
    (seat,) = await signed_up(store, adult, at=SUMMER)
    for secret in (await counsellors_secret(store), await visitors_secret(store, adult.subject_ref)):
        text = await text_at(store, secret)
        assert text is not None
        assert "(en visioconférence)" in text.replace("\r\n ", "")
        unfolded = text.replace("\r\n ", "")
        for private in (adult.subject_ref, path, seat, NADIA, "Nadia", "choose-path", "ATTENDEE", "ORGANIZER"):
            assert str(private) not in unfolded
        assert "DESCRIPTION" not in unfolded
        links = re.findall(r"\S*://\S+", unfolded)
        assert all(link.startswith(f"URL:{URL}/scheduling/") for link in links), "pages that ask to sign in"
    assert links == [], "a visitor's has none"


async def test_a_move_and_a_cancellation_reach_the_program_under_the_same_id(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    one = await book(store, await take_path(store, adult), WINTER)
    secrets = [await counsellors_secret(store), await visitors_secret(store, adult.subject_ref)]
    steps: list[list[tuple[str, int, datetime, str]]] = []
    for step in (None, SUMMER, SUMMER + HOUR, "cancel"):
        if isinstance(step, datetime):
            await moves(store, one.id, step)
        elif step:
            await cancels(store, one.id)
        found = [await read_at(store, secret) for secret in secrets]
        assert found[0] == found[1]
        steps.append([(read.uid, read.sequence, read.starts_at, read.status) for read in found[0]])
    uid = f"{one.id}@cefo"
    assert steps == [
        [(uid, 0, WINTER, "CONFIRMED")],
        [(uid, 1, SUMMER, "CONFIRMED")],
        [(uid, 2, SUMMER + HOUR, "CONFIRMED")],
        [(uid, 3, SUMMER + HOUR, "CANCELLED")],
    ]
    clock.now += CANCELLED_FOR
    assert [await read_at(store, secret) for secret in secrets] == [[], []]


async def test_a_visitors_sessions_have_the_ids_of_their_invitations(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    (seat,) = await signed_up(store, adult, at=SUMMER)
    secret = await visitors_secret(store, adult.subject_ref)
    sessions = sorted(await rows_of(store, Session), key=lambda one: one.starts_at)
    uids = [f"{seat_appointment(one.id, seat)}@cefo" for one in sessions]
    found = await read_at(store, secret)
    assert [(one.uid, one.status) for one in found] == [(uid, "CONFIRMED") for uid in uids]
    async with store.work() as work:
        workshop = await work.load(Workshop, sessions[0].workshop_id)
        await seats.release_seat(work, workshop, seat, by=Side.VISITOR)
    left = await read_at(store, secret)
    assert [(one.uid, one.status) for one in left] == [(uid, "CANCELLED") for uid in uids]
    assert all(after.sequence > before.sequence for before, after in zip(found, left, strict=True))
    clock.now += CANCELLED_FOR
    assert await read_at(store, secret) == []


async def test_a_title_that_is_not_public_is_not_in_it(store: Store, adult: Visitor) -> None:
    await signed_up(store, adult, at=SUMMER)
    (workshop,) = await rows_of(store, Workshop)
    async with store.work() as work:
        (await work.load(Workshop, workshop.id)).published = False
    for secret in (await counsellors_secret(store), await visitors_secret(store, adult.subject_ref)):
        assert {one.summary for one in await read_at(store, secret)} == {"Atelier"}


async def test_of_a_waiting_list_there_is_nothing_in_it(store: Store, adult: Visitor) -> None:
    waits = Visitor()
    await react(store, [waits.registered()])
    await signed_up(store, adult, waits, at=SUMMER)
    assert await read_at(store, await visitors_secret(store, waits.subject_ref)) == []
    assert len(await read_at(store, await visitors_secret(store, adult.subject_ref))) == 2


async def test_a_cancelled_workshop_is_taken_out_of_both(store: Store, adult: Visitor, clock: FixedClock) -> None:
    await signed_up(store, adult, at=SUMMER)
    secrets = [await counsellors_secret(store), await visitors_secret(store, adult.subject_ref)]
    (workshop,) = await rows_of(store, Workshop)
    async with store.work() as work:
        cancelled = await work.load(Workshop, workshop.id)
        cancelled.counsellor, cancelled.more_facilitators = TOM, [NADIA]
        await workshops.cancel_workshop(work, cancelled, reason="other")
    for secret in secrets:
        assert [one.status for one in await read_at(store, secret)] == ["CANCELLED"] * 2
    clock.now += CANCELLED_FOR
    assert [await read_at(store, secret) for secret in secrets] == [[], []]


async def test_the_secret_is_stored_nowhere_and_a_new_one_ends_the_one_before(store: Store, adult: Visitor) -> None:
    first, mine = await counsellors_secret(store), await visitors_secret(store, adult.subject_ref)
    second, mine_again = await counsellors_secret(store), await visitors_secret(store, adult.subject_ref)
    kept = str([await rows_of(store, table) for table in (CounsellorFeed, VisitorFeed)])
    assert not [one for one in (first, second, mine, mine_again) if one in kept or len(one) < 43]
    assert [await text_at(store, one) for one in (first, mine, "", "x" * 43)] == [None] * 4
    assert None not in [await text_at(store, one) for one in (second, mine_again)]


async def test_sent_twice_the_form_ends_nothing(store: Store, adult: Visitor) -> None:
    id = uuid4()
    async with store.work() as work:
        secret = await feeds.make_counsellor_feed(work, COUNSELLOR, NADIA, id, "fr")
        mine = await feeds.make_visitor_feed(work, [adult.subject_ref], id, "fr")
    async with store.work() as work:
        with pytest.raises(ShownBefore):
            await feeds.make_counsellor_feed(work, COUNSELLOR, NADIA, id, "fr")
        with pytest.raises(ShownBefore):
            await feeds.make_visitor_feed(work, [adult.subject_ref], id, "fr")
    assert None not in [await text_at(store, one) for one in (secret, mine)]


@pytest.mark.parametrize("person", [COLLEAGUE, MANAGER])
async def test_nobody_makes_or_ends_another_ones(store: Store, person: Person) -> None:
    secret = await counsellors_secret(store)
    async with store.work() as work:
        with pytest.raises(NotFound):
            await feeds.make_counsellor_feed(work, person, NADIA, uuid4(), "fr")
        with pytest.raises(NotFound):
            await feeds.end_counsellor_feed(work, person, NADIA)
    assert await text_at(store, secret) is not None


async def test_it_ends_for_good_with_the_account(store: Store) -> None:
    secret = await counsellors_secret(store)
    await react(store, [account_of(NADIA, AccountStatus.INACTIVE, version=2)])
    assert await text_at(store, secret) is None
    await react(store, [account_of(NADIA, version=3)])
    assert await text_at(store, secret) is None
    assert await rows_of(store, CounsellorFeed) == []


async def test_who_is_no_counsellor_of_any_centre_any_more_has_none(store: Store) -> None:
    secret = await counsellors_secret(store)
    await react(store, [changed_account(version=2, centres=())])
    assert await text_at(store, secret) is None


async def test_under_another_code_the_same_address_shows_what_was_booked_before_too(
    store: Store, adult: Visitor
) -> None:
    await book(store, await take_path(store, adult), WINTER)
    await announce(store, SUMMER)
    secret = await counsellors_secret(store)
    before = await read_at(store, secret)
    await react(store, [changed_account(version=2, code=NEW)])
    assert await read_at(store, secret) == before
    assert len(before) == 2


async def test_of_two_registrations_of_one_person_either_shows_both_until_they_are_separated(
    store: Store, adult: Visitor
) -> None:
    other = Visitor()
    await react(store, [other.registered()])
    await book(store, await take_path(store, adult), WINTER)
    await signed_up(store, other, at=SUMMER)
    secrets = [await visitors_secret(store, one.subject_ref) for one in (adult, other)]
    assert [len(await read_at(store, one)) for one in secrets] == [1, 2]
    refs = {"subject_ref": other.subject_ref, "kept_ref": adult.subject_ref}
    await react(store, [VisitorMerged(**refs, at=MONDAY)])
    assert [len(await read_at(store, one)) for one in secrets] == [3, 3]
    replaced = await visitors_secret(store, adult.subject_ref, other.subject_ref)
    assert [await text_at(store, one) for one in secrets] == [None, None]
    await react(store, [VisitorSeparated(subject_ref=other.subject_ref, at=MONDAY)])
    assert len(await read_at(store, replaced)) == 1


async def test_an_erasure_ends_it(store: Store, adult: Visitor) -> None:
    secret = await visitors_secret(store, adult.subject_ref)
    await react(store, [adult.erased()])
    assert await text_at(store, secret) is None
    assert await rows_of(store, VisitorFeed) == []
    with pytest.raises(NotFound):
        await visitors_secret(store, adult.subject_ref)


async def link_of(browser: Client, path: str) -> str:
    """Press the button of the page, and read the address that is shown once: its path."""
    answer = await browser.post(path, data={"id": str(uuid4())}, headers={"accept": "text/html"})
    assert answer.status_code == 200, answer.text
    [(host, shown)] = re.findall(r"<textarea[^>]*>http://([^/]+)(/scheduling/ics/\S+\.ics)</textarea>", answer.text)
    assert f'href="webcal://{host}{shown}"' in answer.text
    return shown


async def test_a_program_reads_it_and_asks_only_for_what_changed(desk: Client, known: Visitor) -> None:
    one = await book(desk.store, await take_path(desk.store, known), WINTER)
    page = unescape((await desk.get(f"/scheduling/counsellors/{NADIA}")).text)
    assert "Créer un lien d’agenda" in page
    address = await link_of(desk, f"/scheduling/counsellors/{NADIA}/calendar")
    desk.signed_in(None)
    answer = await desk.get(address)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert [read.starts_at for read in read_calendar(answer.content)] == [WINTER]
    seen = {"if-none-match": f'"other", W/{answer.headers["etag"]}'}
    again = await desk.get(address, headers=seen)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
    await moves(desk.store, one.id, SUMMER)
    changed = await desk.get(address, headers=seen)
    assert [read.starts_at for read in read_calendar(changed.content)] == [SUMMER]


async def test_one_press_replaces_and_one_ends_it_on_both_pages(desk: Client, known: Visitor) -> None:
    for person, page, form in (
        (COUNSELLOR, f"/scheduling/counsellors/{NADIA}", f"/scheduling/counsellors/{NADIA}/calendar"),
        (visitor(known.subject_ref), "/scheduling/mine/part", "/scheduling/mine/calendar"),
    ):
        desk.signed_in(person)
        assert "Remplacer le lien" not in unescape((await desk.get(page)).text)
        first, second = await link_of(desk, form), await link_of(desk, form)
        assert [(await desk.get(one)).status_code for one in (first, second)] == [404, 200]
        assert "Remplacer le lien de l’agenda" in unescape((await desk.get(page)).text)
        ended = await desk.post(f"{form}/end", headers={"accept": "text/html"})
        assert ended.status_code == 303
        gone = await desk.get(second)
        never = await desk.get("/scheduling/ics/never-was-one.ics")
        assert (gone.status_code, gone.json()) == (404, never.json())
        desk.cookies.delete("cefo-flash")


async def test_a_manager_sees_nothing_of_it(desk: Client) -> None:
    desk.signed_in(MANAGER)
    page = unescape((await desk.get(f"/scheduling/counsellors/{NADIA}")).text)
    assert "agenda électronique" not in page
    assert (await desk.post(f"/scheduling/counsellors/{NADIA}/calendar", data={"id": str(uuid4())})).status_code == 403
