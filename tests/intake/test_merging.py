"""Two registrations of one person are merged, and separated again; erased, exported and kept as one person."""

from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.refusals import NotFound
from services.chassis.service.personal_data import document_of
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.intake import SubjectErased, SubjectSuppressed, VisitorConsentWithdrawn
from services.contracts.persons import VisitorMerged, VisitorSeparated
from services.intake import domain
from services.intake.actions import consent, erasure, links, merging, people, retention
from services.intake.actions.references import groups_of, references_of
from services.intake.actions.searching import search_elsewhere
from services.intake.domain.accesses import Reason
from services.intake.domain.merging import AlreadyOnePerson, MergedWithAnother, SameRegistration
from services.intake.pages.personal_data import PERSONAL_DATA
from services.intake.store import Alias, ErasedSubject, PersonalLink, Visit, Visitor
from services.intake.store.retention import ending_by
from services.intake.store.visits import last_visits
from tests.givens.events import emitted_events
from tests.givens.intake import LIEGE_DESK, NAMUR_DESK
from tests.intake.test_persons import accesses, comes, registered

AT_BOTH = LIEGE_DESK.model_copy(update={"centres": LIEGE_DESK.centres | NAMUR_DESK.centres})


async def merge(store: Store, alias: UUID, kept: UUID) -> UUID:
    async with store.work() as work:
        return await merging.merge(work, alias, kept, LIEGE_DESK)


async def separate(store: Store, alias: UUID) -> None:
    async with store.work() as work:
        await merging.separate(work, alias, LIEGE_DESK)


async def groups(store: Store, *refs: UUID) -> list[tuple[UUID, ...]]:
    async with store.read() as session:
        return [await references_of(session, ref) for ref in refs]


async def three(store: Store) -> tuple[UUID, UUID, UUID]:
    return (
        await registered(store, "Amélie", "Dupré", contact="amelie@example.org"),
        await registered(store, "Amelie", "Dupret-Léonard", distinct_from=await everybody(store)),
        await registered(store, "A.", "Leonard", distinct_from=await everybody(store)),
    )


async def everybody(store: Store) -> list[UUID]:
    async with store.read() as session:
        return list(await session.scalars(sa.select(col(Visitor.id))))


async def test_an_alias_leads_to_the_kept_person_and_both_are_noted_and_published(store: Store) -> None:
    old, new, other = await three(store)
    assert [await merge(store, old, new), await merge(store, old, new)] == [new, new], "sent again"
    assert await groups(store, old, new, other) == [(new, old), (new, old), (other,)]
    assert [(one.subject_ref, one.kept_ref) for one in await emitted_events(store, VisitorMerged)] == [(old, new)]
    noted = [(ref, how) for ref, person, how, _ in await accesses(store) if person == LIEGE_DESK.subject]
    assert sorted(noted) == sorted([(old, "merged"), (new, "merged")])


async def test_a_chain_stays_one_level_and_is_separated_as_it_was(store: Store) -> None:
    a, b, c = await three(store)
    await merge(store, a, b)
    await merge(store, b, c)
    assert await groups(store, a) == [(c, *sorted([a, b]))]
    published = [(one.subject_ref, one.kept_ref) for one in await emitted_events(store, VisitorMerged)]
    assert published[0] == (a, b)
    assert sorted(published[1:]) == sorted([(a, c), (b, c)])
    for _ in range(2):
        await separate(store, b)
        assert await groups(store, a, b, c) == [(b, a), (b, a), (c,)], "a was b's before"
    assert [one.subject_ref for one in await emitted_events(store, VisitorSeparated)] == [b]
    last = (await emitted_events(store, VisitorMerged))[-1]
    assert (last.subject_ref, last.kept_ref) == (a, b)
    await separate(store, a)
    assert await groups(store, a, b, c) == [(a,), (b,), (c,)]
    async with store.read() as session:
        assert (await session.scalars(sa.select(Alias))).all() == []


