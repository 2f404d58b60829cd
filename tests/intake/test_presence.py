"""Participants record their arrival with the code on the screen of a workshop's session."""

import re
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.identity.people import visitor
from services.chassis.refusals import Refused
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.queue import VisitorArrived
from services.contracts.scheduling import SeatReleased, Side, WorkshopCancelled
from services.intake.actions import presence
from services.intake.actions.presence import arrive_here
from services.intake.reactions import reactions
from services.intake.store import Visit
from services.intake.store.appointments import Appointment, WorkshopSession
from tests.givens.appointments import TEN, appointment, booked, expects, registered, workshop_with
from tests.givens.events import emitted_events, react_to
from tests.givens.intake import MONDAY

SOON = TEN - timedelta(minutes=20)


async def session_of(store: Store, workshop: UUID) -> UUID:
    async with store.read() as session:
        mine = sa.select(WorkshopSession).where(col(WorkshopSession.workshop_id) == workshop)
        found = await session.scalar(mine.order_by(col(WorkshopSession.starts_at)).limit(1))
        assert found is not None
        return found.id


async def arrives(store: Store, session_id: UUID, *refs: UUID, typed: str | None = None) -> Visit:
    async with store.work() as work:
        return (await arrive_here(work, session_id, refs=refs, typed=typed))[0]


async def refused(store: Store, session_id: UUID, *refs: UUID, typed: str | None = None) -> str:
    with pytest.raises(Refused) as refusal:
        await arrives(store, session_id, *refs, typed=typed)
    return refusal.value.slug


async def code_of(store: Store, id: UUID) -> str:
    known = await appointment(store, id)
    assert known is not None
    return known.code


async def test_by_link_or_code_each_arrives_once_without_a_ticket(store: Store, clock: FixedClock) -> None:
    one, other = await registered(store), await registered(store, "Zoé Lambert")
    workshop, (_first, second) = await workshop_with(store, one, other)
    session = await session_of(store, workshop)
    clock.now = SOON
    mine = await arrives(store, session, one)
    assert (mine.ticket, mine.subject_ref) == (None, one)
    theirs = await arrives(store, session, typed=await code_of(store, second))
    assert theirs.subject_ref == other
    assert (await arrives(store, session, one)).id == mine.id, "a second press, and a replay, is the same arrival"
    said = await emitted_events(store, VisitorArrived)
    assert {(one.session_id, one.visit_id) for one in said} == {(session, mine.id), (session, theirs.id)}


async def test_only_who_has_a_place_in_this_session_arrives(store: Store, clock: FixedClock) -> None:
    one, left, elsewhere = [await registered(store, name) for name in ("Zoé Un", "Zoé Deux", "Zoé Trois")]
    workshop, (_mine, gone) = await workshop_with(store, one, left)
    _other, (theirs,) = await workshop_with(store, elsewhere)
    await expects(store, interview := booked(elsewhere))
    session = await session_of(store, workshop)
    clock.now = SOON
    code = await code_of(store, gone)
    known = await appointment(store, gone)
    assert known is not None
    assert known.seat_id is not None
    free = SeatReleased(workshop_id=workshop, seat_id=known.seat_id, centre="liege", at=SOON, cancelled_by=Side.VISITOR)
    await react_to(store, reactions, [free])
    assert await refused(store, session, left) == "no-place-here"
    assert await refused(store, session) == "no-place-here"
    assert await refused(store, session, elsewhere) == "no-place-here", "of another workshop at the same time"
    for typed in (code, await code_of(store, theirs), await code_of(store, interview.interview_id), "12", "Zoé"):
        assert await refused(store, session, typed=typed) == "no-code-of-this-session"
    assert await emitted_events(store, VisitorArrived) == []


async def test_before_after_and_once_cancelled_nobody_arrives(store: Store, clock: FixedClock) -> None:
    one = await registered(store)
    workshop, _places = await workshop_with(store, one)
    session = await session_of(store, workshop)
    clock.now = TEN - timedelta(minutes=45, seconds=1)
    assert await refused(store, session, one) == "presence-not-yet"
    clock.now = TEN + timedelta(hours=2)
    assert await refused(store, session, one) == "presence-over"
    clock.now = SOON
    cancelled = WorkshopCancelled(workshop_id=workshop, centre="liege", at=MONDAY, reason="ill")
    await react_to(store, reactions, [cancelled])
    assert await refused(store, session, one) == "presence-code-expired"


