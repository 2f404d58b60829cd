"""A visitor books their next interview by their personal link, on both stores and on the pages."""

import asyncio
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from services.chassis.identity.people import visitor
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.scheduling import InterviewBooked, Method
from services.scheduling.actions import availability, guidance, own_booking, stopping
from services.scheduling.domain import refusals
from services.scheduling.domain.availability import BookingRules, WorkingHours
from services.scheduling.domain.holds import HOLD, owner_of_person
from services.scheduling.store import GuidancePath, Interview, SlotHold
from services.scheduling.store.paths import paths_of_person
from tests.givens.events import emitted_events
from tests.givens.rows import rows_of
from tests.givens.scheduling import LIEGE, MONDAY, NADIA, NAMES, TOM, Visitor, react
from tests.scheduling.test_guidance import book, other_path, take_path
from tests.scheduling.test_own_appointments import NEXT_MONDAY, moves, sends, shown, signed_up
from tests.scheduling.test_own_appointments import booked as booked_by_team

WEEK = timedelta(days=7)
USUAL = BookingRules(visitor_notice=timedelta(hours=24))
BRUSSELS = ZoneInfo("Europe/Brussels")


async def chooses(store: Store, person: Visitor, at: datetime = NEXT_MONDAY, counsellor: str = NADIA) -> UUID:
    async with store.work() as work:
        refs = (person.subject_ref,)
        held = await own_booking.choose(
            work, owner_of_person(refs[0]), refs, counsellor=counsellor, starts_at=at, usual=USUAL, reflection=WEEK
        )
    return held.id


async def confirms(store: Store, person: Visitor, hold: UUID) -> Interview:
    async with store.work() as work:
        refs = (person.subject_ref,)
        return await own_booking.confirm(work, owner_of_person(refs[0]), refs, hold, usual=USUAL, reflection=WEEK)


async def collective_path(store: Store, person: Visitor, *, due: bool = True) -> UUID:
    """A group path whose workshop Tom led."""
    (_seat,) = await signed_up(store, person, at=NEXT_MONDAY + timedelta(days=1))
    async with store.work() as work:
        path = next(one for one in await paths_of_person(work.session, [person.subject_ref]) if one.workshop_id)
        row = await work.load(GuidancePath, path.id)
        row.finalising_due_at = MONDAY if due else None
    return path.id


