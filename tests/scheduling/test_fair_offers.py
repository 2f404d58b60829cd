"""Nobody gets a seat past those who wait, or two of them, and no page says otherwise."""

import re
from datetime import timedelta

import pytest

from services.chassis.identity.people import visitor
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.offers import SeatOffered
from services.contracts.persons import VisitorMerged
from services.scheduling.actions import seats
from services.scheduling.actions.offers import offers_go_on
from services.scheduling.domain import refusals
from services.scheduling.store import Seat
from tests.givens.events import emitted_events
from tests.givens.scheduling import MONDAY, NADIA, Visitor, react
from tests.scheduling.test_offers import (
    IN_A_WEEK,
    TWO_DAYS,
    accept,
    counts,
    decline,
    full_workshop,
    page,
    press,
    release,
    states,
)


async def test_nobody_takes_a_seat_by_waiting_again_once_the_workshop_has_begun(
    store: Store, clock: FixedClock
) -> None:
    workshop, people, entries = await full_workshop(store, 2, places=2)
    await release(store, workshop, entries[0])
    clock.forward(hours=48)
    await offers_go_on(store, TWO_DAYS)
    clock.now = IN_A_WEEK + timedelta(days=1)
    with pytest.raises(refusals.SessionHasBegun):
        async with store.work() as work:
            await seats.wait_again(work, entries[2], [people[2].subject_ref], answer=TWO_DAYS)
    await offers_go_on(store, TWO_DAYS)
    assert await states(store, entries) == ["released", "taken", "expired", "expired"]
    assert await counts(store, workshop) == (1, 0)


async def test_a_person_with_a_seat_accepts_no_second_one_and_sees_what_they_have(desk: Client) -> None:
    workshop, people, entries = await full_workshop(desk.store, 1, places=2)
    kept, alias = people[1], people[2]
    await react(desk.store, [VisitorMerged(subject_ref=alias.subject_ref, kept_ref=kept.subject_ref, at=MONDAY)])
    await release(desk.store, workshop, entries[0])
    both = [kept.subject_ref, alias.subject_ref]
    for refs in (both, None):
        with pytest.raises(refusals.DoubleSeat):
            await accept(desk.store, entries[2], refs)
    assert await states(desk.store, entries) == ["released", "taken", "offered"]
    desk.signed_in(visitor(kept.subject_ref, frozenset({alias.subject_ref})))
    html = await page(desk, "/scheduling/mine/part")
    assert all(f"/scheduling/mine/seats/{entry}" in html for entry in entries[1:]), "the seat and the offer"
    await decline(desk.store, entries[2], both)
    html = await page(desk, "/scheduling/mine/part")
    assert f"/scheduling/mine/seats/{entries[1]}" in html
    assert f"/scheduling/mine/seats/{entries[2]}" not in html, "who has a seat need not wait again"


async def badges(desk: Client) -> list[str]:
    """What the team reads of a workshop's places in the list, and in the calendar of a day and of a month."""
    day = f"{IN_A_WEEK:%Y-%m-%d}"
    pages = ("/scheduling/workshops", *(f"/scheduling/agenda?view={view}&date={day}" for view in ("day", "month")))
    found = [re.findall("Places libres|Complet", await page(desk, one)) for one in pages]
    assert all(found), "each says it"
    return [word for words in found for word in words]


async def test_the_team_gives_a_free_seat_to_the_first_who_waits_behind_an_offer(
    desk: Client, clock: FixedClock
) -> None:
    workshop, _people, entries = await full_workshop(desk.store, 2, places=2)
    here = f"/scheduling/workshops/{workshop}"
    clock.now = IN_A_WEEK - timedelta(hours=3)
    await release(desk.store, workshop, entries[0])  # offered until 9:00, an hour before the start
    clock.now = IN_A_WEEK - timedelta(minutes=90)
    await release(desk.store, workshop, entries[1])
    assert await states(desk.store, entries) == ["released", "released", "offered", "waitlisted"]
    html = await page(desk, here)
    assert "Places libres" not in html, "nobody passes those who wait"
    assert [word for word in await badges(desk) if word != "Complet"] == []
    assert 'name="waitlist"' in html
    for entry in entries[2:]:
        assert f"{here}/seats/{entry}/accept" in html
        assert (await press(desk, f"{here}/seats/{entry}/accept")).startswith("done:")
    assert await states(desk.store, entries) == ["released", "released", "taken", "taken"]


async def test_a_seat_nobody_waits_for_is_free_also_beside_an_offer(desk: Client) -> None:
    workshop, _people, entries = await full_workshop(desk.store, 1, places=2)
    newcomer = Visitor()
    await react(desk.store, [newcomer.registered()])
    for entry in entries[:2]:
        await release(desk.store, workshop, entry)
    here = f"/scheduling/workshops/{workshop}"
    html = await page(desk, here)
    assert 'name="waitlist"' not in html
    assert "Places libres" in html
    assert set(await badges(desk)) == {"Places libres"}
    assert (await press(desk, f"{here}/seats", person=str(newcomer.subject_ref))).startswith("done:")
    assert await states(desk.store, entries) == ["released", "released", "offered"]
    assert await counts(desk.store, workshop) == (1, 1)


async def test_a_declined_workshop_is_never_the_next_appointment(desk: Client) -> None:
    workshop, people, entries = await full_workshop(desk.store, 1)
    await release(desk.store, workshop, entries[0])
    await decline(desk.store, entries[1])
    desk.signed_in(visitor(people[1].subject_ref))
    html = await page(desk, "/scheduling/mine/part")
    assert f"/scheduling/mine/seats/{entries[1]}" in html
    assert "coming-mark" not in html
    _later, _people, others = await full_workshop(desk.store, 0, at=IN_A_WEEK + timedelta(days=1))
    async with desk.store.work() as work:
        (await work.session.get_one(Seat, others[0])).subject_ref = people[1].subject_ref
    html = await page(desk, "/scheduling/mine/part")
    assert html.index("coming-mark") < html.index(str(others[0])) < html.index(str(entries[1]))


async def test_an_offer_ends_in_time_for_another_when_the_workshop_is_moved_earlier(desk: Client) -> None:
    workshop, _people, entries = await full_workshop(desk.store, 1)
    await release(desk.store, workshop, entries[0])
    url = f"/scheduling/api/v1/workshops/{workshop}"
    known = (await desk.get(url)).json()
    sessions = [{name: one[name] for name in ("id", "starts_at", "minutes")} for one in known["sessions"]]
    sessions[0]["starts_at"] = (MONDAY + timedelta(hours=27)).isoformat()
    body = {"title": "Oser", "counsellor": NADIA, "seats": 1, "sessions": sessions, "outside_usual_hours": True}
    answer = await desk.put(url, json=body)
    assert answer.status_code == 200, answer.text
    first, again = await emitted_events(desk.store, SeatOffered)
    assert (first.seat_id, first.until) == (entries[1], MONDAY + TWO_DAYS)
    assert (again.seat_id, again.until) == (entries[1], MONDAY + timedelta(hours=24)), "half of what is left, by day"
    async with desk.store.read() as session:
        assert (await session.get_one(Seat, entries[1])).offer_until == again.until
