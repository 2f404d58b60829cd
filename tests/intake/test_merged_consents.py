"""Consents of a person who was registered twice: what they say themselves counts for all that is theirs."""

from html import unescape
from uuid import UUID

import pytest

from services.chassis.identity.people import visitor
from services.chassis.storage.store import Store
from services.chassis.testing import Client
from services.contracts.intake import VisitorConsentGiven, VisitorConsentWithdrawn
from services.intake.actions import consent
from services.intake.actions.messages import agrees
from tests.givens.events import emitted_events
from tests.givens.intake import LIEGE_DESK
from tests.intake.test_letters import mailed, person_with
from tests.intake.test_merging import in_force, merge, separate
from tests.intake.test_persons import PAGE, registered

PARTLY = "ne vaut pas encore pour tous"


async def two(store: Store) -> tuple[UUID, UUID]:
    """Two registrations that consent to the plan; the first one is merged into the second."""
    alias, kept = await registered(store, "Ada", "Petit"), await registered(store, "Béa", "Grand")
    await merge(store, alias, kept)
    return alias, kept


async def test_what_a_visitor_gives_counts_under_every_reference_and_is_published_for_each(store: Store) -> None:
    alias, kept = await two(store)
    for _ in range(2):
        async with store.work() as work:
            await consent.give_own_consent(work, kept, ["plan", "reminders"])
    assert [await in_force(store, ref) for ref in (alias, kept)] == [["plan", "reminders"]] * 2
    given = await emitted_events(store, VisitorConsentGiven)
    assert sorted((one.subject_ref, one.purposes) for one in given) == sorted(
        (ref, ("reminders",)) for ref in (alias, kept)
    )


async def test_withdrawn_and_given_again_it_counts_again_under_both(store: Store) -> None:
    alias, kept = await two(store)
    async with store.work() as work:
        await consent.withdraw_consent(work, alias, ["plan"], f"visitor/{alias}")
    async with store.work() as work:
        await consent.give_own_consent(work, alias, ["plan"])
    assert [await in_force(store, ref) for ref in (alias, kept)] == [["plan"]] * 2


@pytest.mark.parametrize("gave", ["alias", "kept"])
async def test_after_a_separation_nobody_has_consented_for_the_other(store: Store, gave: str) -> None:
    alias, kept = await two(store)
    mine, others = (alias, kept) if gave == "alias" else (kept, alias)
    async with store.work() as work:
        await consent.give_own_consent(work, mine, ["reminders"])
    await separate(store, alias)
    assert await in_force(store, mine) == ["plan", "reminders"]
    assert await in_force(store, others) == ["plan"], "which they gave themselves"
    (withdrawn,) = await emitted_events(store, VisitorConsentWithdrawn)
    assert (withdrawn.subject_ref, withdrawn.purposes) == (others, ("reminders",))


@pytest.mark.parametrize("by", ["the desk", "themselves"])
async def test_after_a_separation_what_they_or_the_desk_recorded_stays(store: Store, by: str) -> None:
    alias, kept = await two(store)
    async with store.work() as work:
        await consent.give_own_consent(work, alias, ["reminders"])
    for _ in range(2):
        async with store.work() as work:
            if by == "the desk":
                await consent.give_consent(work, kept, ["reminders"], "test/desk-liege")
            else:
                await consent.give_own_consent(work, kept, ["reminders"])
    assert await in_force(store, kept) == ["plan", "reminders", "reminders"], "the record has both"
    assert len(await emitted_events(store, VisitorConsentGiven)) == 2, "one for each reference"
    await separate(store, alias)
    assert [await in_force(store, ref) for ref in (alias, kept)] == [["plan", "reminders"]] * 2
    assert await emitted_events(store, VisitorConsentWithdrawn) == []


async def test_the_own_page_says_where_a_consent_is_missing_and_gives_it(client: Client) -> None:
    store = client.store
    client.headers.update(PAGE)
    alias, kept = await two(store)
    async with store.work() as work:
        await consent.give_consent(work, alias, ["reminders"], "test")
    client.signed_in(visitor(kept, frozenset({alias})))
    before = unescape((await client.get("/intake/mine")).text)
    assert (before.count(PARTLY), before.count("Donné en partie")) == (1, 1), "the plan is given under both"
    assert (await client.post("/intake/mine/consents", data={"purpose": "reminders"})).status_code == 303
    assert PARTLY not in unescape((await client.get("/intake/mine")).text)
    assert await in_force(store, kept) == ["plan", "reminders"]
    client.headers["accept"] = "application/json"
    api = f"/intake/api/v1/visitors/{alias}/consents"
    assert (await client.post(api, json={"purposes": ["referral"]})).status_code == 204
    assert await in_force(store, kept) == ["plan", "referral", "reminders"]
    client.signed_in(LIEGE_DESK)
    assert (await client.post(api, json={"purposes": ["guidance"]})).status_code == 204
    assert "guidance" not in await in_force(store, kept), "the desk records it for one registration"


async def test_the_desk_sees_that_the_person_withdrew_under_the_other_reference(client: Client) -> None:
    client.headers.update(PAGE)
    alias, kept = await two(client.store)
    client.signed_in(visitor(alias, frozenset({kept})))
    await client.post("/intake/mine/withdrawals", data={"purpose": "plan"})
    client.signed_in(LIEGE_DESK)
    shown = unescape((await client.get(f"/intake/people/{kept}")).text)
    assert shown.count("Noté par\xa0: la personne") == 2
    assert "Noté par\xa0: l’équipe du centre" not in shown


async def test_messages_are_stopped_only_when_no_reference_gets_any(client: Client) -> None:
    person, _, stop = await mailed(client)
    other = await person_with(client.store, "other@example.org")
    await merge(client.store, person, other)
    async with client.store.work() as work:
        (one,) = [one for one in await consent.consents_in_force(work.session, person) if one.purpose == "reminders"]
        one.withdrawn_at = work.now
    anyone = client.signed_in(None)
    assert "Stop the messages" in (await anyone.get(f"{stop}?lang=en")).text
    assert (await anyone.post(stop, data={})).status_code == 200
    assert "You no longer get messages" in (await anyone.get(f"{stop}?lang=en")).text
    async with client.store.read() as session:
        assert not await agrees(session, other)
