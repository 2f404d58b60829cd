"""A free seat of a full workshop is offered to the first who waits, for a time, on both stores and on the pages."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from html import unescape
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.chassis.identity.people import visitor
from services.chassis.refusals import NotFound
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.offers import OfferEnd, SeatOffered, SeatOfferEnded
from services.contracts.scheduling import SeatReleased, SeatTaken, Side
from services.contracts.workshops import WaitlistEnded
from services.scheduling.actions import own, seats, workshops
from services.scheduling.actions.offers import offers_go_on
from services.scheduling.domain import refusals
from services.scheduling.domain.offers import answer_until, is_over
from services.scheduling.domain.rules import CancelReason
from services.scheduling.store import Seat, Workshop
from services.scheduling.store.offers import places_left
from tests.givens.events import emitted_events
from tests.givens.patience import patiently
from tests.givens.scheduling import COUNSELLOR, ELSEWHERE, LIEGE, MONDAY, NADIA, Visitor, react

TWO_DAYS = timedelta(hours=48)
IN_A_WEEK = MONDAY + timedelta(days=8, hours=1)
"""Tuesday, 10:00 in Liège."""
BRUSSELS = ZoneInfo("Europe/Brussels")


async def full_workshop(
    store: Store, waiting: int, *, places: int = 1, at: datetime = IN_A_WEEK
) -> tuple[UUID, list[Visitor], list[UUID]]:
    """A workshop with all seats taken, and so many who wait. Its people and their entries, in order."""
    people = [Visitor() for _ in range(places + waiting)]
    await react(store, [one.registered() for one in people], in_one_batch=True)
    async with store.work() as work:
        made = await workshops.announce(
            work,
            centre=LIEGE,
            area=None,
            title="Oser changer de métier",
            counsellor=NADIA,
            room=None,
            seats=places,
            sessions=[(at, 120), (at + timedelta(days=7), 120)],
        )
    entries: list[UUID] = []
    for one in people:
        async with store.work() as work:
            entry = await seats.take_seat(work, made.id, one.subject_ref, waitlist=True, answer=TWO_DAYS)
        entries.append(entry.id)
    return made.id, people, entries


async def release(store: Store, workshop: UUID, seat: UUID, by: Side = Side.VISITOR) -> Seat | None:
    async with store.work() as work:
        row = await work.load(Workshop, workshop)
        return await seats.release_seat(work, row, seat, by=by, reason="transport", answer=TWO_DAYS)


async def accept(store: Store, seat: UUID, refs: Sequence[UUID] | None = None) -> Seat:
    async with store.work() as work:
        return await seats.accept(work, seat, refs=refs, answer=TWO_DAYS)


async def decline(store: Store, seat: UUID, refs: Sequence[UUID] | None = None) -> Seat:
    async with store.work() as work:
        return await seats.decline(work, seat, by=Side.VISITOR, refs=refs, answer=TWO_DAYS)


async def states(store: Store, entries: Sequence[UUID]) -> list[str]:
    async with store.read() as session:
        return [(await session.get_one(Seat, entry)).status for entry in entries]


async def counts(store: Store, workshop: UUID) -> tuple[int, int]:
    async with store.read() as session:
        row = await session.get_one(Workshop, workshop)
        return row.taken, row.offered


async def test_a_free_seat_is_kept_for_the_first_who_waits(store: Store) -> None:
    workshop, people, entries = await full_workshop(store, 2)
    offered = await release(store, workshop, entries[0])
    assert offered is not None
    assert offered.id == entries[1]
    assert await states(store, entries) == ["released", "offered", "waitlisted"]
    (event,) = await emitted_events(store, SeatOffered)
    assert (event.subject_ref, event.until) == (people[1].subject_ref, MONDAY + TWO_DAYS)
    assert len(await emitted_events(store, SeatTaken)) == 1, "nobody has it yet"
    newcomer = Visitor()
    await react(store, [newcomer.registered()])
    with pytest.raises(refusals.WorkshopFull):
        async with store.work() as work:
            await seats.take_seat(work, workshop, newcomer.subject_ref, answer=TWO_DAYS)
    taken = await accept(store, entries[1], [people[1].subject_ref])
    assert taken.path_id is not None
    assert (await accept(store, entries[1])).path_id == taken.path_id, "accepted again"
    assert await counts(store, workshop) == (1, 0)
    assert len(await emitted_events(store, SeatTaken)) == 2


async def test_an_offer_nobody_answers_goes_on_by_the_job(store: Store, clock: FixedClock) -> None:
    workshop, _people, entries = await full_workshop(store, 3)
    await release(store, workshop, entries[0])
    clock.forward(hours=47, minutes=59)
    assert not await offers_go_on(store, TWO_DAYS)
    assert await states(store, entries) == ["released", "offered", "waitlisted", "waitlisted"]
    clock.forward(minutes=1)
    await offers_go_on(store, TWO_DAYS)
    assert await states(store, entries) == ["released", "expired", "offered", "waitlisted"]
    clock.forward(hours=49)
    await offers_go_on(store, TWO_DAYS)
    assert await states(store, entries) == ["released", "expired", "expired", "offered"]
    assert [one.because for one in await emitted_events(store, SeatOfferEnded)] == [OfferEnd.EXPIRED] * 2
    with pytest.raises(refusals.OfferOver):
        await accept(store, entries[1])


async def test_an_offer_is_over_to_the_second_also_where_no_job_has_run(store: Store, clock: FixedClock) -> None:
    workshop, _people, entries = await full_workshop(store, 2)
    await release(store, workshop, entries[0])
    clock.forward(hours=48)
    with pytest.raises(refusals.OfferOver):
        await accept(store, entries[1])
    await accept(store, entries[2])  # the same press ends the first offer, and makes the second one
    assert await states(store, entries) == ["released", "expired", "taken"]
    assert await counts(store, workshop) == (1, 0)


async def test_a_declined_offer_goes_on_and_who_declined_may_wait_again_at_the_end(store: Store) -> None:
    workshop, people, entries = await full_workshop(store, 2)
    await release(store, workshop, entries[0])
    for _ in range(2):
        await decline(store, entries[1], [people[1].subject_ref])
    assert await states(store, entries) == ["released", "declined", "offered"]
    (ended,) = await emitted_events(store, SeatOfferEnded)
    assert (ended.because, ended.ended_by, ended.subject_ref) == ("declined", Side.VISITOR, people[1].subject_ref)
    again: list[UUID] = []
    for _ in range(2):
        async with store.work() as work:
            again.append((await seats.wait_again(work, entries[1], [people[1].subject_ref], answer=TWO_DAYS)).id)
    assert again[0] == again[1] != entries[1]
    await decline(store, entries[2])
    assert await states(store, [*entries, again[0]]) == ["released", "declined", "declined", "offered"]


async def test_nobody_answers_for_another_person(store: Store) -> None:
    workshop, people, entries = await full_workshop(store, 2)
    await release(store, workshop, entries[0])
    stranger = [people[2].subject_ref]
    for act in (accept, decline):
        with pytest.raises(NotFound):
            await act(store, entries[1], stranger)
        with pytest.raises(refusals.NothingOffered):
            await act(store, entries[2], stranger)
    async with store.work() as work:
        with pytest.raises(NotFound):
            await seats.wait_again(work, entries[1], stranger, answer=TWO_DAYS)
    assert await states(store, entries) == ["released", "offered", "waitlisted"]


async def test_one_persons_cancellation_is_theirs_alone(store: Store) -> None:
    workshop, people, entries = await full_workshop(store, 1, places=4)
    async with store.work() as work:
        await own.leave(
            work,
            entries[1],
            [people[1].subject_ref],
            notice=timedelta(hours=24),
            reason=CancelReason.TRANSPORT,
            answer=TWO_DAYS,
        )
    await release(store, workshop, entries[3], Side.CENTRE)
    assert await states(store, entries) == ["taken", "released", "taken", "released", "offered"]
    first, second = await emitted_events(store, SeatReleased)
    assert [(one.cancelled_by, one.reason) for one in (first, second)] == [
        (Side.VISITOR, "transport"),
        (Side.CENTRE, "transport"),
    ]
    assert await counts(store, workshop) == (2, 1)


async def test_in_the_last_two_hours_the_team_gives_the_seat_to_the_first_who_waits(
    store: Store, clock: FixedClock
) -> None:
    workshop, people, entries = await full_workshop(store, 2)
    clock.now = IN_A_WEEK - timedelta(hours=1)
    assert await release(store, workshop, entries[0]) is None
    assert await states(store, entries) == ["released", "waitlisted", "waitlisted"]
    with pytest.raises(refusals.NothingOffered):
        await accept(store, entries[2])  # another one waits for longer
    with pytest.raises(refusals.NothingOffered):
        await accept(store, entries[1], [people[1].subject_ref])  # nothing is offered to them
    await accept(store, entries[1])
    assert await states(store, entries) == ["released", "taken", "waitlisted"]


async def test_no_offer_outlives_the_start_and_the_workshop_then_takes_whoever_comes(
    store: Store, clock: FixedClock
) -> None:
    workshop, _people, entries = await full_workshop(store, 1)
    clock.now = IN_A_WEEK - timedelta(hours=10)
    await release(store, workshop, entries[0])
    newcomer = Visitor()
    await react(store, [newcomer.registered()])
    clock.now = IN_A_WEEK
    async with store.work() as work:
        seat = await seats.take_seat(work, workshop, newcomer.subject_ref, answer=TWO_DAYS)
    assert seat.status == "taken"
    assert await states(store, entries) == ["released", "expired"]


async def test_a_cancelled_workshop_and_an_erased_person_take_their_offers_along(store: Store) -> None:
    workshop, people, entries = await full_workshop(store, 2)
    await release(store, workshop, entries[0])
    await react(store, [people[1].erased()])
    await offers_go_on(store, TWO_DAYS)
    assert await states(store, entries) == ["released", "released", "offered"]
    async with store.work() as work:
        await workshops.cancel_workshop(work, await work.load(Workshop, workshop), reason="counsellor-away")
    assert await counts(store, workshop) == (0, 0)
    assert [one.because for one in await emitted_events(store, SeatOfferEnded)] == [OfferEnd.WITHDRAWN]
    assert [one.subject_ref for one in await emitted_events(store, WaitlistEnded)] == [people[2].subject_ref]
    await offers_go_on(store, TWO_DAYS)
    assert await states(store, entries) == ["released", "released", "released"]


async def test_fifty_answers_at_once_give_one_seat(store: Store) -> None:
    workshop, _people, entries = await full_workshop(store, 10)
    await release(store, workshop, entries[0])
    newcomers = [Visitor() for _ in range(10)]
    await react(store, [one.registered() for one in newcomers], in_one_batch=True)

    async def ask(one: Visitor) -> Seat:
        async with store.work() as work:
            return await seats.take_seat(work, workshop, one.subject_ref, answer=TWO_DAYS)

    tries = [partial(accept, store, entry) for entry in entries[1:] for _ in range(4)]
    asks = [partial(ask, one) for one in newcomers]
    answers = await asyncio.gather(*(patiently(one) for one in (*tries, *asks)), return_exceptions=True)
    seated = {answer.id for answer in answers if isinstance(answer, Seat)}
    assert seated == {entries[1]}
    assert {type(one) for one in answers} == {Seat, refusals.NothingOffered, refusals.WorkshopFull}, answers
    assert await counts(store, workshop) == (1, 0)
    assert len(await emitted_events(store, SeatTaken)) == 2


@pytest.mark.parametrize(
    ("now", "first", "until"),
    [
        ("2026-03-02 10:00", "2026-03-10 10:00", "2026-03-04 10:00"),  # the whole time
        ("2026-03-02 10:00", "2026-03-04 10:00", "2026-03-03 10:00"),  # half of what is left
        ("2026-03-02 22:30", "2026-03-10 10:00", "2026-03-05 09:00"),  # not at night
        ("2026-03-02 20:00", "2026-03-03 14:00", "2026-03-03 09:00"),
        ("2026-03-02 20:00", "2026-03-03 08:00", "2026-03-03 08:00"),  # never past the start
        ("2026-03-02 10:00", "2026-03-02 12:00", None),
        ("2026-03-27 12:00", "2026-04-10 10:00", "2026-03-29 13:00"),  # 48 hours, over a change of the clocks
    ],
)
def test_how_long_an_offer_lasts(now: str, first: str, until: str | None) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=BRUSSELS).astimezone(UTC)

    found = answer_until(at(now), at(first), TWO_DAYS, BRUSSELS)
    assert found == (at(until) if until is not None else None)
    if found is not None:
        assert not is_over(found, at(first), at(now))
        assert is_over(found, at(first), found)


async def page(client: Client, path: str) -> str:
    answer = await client.get(path, headers={"accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


async def press(client: Client, path: str, **form: Any) -> str:
    answer = await client.post(path, data=form, headers={"accept": "text/html"})
    assert answer.status_code == 303, answer.text
    client.cookies.delete("cefo-flash")
    return client.flash(answer)


async def test_a_visitor_answers_on_their_page_which_changes_nothing_by_being_read(
    desk: Client, clock: FixedClock
) -> None:
    workshop, people, entries = await full_workshop(desk.store, 2)
    await release(desk.store, workshop, entries[0])
    desk.signed_in(visitor(people[1].subject_ref))
    mine = f"/scheduling/mine/seats/{entries[1]}"
    html = ""
    for _ in range(2):
        html = await page(desk, mine)
        assert f'action="{mine}/accept"' in html
        assert f'action="{mine}/decline"' in html
        assert "mercredi 4 mars 2026" in html
        assert mine in await page(desk, "/scheduling/mine/part")
    assert await states(desk.store, entries) == ["released", "offered", "waitlisted"]
    for other in (people[2].subject_ref, people[0].subject_ref):
        assert str(other)[:8] not in html, "participants never see each other"
    assert "Merci pour votre réponse" in await press(desk, f"{mine}/decline")
    html = await page(desk, mine)
    assert f'action="{mine}/wait"' in html
    assert f'action="{mine}/accept"' not in html
    assert (await press(desk, f"{mine}/accept")).startswith("error:")
    assert (await press(desk, f"{mine}/wait")).startswith("done:")
    desk.signed_in(visitor(people[2].subject_ref))
    mine = f"/scheduling/mine/seats/{entries[2]}"
    clock.forward(hours=48)
    html = await page(desk, mine)  # nothing has run: the page says it all the same
    assert f'action="{mine}/wait"' in html
    assert "le délai de réponse est passé" in html


async def test_the_team_answers_in_their_name_and_sees_who_has_an_offer(desk: Client, clock: FixedClock) -> None:
    workshop, _people, entries = await full_workshop(desk.store, 2)
    here = f"/scheduling/workshops/{workshop}"
    assert "proposée" in await press(
        desk, f"{here}/seats/{entries[0]}/release", cancelled_by="centre", reason="transport"
    )
    html = await page(desk, here)
    assert f"{here}/seats/{entries[1]}/accept" in html
    assert f"{here}/seats/{entries[2]}/accept" not in html
    clock.forward(hours=48)
    html = await page(desk, here)  # no job has run: the page shows it by the clock
    assert f"{here}/seats/{entries[1]}/accept" not in html
    assert f"{here}/seats/{entries[2]}/accept" in html
    assert await states(desk.store, entries) == ["released", "offered", "waitlisted"], "reading changes nothing"
    assert (await press(desk, f"{here}/seats/{entries[2]}/decline")).startswith("done:")
    answer = await desk.get(f"/scheduling/api/v1/workshops/{workshop}")
    assert (answer.json()["offered"], answer.json()["waitlist"]) == (0, [])
    desk.signed_in(ELSEWHERE)
    path = f"/scheduling/api/v1/workshops/{workshop}/seats/{entries[2]}/accept"
    assert (await desk.post(path, json={})).status_code == 404
    desk.signed_in(COUNSELLOR)
    refused = await desk.post(path, json={})
    assert (refused.status_code, "offer-over" in refused.text) == (409, True)


async def test_more_places_go_to_those_who_wait_and_the_public_page_shows_none_meanwhile(desk: Client) -> None:
    workshop, people, entries = await full_workshop(desk.store, 2)
    url, public = f"/scheduling/api/v1/workshops/{workshop}", f"/scheduling/centres/{LIEGE}/workshops"
    made = (await desk.get(url)).json()
    sessions = [{name: one[name] for name in ("id", "starts_at", "minutes")} for one in made["sessions"]]
    newcomer = Visitor()
    await react(desk.store, [newcomer.registered()])
    ask = {"subject_ref": str(newcomer.subject_ref)}
    for seats_now, found, shown, status in (
        (2, ["taken", "offered", "waitlisted"], "Complet.", 409),
        (3, ["taken", "offered", "offered"], "Complet.", 409),
        (4, ["taken", "offered", "offered"], "1 place libre", 201),
    ):
        answer = await desk.put(url, json={"title": "Oser", "seats": seats_now, "sessions": sessions})
        assert answer.status_code == 200, answer.text
        assert await states(desk.store, entries) == found
        assert shown in await page(desk, public)
        assert (await desk.post(f"{url}/seats", json=ask)).status_code == status
    assert len(await emitted_events(desk.store, SeatOffered)) == len(people) - 1


async def test_a_newcomer_can_have_what_nobody_waits_for_by_the_clock(store: Store, clock: FixedClock) -> None:
    async def left(workshop: UUID) -> int:
        async with store.read() as session:
            row = await session.get_one(Workshop, workshop)
            return (await places_left(session, [row], clock.now, TWO_DAYS))[workshop]

    workshop, _people, entries = await full_workshop(store, 1)
    assert await left(workshop) == 0
    clock.now = IN_A_WEEK - timedelta(hours=10)
    await release(store, workshop, entries[0])
    assert await left(workshop) == 0, "it is offered"
    clock.now = IN_A_WEEK - timedelta(minutes=50)
    assert await left(workshop) == 1, "the offer is over, nobody waits and no job has run"
    other, _people, entries = await full_workshop(store, 1, at=IN_A_WEEK + timedelta(hours=3))
    clock.now = IN_A_WEEK + timedelta(hours=2)
    await release(store, other, entries[0])
    assert await left(other) == 0, "one waits, though it is too late for an offer"
    clock.now = IN_A_WEEK + timedelta(hours=3)
    assert await left(other) == 1, "it has begun"