async def test_a_visitor_chooses_and_confirms_once(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    hold = await chooses(store, adult)
    first = await confirms(store, adult, hold)
    again = await confirms(store, adult, hold)
    assert (first.id, first.path_id, first.starts_at, first.minutes) == (again.id, path, NEXT_MONDAY, 60)
    (event,) = await emitted_events(store, InterviewBooked)
    assert (event.subject_ref, event.counsellor) == (adult.subject_ref, NADIA)
    with pytest.raises(refusals.OneOpenBooking) as refused:
        await chooses(store, adult, NEXT_MONDAY + timedelta(days=1))
    assert refused.value.values["at"] == NEXT_MONDAY


async def test_two_tabs_at_once_make_one_booking(store: Store, adult: Visitor) -> None:
    await take_path(store, adult)
    times = [NEXT_MONDAY + timedelta(days=day) for day in range(4)]

    async def tab(at: datetime) -> None:
        await confirms(store, adult, await chooses(store, adult, at))

    answers = await asyncio.gather(*(tab(at) for at in times), return_exceptions=True)
    assert len(await emitted_events(store, InterviewBooked)) == 1
    assert sum(one is None for one in answers) == 1
    assert {type(one) for one in answers if one is not None} <= {refusals.HoldOver, refusals.OneOpenBooking}


async def test_what_the_team_booked_meanwhile_counts(store: Store, adult: Visitor) -> None:
    await take_path(store, adult)
    hold = await chooses(store, adult)
    await booked_by_team(store, adult, NEXT_MONDAY + timedelta(days=1))
    with pytest.raises(refusals.OneOpenBooking):
        await confirms(store, adult, hold)


async def test_nothing_is_booked_without_an_open_path_with_room(store: Store, adult: Visitor) -> None:
    with pytest.raises(refusals.NothingToBook):
        await chooses(store, adult)
    path = await take_path(store, adult)
    hold = await chooses(store, adult)
    async with store.work() as work:
        await stopping.give_up(work, path)
    with pytest.raises(refusals.NothingToBook):
        await confirms(store, adult, hold)
    with pytest.raises(refusals.NothingToBook):
        await chooses(store, adult)


async def test_a_hold_that_is_over_is_booked_only_with_the_notice_of_visitors(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    await take_path(store, adult)
    held, over = NEXT_MONDAY - timedelta(hours=24, minutes=1), NEXT_MONDAY - timedelta(hours=23, minutes=50)
    clock.now = held
    hold = await chooses(store, adult)
    clock.now = over
    with pytest.raises(refusals.TooSoonOnline):
        await confirms(store, adult, hold)
    clock.now = held + HOLD - timedelta(seconds=1)  # within the notice by now, but still held
    assert (await confirms(store, adult, hold)).id == hold


async def test_without_consent_nothing_is_offered(store: Store, adult: Visitor) -> None:
    await take_path(store, adult)
    await react(store, [adult.withdraws("guidance")])
    with pytest.raises(refusals.NothingToBook):
        await chooses(store, adult)


async def test_the_final_interview_comes_first_and_once_it_is_due(store: Store, adult: Visitor) -> None:
    await collective_path(store, adult, due=False)
    with pytest.raises(refusals.NothingToBook):
        await chooses(store, adult)
    individual = await take_path(store, adult)
    async with store.work() as work:
        found = await own_booking.path_to_book(work.session, [adult.subject_ref])
        assert found is not None
        assert found.id == individual
        collective = next(one for one in await paths_of_person(work.session, [adult.subject_ref]) if one.workshop_id)
        (await work.load(GuidancePath, collective.id)).finalising_due_at = MONDAY
    async with store.read() as session:
        found = await own_booking.path_to_book(session, [adult.subject_ref])
        assert found is not None
        assert (found.method, await own_booking.usual_counsellor(session, found)) == (Method.COLLECTIVE, NADIA)


async def test_a_visitor_does_not_learn_why_a_time_is_not_free(store: Store, adult: Visitor) -> None:
    await take_path(store, adult)
    taken, outside, away = (NEXT_MONDAY + timedelta(days=day) for day in (0, 1, 2))
    await book(store, await other_path(store), taken)
    async with store.work() as work:
        rule = "FREQ=WEEKLY;BYDAY=MO,WE,TH,FR"
        hours = WorkingHours(date(2026, 1, 1), rule, "08:00", "18:00", frozenset(), BRUSSELS)
        await availability.set_hours(work, NADIA, LIEGE, [hours])
        await availability.add_absence(work, uuid4(), NADIA, away, away + timedelta(hours=1), BRUSSELS)
    answers: set[tuple[Any, ...]] = set()
    for at, counsellor in ((taken, NADIA), (outside, NADIA), (away, NADIA), (away, "left"), (away, "liege-c03")):
        with pytest.raises(refusals.Overlap) as refused:
            await chooses(store, adult, at, counsellor)
        values = refused.value.values
        answers.add((type(refused.value), refused.value.about, str(values["what"]), tuple(sorted(values))))
    assert len(answers) == 1
    id = await booked_by_team(store, adult, NEXT_MONDAY + timedelta(hours=4))
    for at in (outside, away):
        with pytest.raises(refusals.Overlap) as refused:
            await moves(store, id, adult, at, seen=NEXT_MONDAY + timedelta(hours=4))
        assert type(refused.value) is refusals.Overlap
        assert tuple(sorted(refused.value.values)) == next(iter(answers))[3]


async def test_what_is_too_soon_is_refused(store: Store, adult: Visitor) -> None:
    await take_path(store, adult)
    with pytest.raises(refusals.TooSoonOnline):
        await chooses(store, adult, MONDAY + timedelta(hours=2))


async def books_on_the_pages(desk: Client, at: datetime, language: str = "") -> str:
    """Choose a time. Returns the page that asks for confirmation."""
    answer = await desk.post("/scheduling/mine/book", data={"starts_at": at.isoformat(), "language": language})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/scheduling/mine")


async def test_the_visitor_books_on_the_pages_which_name_nobody(desk: Client, known: Visitor) -> None:
    desk.signed_in(visitor(known.subject_ref))
    assert "Pas de rendez-vous à fixer ici" in await shown(desk, "/book")
    assert "/scheduling/mine/book" not in await shown(desk, "/part")
    await take_path(desk.store, known)
    assert 'href="/scheduling/mine/book"' in await shown(desk, "/part")
    html = await shown(desk, "/book")
    assert 'value="2026-03-03T08:15:00+00:00"' in html, "24 hours from now, on a quarter-hour"
    assert 'value="2026-03-02T' not in html
    page = await books_on_the_pages(desk, NEXT_MONDAY)
    asks = await shown(desk, page)
    assert "Lundi 9 mars 2026, 10:00" in asks
    assert "jusqu’à 09:05" in asks
    assert f'value="{NEXT_MONDAY.isoformat()}"' in await shown(desk, "/book?day=2026-03-09"), "their own hold"
    for _ in range(2):  # the second press
        assert (await sends(desk, page)).startswith("done:Votre rendez-vous est fixé")
    (interview,) = await rows_of(desk.store, Interview)
    assert str(interview.id) in page
    assert (await desk.get(f"/scheduling/mine{page}")).headers["location"].endswith(f"/interviews/{interview.id}")
    assert "Vous avez déjà un rendez-vous" in await shown(desk, "/book")
    for shown_text in (html, asks):
        assert not any(name in shown_text for name in (*NAMES.values(), NADIA, TOM))


async def test_a_held_time_is_missing_for_others_and_comes_back(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    other = Visitor()
    await react(desk.store, [other.registered()])
    for one in (known, other):
        await take_path(desk.store, one)
    async with desk.store.work() as work:  # nobody else works that day
        hours = WorkingHours(date(2026, 1, 1), "FREQ=WEEKLY;BYDAY=FR", "09:00", "12:00", frozenset(), BRUSSELS)
        await availability.set_hours(work, TOM, LIEGE, [hours])
    desk.signed_in(visitor(known.subject_ref))
    page = await books_on_the_pages(desk, NEXT_MONDAY)
    desk.signed_in(visitor(other.subject_ref))
    wanted = f'value="{NEXT_MONDAY.isoformat()}"'
    assert wanted not in await shown(desk, "/book?day=2026-03-09")
    assert "À ce moment (09/03/2026, 10:00)" in await sends(desk, "/book", starts_at=NEXT_MONDAY.isoformat())
    assert "n’est plus gardée" in await sends(desk, page), "another visitor's"
    answer = await desk.get(f"/scheduling/mine{page}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/scheduling/mine/book")
    clock.now += HOLD
    assert wanted in await shown(desk, "/book?day=2026-03-09")
    desk.signed_in(visitor(known.subject_ref))
    assert "était gardée pour vous jusqu’à 09:05" in await shown(desk, page)
    assert (await sends(desk, page)).startswith("done:"), "nobody else has taken it"


async def test_free_times_are_searched_by_language_and_half_a_day(desk: Client, known: Visitor) -> None:
    await take_path(desk.store, known)
    async with desk.store.work() as work:
        await availability.set_profile(work, NADIA, ["fr"], [])
        await availability.set_profile(work, TOM, ["de", "fr"], [])
        hours = WorkingHours(date(2026, 1, 1), "FREQ=WEEKLY;BYDAY=TH", "09:00", "16:00", frozenset(), BRUSSELS)
        await availability.set_hours(work, TOM, LIEGE, [hours])
    desk.signed_in(visitor(known.subject_ref))

    async def offered(query: str) -> list[str]:
        return re.findall(r'name="starts_at" value="([^"]+)"', await shown(desk, f"/book?{query}"))

    assert all(at.startswith(("2026-03-05", "2026-03-12", "2026-03-19")) for at in await offered("language=de"))
    assert {at[11:13] for at in await offered("half=morning")} == {"08", "09", "10"}
    assert {at[11:13] for at in await offered("half=afternoon")} == {"12", "13", "14"}
    assert (await offered("day=2026-03-11"))[0] == "2026-03-11T08:00:00+00:00"
    thursday = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
    await books_on_the_pages(desk, thursday, language="de")
    (held,) = await rows_of(desk.store, SlotHold)
    assert held.counsellor == TOM


async def test_the_counsellor_whom_the_visitor_knows_comes_first(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    path = await take_path(desk.store, known)
    met = await book(desk.store, path, counsellor=TOM, room=None)
    clock.now = met.starts_at + timedelta(hours=1)
    async with desk.store.work() as work:
        await guidance.hold(work, await guidance.interview_of(work, met.id))
    desk.signed_in(visitor(known.subject_ref))
    html = await shown(desk, "/book")
    assert html.index("Avec la personne de votre dernier entretien") < html.index("Avec une autre personne de l’équipe")
    await books_on_the_pages(desk, NEXT_MONDAY + timedelta(days=1))
    (held,) = await rows_of(desk.store, SlotHold)
    assert held.counsellor == TOM


async def test_a_visitor_keeps_the_time_for_reflection(store: Store, adult: Visitor, clock: FixedClock) -> None:
    path = await take_path(store, adult)
    hold = await chooses(store, adult)
    met = await book(store, path, room=None)
    clock.now = met.starts_at + timedelta(hours=1)
    async with store.work() as work:
        await guidance.hold(work, await guidance.interview_of(work, met.id))
    with pytest.raises(refusals.ReflectFirst) as refused:
        await confirms(store, adult, hold)
    assert refused.value.values == {"day": (met.starts_at + WEEK).date()}
    with pytest.raises(refusals.ReflectFirst):
        await chooses(store, adult, met.starts_at + timedelta(days=6, hours=6))
    again = await chooses(store, adult, met.starts_at + timedelta(days=7, hours=-1))
    assert (await confirms(store, adult, again)).id == again


async def test_visitors_are_offered_times_after_the_time_for_reflection(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    path = await take_path(desk.store, known)
    desk.signed_in(visitor(known.subject_ref))
    assert "un temps est prévu pour réfléchir" not in await shown(desk, "/book")
    met = await book(desk.store, path, room=None)
    clock.now = met.starts_at + timedelta(hours=1)
    async with desk.store.work() as work:
        await guidance.hold(work, await guidance.interview_of(work, met.id))
    for query in ("", "?day=2026-03-05"):
        html = await shown(desk, f"/book{query}")
        assert "Choisissez un moment à partir du 10 mars 2026" in html
        offered = re.findall(r'name="starts_at" value="([^"]+)"', html)
        assert offered[0].startswith("2026-03-10T")
    soon = await sends(desk, "/book", starts_at=NEXT_MONDAY.isoformat())
    assert "Choisissez un moment à partir du 10/03/2026" in soon
    clock.now += timedelta(days=8)
    assert "un temps est prévu pour réfléchir" not in await shown(desk, "/book")