async def test_what_is_refused_names_its_rule(store: Store) -> None:
    a, b, c = await three(store)
    await merge(store, a, b)
    gone = await registered(store, "Hugo", "Lefèvre")
    async with store.work() as work:
        await erasure.erase_subject(work, gone)
    visit, elsewhere = await comes(store), await registered(store, "Nadia", "Claes", centre="namur")
    silent = await registered(store, "Zoé", "Lambert")
    async with store.work() as work:
        await consent.withdraw_consent(work, silent, ["plan"], "test")
    for alias, kept, refusal in (
        (a, a, SameRegistration),
        (b, a, AlreadyOnePerson),
        (a, c, MergedWithAnother),
        (gone, b, domain.AlreadyErased),
        (c, gone, domain.AlreadyErased),
        (visit, b, domain.VisitNotPerson),
        (uuid4(), b, NotFound),
        (elsewhere, b, NotFound),
        (silent, b, NotFound),
    ):
        with pytest.raises(refusal):
            await merge(store, alias, kept)
    await separate(store, b)
    with pytest.raises(NotFound):
        async with store.work() as work:
            await merging.separate(work, a, NAMUR_DESK)
    assert await groups(store, a, b, c) == [(b, a), (b, a), (c,)]


async def test_registrations_of_two_centres_are_merged_by_who_works_at_both(store: Store) -> None:
    """The link of either opens both: otherwise a known e-mail address would be enough for what another centre knows."""
    here = await registered(store, "Amélie", "Dupré")
    there = await registered(store, "Amélie", "Dupré", centre="namur", contact="amelie@example.org")
    async with store.work() as work:
        await search_elsewhere(work, "amelie@example.org", Reason.HERE, LIEGE_DESK, 5)
    for alias, kept in ((here, there), (there, here)):
        with pytest.raises(NotFound):
            await merge(store, alias, kept)
    async with store.work() as work:
        assert await merging.merge(work, here, there, AT_BOTH) == there
    with pytest.raises(NotFound):
        async with store.work() as work:
            await merging.separate(work, here, NAMUR_DESK)
    await separate(store, here)
    assert await groups(store, here, there) == [(here,), (there,)]


async def test_a_withdrawal_counts_for_both_and_a_consent_for_the_reference_that_gave_it(store: Store) -> None:
    old, new, _ = await three(store)
    async with store.work() as work:
        await consent.give_consent(work, new, ["reminders"], "test")
    await merge(store, old, new)
    assert await in_force(store, old) == ["plan"], "nothing is extended by the merge"
    async with store.work() as work:
        await consent.give_consent(work, old, ["referral"], "test")
    assert await in_force(store, new) == ["plan", "reminders"]
    async with store.work() as work:
        await consent.withdraw_consent(work, old, ["plan"], "test")
    assert (await in_force(store, old), await in_force(store, new)) == (["referral"], ["reminders"])
    withdrawn = await emitted_events(store, VisitorConsentWithdrawn)
    assert {(one.subject_ref, one.purposes) for one in withdrawn} == {(old, ("plan",)), (new, ("plan",))}


async def in_force(store: Store, ref: UUID) -> list[str]:
    async with store.read() as session:
        return [one.purpose for one in await consent.consents_in_force(session, ref)]


@pytest.mark.parametrize("which", ["alias", "kept"])
async def test_the_erasure_of_either_takes_both(store: Store, which: str) -> None:
    old, new, other = await three(store)
    await merge(store, old, new)
    async with store.work() as work:
        await erasure.erase_subject(work, old if which == "alias" else new)
    async with store.read() as session:
        assert set(await session.scalars(sa.select(col(ErasedSubject.subject_ref)))) == {old, new}
        assert list(await session.scalars(sa.select(col(Visitor.id)))) == [other]
        assert (await session.scalars(sa.select(Alias))).all() == []
        assert {one.subject_ref for one in await session.scalars(sa.select(Visit))} == {None, other}
    for kind in (SubjectErased, SubjectSuppressed):
        assert sorted(one.subject_ref for one in await emitted_events(store, kind)) == sorted([old, new])


