"""An intake that was restored from an older backup brings no ended link and no withdrawn consent back."""

from uuid import UUID, uuid4

import pytest

from services.chassis.events.restoring import Seen, Undecided, open_epoch
from services.chassis.storage.store import Store
from services.contracts.intake import VisitorConsentWithdrawn, VisitorLinkChanged
from services.contracts.persons import VisitorMerged, VisitorSeparated
from services.intake.actions import consent, devices, links, merging, people
from services.intake.actions.references import references_of
from services.intake.actions.restoring import restore
from services.intake.domain import links as rules
from services.intake.domain.devices import DeviceKind
from services.intake.store import Centre, PersonalLink, Visitor, link_with
from tests.givens.backups import backup_of, put_back
from tests.givens.events import emitted_events
from tests.givens.intake import LIEGE_DESK, walks_in


async def registered(store: Store, name: str) -> tuple[UUID, UUID]:
    """A visitor with a personal link whose PIN is chosen; returns both references."""
    visit = uuid4()
    async with store.work() as work:
        await walks_in(work, visit)
    async with store.work() as work:
        visitor = await people.register_visitor(
            work,
            visit,
            given_name=name,
            family_name="Démonstration",
            contact=None,
            language="fr",
            purposes=["guidance", "plan"],
            recorded_by="test",
        )
    link = await linked(store, visitor.id)
    async with store.work() as work:
        await links.choose_pin(work, link, "00$00", None, 12)
    return visitor.id, link


async def linked(store: Store, person: UUID) -> UUID:
    async with store.work() as work:
        secret = await links.create_link(work, person, "test/desk")
    async with store.read() as session:
        link = await link_with(session, rules.digest(secret))
    assert link is not None
    return link.id


async def current(store: Store, person: UUID, link: UUID) -> tuple[UUID | None, bool]:
    """The visitor's current link, and whether this link was ended."""
    async with store.read() as session:
        visitor, one = await session.get(Visitor, person), await session.get(PersonalLink, link)
    assert visitor is not None
    return visitor.link_id, one is not None and one.ended_at is not None


async def test_what_was_ended_after_the_backup_stays_ended(store: Store) -> None:
    ada, old = await registered(store, "Ada")
    bea, kept = await registered(store, "Béa")
    cleo, _ = await registered(store, "Cléo")
    without_pin = await linked(store, cleo)
    backup = await backup_of(store)
    await linked(store, ada)
    async with store.work() as work:
        await links.choose_pin(work, without_pin, "00$00", None, 12)
        await consent.withdraw_consent(work, bea, ["plan"], "test")
    seen = await put_back(store, backup)
    opened = await open_epoch(store, seen, restore)

    assert opened.ended == {"links": 2, "consents": 1, "devices": 0, "merged": 0}
    assert await current(store, ada, old) == (None, True)
    assert await current(store, bea, kept) == (kept, False)
    assert await current(store, cleo, without_pin) == (None, True), "who printed it could choose a PIN"
    async with store.read() as session:
        assert [one.purpose for one in await consent.consents_in_force(session, bea)] == ["guidance"]
    assert [one.link_id for one in (await emitted_events(store, VisitorLinkChanged))[-2:]] == [None, None]
    assert (await emitted_events(store, VisitorConsentWithdrawn))[-1].in_force == ("guidance",)


async def test_without_the_topic_every_link_and_device_ends(store: Store) -> None:
    ada, link = await registered(store, "Ada")
    async with store.work() as work:
        centre = await work.session.get_one(Centre, "liege")
        await devices.enrol(work, uuid4(), centre, DeviceKind.DESK, by="test", wants_key=False)
    kept = Seen(keep_unconfirmed=True)
    assert (await open_epoch(store, kept, restore)).ended == {"links": 1, "consents": 0, "devices": 1, "merged": 0}
    assert await current(store, ada, link) == (None, True)


