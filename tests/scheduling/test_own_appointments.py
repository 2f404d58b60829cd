"""What a visitor sees and changes of their own appointments, on both stores and on the pages."""

from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest

from services.chassis.identity.people import visitor
from services.chassis.refusals import NotFound
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.offers import SeatOffered
from services.contracts.scheduling import InterviewCancelled, InterviewMoved, SeatReleased, SeatTaken, Side
from services.scheduling.actions import guidance, own, paths, seats, workshops
from services.scheduling.domain import refusals
from services.scheduling.domain.offers import ANSWER_WITHIN
from services.scheduling.domain.rules import CancelReason
from services.scheduling.store import Centre, Interview, Seat, Workshop
from tests.givens.events import emitted_events
from tests.givens.scheduling import COUNSELLOR, LIEGE, NADIA, Visitor, react

NEXT_MONDAY = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
"""Seven days after the clock's Monday, 10:00 in Liège."""
NOTICE = timedelta(hours=24)
HORIZON = timedelta(days=365)
SEEN = NEXT_MONDAY.isoformat()


async def booked(store: Store, person: Visitor, at: datetime = NEXT_MONDAY, room: str | None = None) -> UUID:
    async with store.work() as work:
        path_id = await paths.individual_path(work, person.subject_ref, LIEGE, "find-job")
        made = await guidance.book(work, path_id, counsellor=NADIA, room=room, starts_at=at, minutes=60)
    return made.id


async def signed_up(store: Store, *people: Visitor, places: int = 1, at: datetime = NEXT_MONDAY) -> list[UUID]:
    """These people's seats in a workshop of two sessions; those beyond `places` wait."""
    async with store.work() as work:
        workshop = await workshops.announce(
            work,
            centre=LIEGE,
            area=None,
            title="Construire son projet",
            counsellor=NADIA,
            room=None,
            seats=places,
            sessions=[(at, 120), (at + timedelta(days=7), 120)],
        )
    made: list[UUID] = []
    for one in people:
        async with store.work() as work:
            made.append((await seats.take_seat(work, workshop.id, one.subject_ref, waitlist=True)).id)
    return made


async def cancels(
    store: Store,
    id: UUID,
    person: Visitor,
    reason: CancelReason | None = None,
    notice: timedelta = NOTICE,
    seen: datetime = NEXT_MONDAY,
) -> None:
    async with store.work() as work:
        await own.cancel(work, id, {person.subject_ref}, reason=reason, notice=notice, seen=seen)


async def moves(store: Store, id: UUID, person: Visitor, at: datetime, seen: datetime = NEXT_MONDAY) -> None:
    async with store.work() as work:
        refs = {person.subject_ref}
        await own.move(work, id, refs, starts_at=at, notice=NOTICE, horizon=HORIZON, seen=seen)


async def leaves(store: Store, seat: UUID, person: Visitor, notice: timedelta = NOTICE) -> None:
    async with store.work() as work:
        await own.leave(work, seat, {person.subject_ref}, notice=notice, answer=ANSWER_WITHIN)


async def row(store: Store, table: type[Any], id: UUID) -> Any:
    async with store.read() as session:
        return await session.get_one(table, id)


async def test_a_visitor_cancels_once_and_the_event_says_who_did(store: Store, adult: Visitor) -> None:
    id = await booked(store, adult)
    await cancels(store, id, adult, CancelReason.TRANSPORT)
    await cancels(store, id, adult, CancelReason.OTHER)  # Back, and sent again
    (event,) = await emitted_events(store, InterviewCancelled)
    assert (event.cancelled_by, event.reason) == (Side.VISITOR, "transport")
    interview = await row(store, Interview, id)
    assert (interview.status, interview.cancelled_by) == ("cancelled", "visitor")
    with pytest.raises(refusals.NotBooked):  # the other tab
        await moves(store, id, adult, NEXT_MONDAY + timedelta(hours=1))
    await booked(store, adult)  # the time is free again


async def test_no_reason_has_to_be_stated(store: Store, adult: Visitor) -> None:
    await cancels(store, await booked(store, adult), adult)
    (event,) = await emitted_events(store, InterviewCancelled)
    assert event.reason == "not-recorded"