async def test_who_is_on_the_suppression_list_alone_is_erased_alone(store: Store, clock: FixedClock) -> None:
    a, b, c = await three(store)
    await merge(store, a, b)
    await merge(store, b, c)
    async with store.work() as work:
        await erasure.erase_again(work, b, clock())
    assert await groups(store, a, c) == [(c, a), (c, a)], "the backup may be older than their separation"
    async with store.read() as session:
        assert [(one.id, one.into_ref) for one in await session.scalars(sa.select(Alias))] == [(a, c)]


@pytest.mark.parametrize("longest", ["alias", "kept"])
async def test_the_longest_retention_counts(store: Store, clock: FixedClock, longest: str) -> None:
    old, new, other = await three(store)
    async with store.work() as work:
        for ref, days in ((old, 10), (new, 30), (other, 10)):
            (await work.load(Visitor, ref)).retain_until = work.now + timedelta(days=days)
    await merge(store, *((old, new) if longest == "kept" else (new, old)))
    assert await ends(store, clock, 20) == [other]
    assert await ends(store, clock, 40) == [*sorted([other, old]), new]
    clock.forward(days=20)
    await erasure.erase_due(store)
    assert sorted(await everybody(store)) == sorted([old, new])
    clock.forward(days=20)
    await erasure.erase_due(store)
    assert await everybody(store) == []


@pytest.mark.parametrize("asked", ["alias", "kept"])
async def test_who_consents_again_does_so_under_the_reference_of_the_consent_alone(
    store: Store, clock: FixedClock, asked: str
) -> None:
    old, new, _ = await three(store)
    async with store.work() as work:
        await consent.give_consent(work, new, ["reminders"], "test")
    await merge(store, old, new)
    ref, other = (old, new) if asked == "alias" else (new, old)
    clock.forward(days=30)
    for _ in range(2):
        await consents_again(store, ref)
    assert await given_now(store, old, new, clock) == {ref}, "nobody gave those of the other one"
    assert await kept_until(store, ref) == clock.now + domain.RETENTION
    await separate(store, old)
    assert await kept_until(store, other) < clock.now + domain.RETENTION, "as it was"


@pytest.mark.parametrize("asked", ["alias", "kept"])
async def test_without_a_consent_of_its_own_the_reference_that_has_one_is_kept_longer(
    store: Store, clock: FixedClock, asked: str
) -> None:
    old, new, _ = await three(store)
    await merge(store, old, new)
    ref, other = (old, new) if asked == "alias" else (new, old)
    async with store.work() as work:
        await consent.withdraw_under(work, await work.load(Visitor, ref), ["plan", "guidance"], "desk")
    clock.forward(days=30)
    with pytest.raises(domain.NoConsentLeft):
        await consents_again(store, ref, centres={"namur"})
    for _ in range(2):
        await consents_again(store, ref, centres={"liege"})
    assert await given_now(store, old, new, clock) == {other}, "where it was in force"
    assert await kept_until(store, other) == clock.now + domain.RETENTION
    async with store.work() as work:
        await consent.withdraw_consent(work, new, ["plan", "guidance"], "desk")
    with pytest.raises(domain.NoConsentLeft):
        await consents_again(store, ref)


async def given_now(store: Store, old: UUID, new: UUID, clock: FixedClock) -> set[UUID]:
    async with store.read() as session:
        return {one.subject_ref for one in await consent.consents_of(session, old, new) if one.given_at == clock.now}


async def kept_until(store: Store, ref: UUID) -> datetime:
    async with store.read() as session:
        return (await session.get_one(Visitor, ref)).retain_until


async def consents_again(store: Store, ref: UUID, centres: set[str] | None = None) -> None:
    async with store.work() as work:
        await retention.prolong(work, ref, "test/desk-liege", centres=centres)