async def test_without_the_topic_an_operator_decides_on_consents(store: Store) -> None:
    """Who withdrew them since the backup is not known: they are in force only if someone says so."""
    ada, link = await registered(store, "Ada")
    with pytest.raises(Undecided) as asked:
        await open_epoch(store, Seen(), restore)
    assert asked.value.persons == 1
    assert await current(store, ada, link) == (link, False), "nothing was changed"
    opened = await open_epoch(store, Seen(keep_unconfirmed=False), restore)
    assert opened.ended == {"links": 1, "consents": 1, "devices": 0, "merged": 0}
    async with store.read() as session:
        assert await consent.consents_in_force(session, ada) == []


async def test_who_was_merged_or_separated_after_the_backup_still_is(store: Store) -> None:
    ada, bea, cleo, dora = [(await registered(store, name))[0] for name in ("Ada", "Béa", "Cléo", "Dora")]
    await merged(store, cleo, dora)
    backup = await backup_of(store)
    late, _ = await registered(store, "Zoé")
    await merged(store, ada, bea)
    async with store.work() as work:
        await merging.separate(work, cleo, LIEGE_DESK)
    await merged(store, dora, late)
    opened = await open_epoch(store, await put_back(store, backup), restore)
    assert opened.ended["merged"] == 3
    async with store.read() as session:
        groups = [await references_of(session, ref) for ref in (ada, cleo, dora)]
    assert groups == [(bea, ada), (cleo,), (dora,)]
    last = (await emitted_events(store, VisitorSeparated))[-1]
    assert last.subject_ref == dora, "nobody is known here with whom she was merged"


@pytest.mark.parametrize("merged_before", [0, 1])
async def test_a_chain_separates_again_as_before_the_restore(store: Store, merged_before: int) -> None:
    """A into B, and then B into C: B and C are separated, and A is B's as it was."""
    ada, bea, cleo = [(await registered(store, name))[0] for name in ("Ada", "Béa", "Cléo")]
    backup = await backup_of(store)
    for step, (alias, kept) in enumerate(((ada, bea), (bea, cleo)), 1):
        await merged(store, alias, kept)
        if step == merged_before:
            backup = await backup_of(store)
    emitted = len(await emitted_events(store, VisitorMerged))
    await open_epoch(store, await put_back(store, backup), restore)
    assert len(await emitted_events(store, VisitorMerged)) <= emitted, "the others have them"
    for ref, groups in ((bea, [(bea, ada), (bea, ada), (cleo,)]), (ada, [(ada,), (bea,), (cleo,)])):
        async with store.work() as work:
            await merging.separate(work, ref, LIEGE_DESK)
        async with store.read() as session:
            assert [await references_of(session, one) for one in (ada, bea, cleo)] == groups


async def test_of_a_chain_to_who_is_unknown_the_known_part_stays(store: Store) -> None:
    ada, bea = [(await registered(store, name))[0] for name in ("Ada", "Béa")]
    backup = await backup_of(store)
    late, _ = await registered(store, "Zoé")
    await merged(store, ada, bea)
    await merged(store, bea, late)
    await open_epoch(store, await put_back(store, backup), restore)
    async with store.read() as session:
        assert [await references_of(session, ref) for ref in (ada, bea)] == [(bea, ada)] * 2
    assert (await emitted_events(store, VisitorSeparated))[-1].subject_ref == bea
    last = (await emitted_events(store, VisitorMerged))[-1]
    assert (last.subject_ref, last.kept_ref) == (ada, bea), "the others know of another one"


async def test_what_one_withdrew_before_the_merge_stays_given_under_the_other(store: Store) -> None:
    ada, bea = [(await registered(store, name))[0] for name in ("Ada", "Béa")]
    backup = await backup_of(store)
    async with store.work() as work:
        await consent.withdraw_consent(work, ada, ["plan"], "test")
    await merged(store, ada, bea)
    await open_epoch(store, await put_back(store, backup), restore)
    async with store.read() as session:
        in_force = [[one.purpose for one in await consent.consents_in_force(session, ref)] for ref in (ada, bea)]
    assert in_force == [["guidance"], ["guidance", "plan"]]


async def merged(store: Store, alias: UUID, kept: UUID) -> None:
    async with store.work() as work:
        await merging.merge(work, alias, kept, LIEGE_DESK)
