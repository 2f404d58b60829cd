"""The personal link of a person who was registered twice: the desk and messages find it, under whichever reference."""

import re
from datetime import datetime, timedelta
from html import unescape
from uuid import UUID, uuid4

import sqlalchemy as sa

from services.chassis.mail.messages import Letter
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.intake.actions import consent, links
from services.intake.actions.letters import Letters
from services.intake.domain.links import LINK_VALID, LinkState, digest, hash_pin
from services.intake.store import PersonalLink, Visitor, link_with
from services.intake.store.messages import Message
from tests.givens.intake import walks_in
from tests.intake.test_letters import person_with, queued
from tests.intake.test_merging import merge, separate
from tests.intake.test_persons import PAGE, registered

PIN = "839517"


async def linked(store: Store, ref: UUID, *, pin: bool = True) -> PersonalLink:
    """A new personal link, whose PIN is chosen."""
    async with store.work() as work:
        secret = await links.create_link(work, ref, "test/desk-liege")
    async with store.work() as work:
        link = await link_with(work.session, digest(secret))
        assert link is not None
        link.pin = hash_pin(PIN) if pin else None
    return link


async def retained(store: Store, ref: UUID, until: datetime) -> None:
    async with store.work() as work:
        (await work.load(Visitor, ref)).retain_until = until


async def link_of(store: Store, clock: FixedClock, ref: UUID) -> UUID | None:
    async with store.read() as session:
        found = await links.link_of_person(session, ref, clock())
    return found.id if found is not None else None


async def test_the_link_that_works_is_found_under_either_reference(store: Store, clock: FixedClock) -> None:
    older, newer = await registered(store, "Ada", "Petit"), await registered(store, "Béa", "Grand")
    first = await linked(store, older)
    clock.forward(minutes=1)
    without_pin = await linked(store, newer, pin=False)
    assert await link_of(store, clock, newer) == without_pin.id
    await merge(store, older, newer)
    assert [await link_of(store, clock, ref) for ref in (older, newer)] == [first.id] * 2, "it has its PIN"
    clock.forward(minutes=1)
    second = await linked(store, older)
    assert [await link_of(store, clock, ref) for ref in (older, newer)] == [second.id] * 2
    await separate(store, older)
    assert await link_of(store, clock, newer) == without_pin.id, "which is ended: the desk makes a new one"


async def test_a_new_link_is_valid_as_long_as_the_longest_retention(store: Store, clock: FixedClock) -> None:
    older, newer = await registered(store, "Ada", "Petit"), await registered(store, "Béa", "Grand")
    await retained(store, older, clock() - timedelta(days=1))
    await retained(store, newer, clock() + timedelta(days=7))
    await merge(store, older, newer)
    assert (await linked(store, older)).expires_at == clock() + timedelta(days=7)
    await retained(store, newer, clock() + LINK_VALID * 2)
    assert (await linked(store, older)).expires_at == clock() + LINK_VALID


async def test_a_message_about_an_aliass_appointment_has_the_link_of_the_person(client: Client) -> None:
    store = client.store
    alias, kept = await person_with(store, "alias@example.org"), await person_with(store, "kept@example.org")
    await merge(store, alias, kept)
    link = await linked(store, kept)
    await queued(store, alias)
    async with store.read() as session:
        row = (await session.scalars(sa.select(Message))).one()
    letter = await Letters(store, client.process.settings).compose(row)
    assert isinstance(letter, Letter)
    assert letter.recipient == "alias@example.org"
    [secret] = re.findall(r"/intake/l/(\S+)", letter.body)
    async with store.read() as session:
        found = await links.link_at(session, client.process.signer, secret)
    assert found is not None
    assert found.id == link.id


async def test_the_desk_sees_and_opens_the_link_of_the_other_registration(client: Client) -> None:
    store = client.store
    client.headers.update(PAGE)
    alias, kept = await registered(store, "Ada", "Petit"), await registered(store, "Béa", "Grand")
    visit = await visit_of(store, kept)
    link = await linked(store, alias)
    page = f"/intake/visits/{visit}"
    assert "pas de lien personnel valable" in unescape((await client.get(page)).text)
    assert (await client.get(f"{page}/plan")).status_code == 404
    await merge(store, alias, kept)
    shown = unescape((await client.get(page)).text)
    assert ("pas de lien personnel valable" in shown, f"{page}/plan" in shown) == (False, True)
    assert f'name="replaces" value="{link.id}"' in shown
    api = f"/intake/api/v1/visitors/{kept}/link"
    client.headers["accept"] = "application/json"
    assert (await client.get(api)).json()["state"] == LinkState.USABLE
    client.headers.update(PAGE)
    opened = await client.post(f"{page}/plan", data={"pin": PIN})
    assert (opened.status_code, opened.headers["location"].partition("?")[0]) == (303, "/intake/mine")


async def test_the_sheet_promises_a_plan_that_is_the_other_registrations(client: Client) -> None:
    store = client.store
    client.headers.update(PAGE)
    alias, kept = await registered(store, "Ada", "Petit"), await registered(store, "Béa", "Grand")
    async with store.work() as work:
        await consent.give_consent(work, kept, ["guidance"], "test")
        await consent.withdraw_consent(work, kept, ["plan"], "test")
    page, promise = f"/intake/visits/{await visit_of(store, kept)}/link", "This link opens your career plan."
    assert promise not in (await client.post(page)).text
    await merge(store, alias, kept)
    link = re.findall(r'name="replaces" value="([^"]+)"', (await client.get(page.removesuffix("/link"))).text)
    assert promise in (await client.post(page, data={"replaces": link[0]})).text


async def visit_of(store: Store, ref: UUID) -> UUID:
    async with store.work() as work:
        visit = await walks_in(work, uuid4())
        visit.subject_ref = ref
    return visit.id