async def test_the_last_visit_of_a_person_is_that_under_any_reference(store: Store, clock: FixedClock) -> None:
    old, new, other = await three(store)
    await merge(store, old, new)
    clock.forward(minutes=1)
    visit = await comes(store)
    async with store.work() as work:
        await people.identify_visitor(work, visit, old, LIEGE_DESK)
    async with store.read() as session:
        persons = await groups_of(session, [old, new, other])
        found = await last_visits(session, persons)
        assert (found[old], found[new]) == ((visit, clock.now), (visit, clock.now))
        assert found[other].at < clock.now
        assert await last_visits(session, persons, "liege") == found
        assert await last_visits(session, persons, "namur") == {}
        assert await last_visits(session, {}) == {}


async def ends(store: Store, clock: FixedClock, days: int) -> list[UUID]:
    async with store.read() as session:
        found = await ending_by(session, clock() + timedelta(days=days), None, limit=10, after=None)
        return [one.id for one in found]


async def test_an_export_has_both_and_after_a_separation_one(store: Store, clock: FixedClock) -> None:
    old, new, _ = await three(store)
    for merged in (False, True, False):
        if merged:
            await merge(store, old, new)
        else:
            await separate(store, old)
        for ref, other in ((old, new), (new, old)):
            async with store.read() as session:
                document = await document_of(session, "intake", PERSONAL_DATA, ref, clock())
            assert document.data is not None
            assert [one.subject_ref for one in document.merged] == ([other] if merged else [])
            held = document.data.merges
            assert [one.by for one in held] == (["the centre’s team"] if merged else [])


async def test_a_new_link_ends_those_of_every_reference(store: Store) -> None:
    old, new, _ = await three(store)
    async with store.work() as work:
        await links.create_link(work, old, "test")
    await merge(store, old, new)
    async with store.work() as work:
        await links.create_link(work, new, "test")
    async with store.read() as session:
        ended = {one.subject_ref: one.ended_at for one in await session.scalars(sa.select(PersonalLink))}
    assert (ended[old] is None, ended[new] is None) == (False, True)


async def test_a_visit_of_an_alias_is_recorded_for_the_kept_person_of_the_same_centre(store: Store) -> None:
    old, new, _ = await three(store)
    await merge(store, old, new)
    visit = await comes(store)
    async with store.work() as work:
        for _ in range(2):
            assert (await people.identify_visitor(work, visit, old, LIEGE_DESK)).subject_ref == new


async def test_a_visit_that_is_the_persons_under_another_reference_stays_as_it_is(store: Store) -> None:
    old, new, _ = await three(store)
    visit = await comes(store)
    async with store.work() as work:
        await people.identify_visitor(work, visit, old, LIEGE_DESK)
    await merge(store, old, new)
    async with store.work() as work:
        assert (await people.identify_visitor(work, visit, new, LIEGE_DESK)).subject_ref == old


async def test_who_was_found_at_another_centre_under_the_alias_is_recorded_for_the_kept_one(store: Store) -> None:
    old, new, _ = await three(store)
    await merge(store, old, new)
    visit = await comes(store, "namur")
    async with store.work() as work:
        await search_elsewhere(work, "amelie@example.org", Reason.HERE, NAMUR_DESK, 5)
    async with store.work() as work:
        assert (await people.identify_visitor(work, visit, old, NAMUR_DESK)).subject_ref == new


async def test_any_sequence_of_merges_and_separations_keeps_one_level(store: Store) -> None:
    refs = [*await three(store), await registered(store, "Hugo", "Lefèvre")]
    for alias, kept in pairwise(refs):
        await merge(store, alias, kept)
    assert await groups(store, *refs) == [(refs[3], *sorted(refs[:3]))] * 4
    await separate(store, refs[1])
    assert await groups(store, *refs) == [(refs[1], refs[0])] * 2 + [(refs[3], refs[2])] * 2