async def test_nobody_changes_what_is_another_persons(store: Store, adult: Visitor) -> None:
    id = await booked(store, adult)
    (seat,) = await signed_up(store, adult, at=NEXT_MONDAY + timedelta(days=1))
    other = Visitor()
    for act in (cancels(store, id, other), moves(store, id, other, NEXT_MONDAY), leaves(store, seat, other)):
        with pytest.raises(NotFound):
            await act


async def test_the_notice_ends_to_the_minute(store: Store, adult: Visitor, clock: FixedClock) -> None:
    id = await booked(store, adult)
    clock.now = NEXT_MONDAY - NOTICE + timedelta(seconds=1)
    with pytest.raises(refusals.TooLateOnline) as refused:
        await cancels(store, id, adult)
    assert refused.value.values["at"] == NEXT_MONDAY - NOTICE
    with pytest.raises(refusals.TooLateOnline):
        await moves(store, id, adult, NEXT_MONDAY + timedelta(days=2))
    clock.now = NEXT_MONDAY - NOTICE
    await cancels(store, id, adult)


async def test_without_notice_nothing_is_changed_that_has_begun(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    id = await booked(store, adult)
    clock.now = NEXT_MONDAY
    with pytest.raises(refusals.TooLateOnline):
        await cancels(store, id, adult, notice=timedelta())
    clock.now = NEXT_MONDAY - timedelta(minutes=1)
    await cancels(store, id, adult, notice=timedelta())


async def test_a_visitor_moves_once_and_keeps_counsellor_and_room(store: Store, adult: Visitor) -> None:
    id = await booked(store, adult, room="liege-r1")
    later = NEXT_MONDAY + timedelta(days=1)
    await moves(store, id, adult, later)
    await moves(store, id, adult, later)
    (event,) = await emitted_events(store, InterviewMoved)
    assert (event.moved_by, event.starts_at, event.counsellor, event.room) == (Side.VISITOR, later, NADIA, "liege-r1")
    assert (await row(store, Interview, id)).moved_by == "visitor"


async def test_an_older_tab_neither_moves_nor_cancels_it_again(store: Store, adult: Visitor) -> None:
    id = await booked(store, adult)
    tuesday, wednesday = NEXT_MONDAY + timedelta(days=1), NEXT_MONDAY + timedelta(days=2)
    await moves(store, id, adult, tuesday)
    for act in (moves(store, id, adult, wednesday), cancels(store, id, adult)):
        with pytest.raises(refusals.MovedMeanwhile) as refused:
            await act
        assert refused.value.values["at"] == tuesday
    await moves(store, id, adult, wednesday, seen=tuesday)
    assert [one.starts_at for one in await emitted_events(store, InterviewMoved)] == [tuesday, wednesday]
    assert await emitted_events(store, InterviewCancelled) == []


async def test_a_counsellors_move_is_the_centres(store: Store, adult: Visitor) -> None:
    id = await booked(store, adult)
    async with store.work() as work:
        interview = await guidance.interview_of(work, id)
        later = NEXT_MONDAY + timedelta(hours=1)
        await guidance.move(work, interview, counsellor=NADIA, room=None, starts_at=later, minutes=60)
    (event,) = await emitted_events(store, InterviewMoved)
    assert event.moved_by is Side.CENTRE


async def test_a_time_that_is_taken_too_soon_or_closed_is_refused(store: Store, adult: Visitor) -> None:
    id = await booked(store, adult)
    other = Visitor()
    await react(store, [other.registered()])
    taken = NEXT_MONDAY + timedelta(days=1)
    await booked(store, other, taken)
    for at, refusal in (
        (taken, refusals.Overlap),
        (datetime(2026, 3, 2, 9, 0, tzinfo=UTC), refusals.TooSoonOnline),
        (NEXT_MONDAY + timedelta(days=5), refusals.OutsideHours),
        (NEXT_MONDAY + timedelta(minutes=5), refusals.NotOnQuarterHour),
    ):
        with pytest.raises(refusal):
            await moves(store, id, adult, at)
    assert await emitted_events(store, InterviewMoved) == []


async def test_a_place_is_left_once_and_goes_to_the_next(store: Store, adult: Visitor) -> None:
    waits = Visitor()
    await react(store, [waits.registered()])
    seat, entry = await signed_up(store, adult, waits)
    await leaves(store, seat, adult)
    await leaves(store, seat, adult)
    (released,) = await emitted_events(store, SeatReleased)
    assert (released.seat_id, released.cancelled_by) == (seat, Side.VISITOR)
    assert [one.seat_id for one in await emitted_events(store, SeatTaken)] == [seat]
    assert [one.seat_id for one in await emitted_events(store, SeatOffered)] == [entry]


async def test_the_waiting_list_is_left_at_any_time_a_place_with_notice(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    waits = Visitor()
    await react(store, [waits.registered()])
    seat, entry = await signed_up(store, adult, waits)
    clock.now = NEXT_MONDAY - timedelta(hours=1)
    with pytest.raises(refusals.TooLateOnline):
        await leaves(store, seat, adult)
    await leaves(store, entry, waits)
    assert (await row(store, Seat, entry)).status == "released"
    clock.now = NEXT_MONDAY + timedelta(days=1)  # between the two sessions
    await leaves(store, seat, adult)


async def shown(browser: Client, path: str, status: int = 200) -> str:
    answer = await browser.get(f"/scheduling/mine{path}", headers={"accept": "text/html"})
    assert answer.status_code == status, answer.text
    return unescape(answer.text)


async def sends(browser: Client, path: str, **form: Any) -> str:
    """The flash of the page it leads to."""
    answer = await browser.post(f"/scheduling/mine{path}", data=form, headers={"accept": "text/html"})
    assert answer.status_code == 303, answer.text
    browser.cookies.delete("cefo-flash")
    return browser.flash(answer)


async def test_the_page_lists_what_is_to_come_without_the_counsellor(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    id = await booked(desk.store, known)
    (seat,) = await signed_up(desk.store, known, at=NEXT_MONDAY + timedelta(days=1))
    desk.signed_in(visitor(known.subject_ref))
    for path in ("", "/part"):
        html = await shown(desk, path)
        assert html.index(f"/mine/interviews/{id}") < html.index(f"/mine/seats/{seat}")
        assert "Lundi 9 mars 2026, 10:00" in html
        assert "Construire son projet" in html
        assert "jusqu’à 24 heures avant" in html
        assert "Nadia" not in html
        assert NADIA not in html
    clock.now = NEXT_MONDAY - timedelta(hours=2)
    html = await shown(desk, "/part")
    assert f"/mine/interviews/{id}" not in html
    assert "Pour le changer maintenant, téléphonez à votre centre." in html
    assert 'data-hx-get="/directory/centres/liege/phone"' in html
    assert 'data-hx-get="/directory/centres/liege/phone"' in await shown(desk, f"/interviews/{id}")
    clock.now = NEXT_MONDAY + timedelta(days=30)
    assert "Pas de rendez-vous pour le moment" in await shown(desk, "/part")
    desk.signed_in(visitor(Visitor().subject_ref))
    assert "Pas de rendez-vous pour le moment" in await shown(desk, "/part")
    await shown(desk, f"/interviews/{id}", 404)
    await shown(desk, f"/seats/{seat}", 404)


async def test_free_times_are_the_counsellors_and_the_visitors_own(desk: Client, known: Visitor) -> None:
    id = await booked(desk.store, known)
    await signed_up(desk.store, known, at=NEXT_MONDAY + timedelta(hours=3))
    desk.signed_in(visitor(known.subject_ref))
    html = await shown(desk, f"/interviews/{id}?day=2026-03-09")
    assert "Lundi 9 mars 2026" in html
    assert 'name="starts_at" value="2026-03-09T09:00:00+00:00"' not in html, "where it is now"
    assert 'value="2026-03-09T09:15:00+00:00"' in html, "its own time is free for it"
    assert 'value="2026-03-09T12:30:00+00:00"' not in html, "the workshop"
    first = await shown(desk, f"/interviews/{id}")
    assert 'value="2026-03-03T08:15:00+00:00"' in first, "more than 24 hours from now"
    assert "2 mars 2026, 10" not in first
    assert f'name="seen" value="{SEEN}"' in first
    to = "2026-03-03T08:15:00+00:00"
    for _ in range(2):  # Back, and sent again
        done = await sends(desk, f"/interviews/{id}/move", starts_at=to, seen=SEEN)
        assert done.startswith("done:Votre rendez-vous est déplacé")
    other = {"starts_at": "2026-03-04T10:00:00+00:00", "seen": SEEN}
    assert "a changé d’heure entre-temps\u00a0: 03/03/2026, 09:15." in await sends(
        desk, f"/interviews/{id}/move", **other
    )
    assert "trop proche" in await sends(desk, f"/interviews/{id}/move", starts_at="2026-03-02T10:00:00+00:00", seen=to)


async def test_a_day_without_free_times_says_so_and_leads_to_the_next(desk: Client, known: Visitor) -> None:
    id = await booked(desk.store, known)
    async with desk.store.work() as work:
        centre = await work.session.get_one(Centre, LIEGE)
        centre.closed_on = [(date(2026, 3, 4) + timedelta(days=n)).isoformat() for n in range(40)]
        centre.special_days = [{"day": "2026-03-09", "openings": [{"opens_at": "10:00", "closes_at": "11:00"}]}]
    desk.signed_in(visitor(known.subject_ref))
    html = await shown(desk, f"/interviews/{id}?day=2026-03-05")
    assert "Aucune heure libre le jeudi 5 mars 2026. Les prochaines heures libres sont le lundi 13 avril 2026." in html
    assert 'value="2026-04-13T' in html
    assert "Lundi 9 mars 2026</legend>" not in html, "only its own time is free then"
    assert "Aucune heure libre" not in await shown(desk, f"/interviews/{id}?day=2026-04-13")


async def test_the_counsellor_sees_which_side_cancelled_and_moved(desk: Client, known: Visitor) -> None:
    id = await booked(desk.store, known)
    desk.signed_in(visitor(known.subject_ref))
    to = "2026-03-10T09:00:00+00:00"
    await sends(desk, f"/interviews/{id}/move", starts_at=to, seen=SEEN)
    for reason in ("", "other"):
        done = await sends(desk, f"/interviews/{id}/cancel", reason=reason, seen=to)
        assert done == "done:Votre rendez-vous est annulé."
    assert "Annuler le rendez-vous" not in await shown(desk, f"/interviews/{id}")
    desk.signed_in(COUNSELLOR)
    html = unescape((await desk.get(f"/scheduling/interviews/{id}")).text)
    assert "Raison inconnue (La personne)" in html
    assert "Déplacé par" in html


async def test_a_workshop_that_runs_or_is_over_shows_no_button(desk: Client, known: Visitor, clock: FixedClock) -> None:
    waits = Visitor()
    await react(desk.store, [waits.registered()])
    seat, entry = await signed_up(desk.store, known, waits)
    desk.signed_in(visitor(known.subject_ref))
    for at in (NEXT_MONDAY + timedelta(hours=1), NEXT_MONDAY + timedelta(days=8)):  # the first session runs; all over
        clock.now = at
        assert f"/seats/{seat}/leave" not in await shown(desk, f"/seats/{seat}")
        assert f"/seats/{seat}" not in await shown(desk, "")
    assert "Cet atelier est terminé." in await shown(desk, f"/seats/{seat}")
    clock.now = NEXT_MONDAY + timedelta(days=1)  # between the sessions
    assert f"/seats/{seat}/leave" in await shown(desk, f"/seats/{seat}")
    async with desk.store.work() as work:
        workshop = (await work.session.get_one(Seat, entry)).workshop_id
        (await work.session.get_one(Workshop, workshop)).status = "finished"
    desk.signed_in(visitor(waits.subject_ref))
    assert f"/seats/{entry}/leave" not in await shown(desk, f"/seats/{entry}")
    assert f"/seats/{entry}" not in await shown(desk, "")


async def test_a_workshop_is_left_on_its_page(desk: Client, known: Visitor) -> None:
    (seat,) = await signed_up(desk.store, known)
    desk.signed_in(visitor(known.subject_ref))
    assert "Annuler mon inscription" in await shown(desk, f"/seats/{seat}")
    assert await sends(desk, f"/seats/{seat}/leave") == "done:Votre inscription à l’atelier est annulée."
    assert "Inscription annulée" in await shown(desk, f"/seats/{seat}")