async def test_the_screen_shows_a_code_that_opens_the_page_and_gets_old(
    client: Client, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await registered(client.store, "Zoé Lambert")
    workshop, (place,) = await workshop_with(client.store, one)
    session = await session_of(client.store, workshop)
    screen = f"/intake/sessions/{session}/code"
    assert "<img" not in (await client.get(f"{screen}/part")).text, "not before"
    clock.now = SOON
    html = unescape((await client.get(screen)).text)
    assert 'src="data:image/svg+xml' in html
    assert "Zoé" not in html
    assert "0 sur 1" in html
    address = presence.presence_address(client.process.signer, "", session)
    opened = await client.get(address)
    assert opened.status_code == 200
    assert await emitted_events(client.store, VisitorArrived) == [], "opening an address changes nothing"
    wrong = await client.post(address, data={"code": "0000000000"}, headers={"accept": "text/html"})
    assert wrong.status_code == 422
    assert "Ce code n’est pas de cet atelier" in unescape(wrong.text)
    done = await client.post(
        address, data={"code": await code_of(client.store, place)}, headers={"accept": "text/html"}
    )
    assert "Votre arrivée est notée" in unescape(done.text)
    assert not re.search("Zoé|Lambert", unescape(done.text))
    assert "1 sur 1" in unescape((await client.get(f"{screen}/part")).text)
    again = await client.post(
        address, data={"code": await code_of(client.store, place)}, headers={"accept": "text/html"}
    )
    assert again.status_code == 200, "a second press, or the same address again"
    assert len(await emitted_events(client.store, VisitorArrived)) == 1
    changed = f"{address[:-1]}{'A' if address[-1] != 'A' else 'B'}"
    assert (await client.get(changed)).status_code == 409
    monkeypatch.setattr(presence, "VALID", -1)
    assert (await client.get(address)).status_code == 409, "too old"
    async with client.store.read() as read:
        assert (await read.get_one(Appointment, place)).arrived_at is not None


async def test_an_open_personal_link_needs_no_code_and_one_without_a_place_asks_for_it(
    client: Client, clock: FixedClock
) -> None:
    one, other, guest = [await registered(client.store, name) for name in ("Zoé Un", "Zoé Deux", "Zoé Trois")]
    workshop, (_mine, place) = await workshop_with(client.store, one, other)
    session = await session_of(client.store, workshop)
    clock.now = SOON
    address, html = presence.presence_address(client.process.signer, "", session), {"accept": "text/html"}
    client.signed_in(visitor(one))
    assert 'name="code"' not in (await client.get(address)).text
    assert "Votre arrivée est notée" in unescape((await client.post(address, data={}, headers=html)).text)
    client.signed_in(visitor(guest))
    refusal = await client.post(address, data={}, headers=html)
    assert refusal.status_code == 422
    assert "Vous n’avez pas de place dans cet atelier" in unescape(refusal.text)
    assert 'name="code"' in refusal.text, "two people share a telephone"
    assert (await client.post(address, data={"code": await code_of(client.store, place)}, headers=html)).is_success
    said = await emitted_events(client.store, VisitorArrived)
    assert len({(one.session_id, one.visit_id) for one in said}) == 2
    async with client.store.read() as read:
        came = await read.scalars(sa.select(Appointment).where(col(Appointment.arrived_at).is_not(None)))
        assert {row.subject_ref for row in came} == {one, other}


async def test_a_cancelled_workshop_has_no_page_for_arrivals(client: Client, clock: FixedClock) -> None:
    workshop, _places = await workshop_with(client.store, await registered(client.store))
    session = await session_of(client.store, workshop)
    clock.now = SOON
    address = presence.presence_address(client.process.signer, "", session)
    await react_to(
        client.store, reactions, [WorkshopCancelled(workshop_id=workshop, centre="liege", at=MONDAY, reason="ill")]
    )
    for answer in (await client.get(address), await client.post(address, data={})):
        assert answer.status_code == 409
    assert (await client.get(f"/intake/sessions/{session}/code")).status_code == 404
