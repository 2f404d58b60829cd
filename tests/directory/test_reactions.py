"""Reactions of the directory: to actions that need a provider and to erasures, in any order and more than once."""

import asyncio
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.refusals import NotFound
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, publish, record_of
from services.contracts import Event
from services.contracts.directory import DirectoryPurged, ReferralProgressed, ReferralRequested
from services.contracts.intake import SubjectErased
from services.contracts.plans import ActionPlanned
from services.directory import actions
from services.directory.reactions import reactions
from services.directory.store import ErasedSubject, Referral, SubjectKey, UnassignedReferral
from tests.givens.directory import CLOSED, COUNSELLOR, DUTCH, MARCH, WELDING, refer
from tests.givens.events import emitted_events
from tests.givens.rows import store_text

CHAIN = uuid4()


async def process(store: Store, *events: Event) -> None:
    """Have the directory process these events, one after the other, without numbers."""
    records = [record_of(event, None, time=MARCH, correlation_id=CHAIN) for event in events]
    await publish(store, reactions, *records)
    async with store.read() as session:
        letters = (await session.execute(sa.select(store.table("dead_letters")))).all()
    assert [(letter.reason, letter.detail) for letter in letters] == []


def planned(service: UUID | None, *, subject: UUID | None = None, action: UUID | None = None) -> ActionPlanned:
    return ActionPlanned(
        plan_id=uuid4(),
        track_id=uuid4(),
        action_id=action or uuid4(),
        subject_ref=subject or uuid4(),
        centre="mons",
        area="select-training",
        needs_provider=True,
        service_id=service,
        reason="training",
        at=MARCH,
    )


async def undirected(store: Store) -> list[UnassignedReferral]:
    async with store.read() as session:
        return list((await session.scalars(sa.select(UnassignedReferral))).all())


async def test_an_action_with_a_service_opens_a_referral_in_its_chain(town: Store) -> None:
    event = planned(WELDING)
    await process(town, event)
    (opened,) = await emitted_events(town, ReferralRequested)
    assert (opened.action_id, opened.plan_id, opened.subject_ref) == (event.action_id, event.plan_id, event.subject_ref)
    async with town.read() as session:
        referral = await session.get(Referral, opened.referral_id)
    assert referral is not None
    assert (referral.status, referral.requested_by, referral.correlation_id) == ("requested", None, CHAIN)


async def test_an_action_heard_twice_opens_one_referral(town: Store) -> None:
    event, other = planned(WELDING), planned(None)
    await process(town, event, other, event, other)
    await process(town, event.model_copy(update={"plan_id": uuid4()}), other)
    assert len(await emitted_events(town, ReferralRequested)) == 1
    assert len(await undirected(town)) == 1


async def test_an_action_without_a_provider_is_not_our_business(town: Store) -> None:
    await process(town, planned(WELDING).model_copy(update={"needs_provider": False}))
    assert await emitted_events(town, ReferralRequested) == []
    assert await undirected(town) == []


async def test_what_cannot_be_sent_waits_for_a_counsellor(town: Store) -> None:
    """No service chosen, a closed one, one nobody knows, one the person is already sent to: nothing is lost."""
    subject_ref = uuid4()
    unknown = uuid4()
    await process(town, planned(WELDING, subject=subject_ref))
    await process(town, planned(None), planned(CLOSED), planned(unknown), planned(WELDING, subject=subject_ref))
    waiting = await undirected(town)
    assert {one.wanted_service_id for one in waiting} == {None, CLOSED, unknown, WELDING}
    assert len(await emitted_events(town, ReferralRequested)) == 1


async def test_a_counsellor_directs_what_waits_and_keeps_the_chain(town: Store, clock: FixedClock) -> None:
    event = planned(None)
    await process(town, event)
    clock.forward(days=1)
    async with town.work() as work:
        referral = await actions.assign(work, event.action_id, DUTCH, requested_by=COUNSELLOR)
    assert (referral.action_id, referral.correlation_id, referral.reason) == (event.action_id, CHAIN, "training")
    assert await undirected(town) == []
    await process(town, event.model_copy(update={"plan_id": uuid4()}))
    assert await undirected(town) == []


async def test_two_counsellors_direct_the_same_request_once(town: Store) -> None:
    event = planned(None)
    await process(town, event)

    async def direct(service: UUID) -> None:
        async with town.work() as work:
            await actions.assign(work, event.action_id, service, requested_by=COUNSELLOR)

    outcomes = await asyncio.gather(direct(DUTCH), direct(WELDING), return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["NoneType", "NotFound"]
    assert len(await emitted_events(town, ReferralRequested)) == 1


async def test_an_erasure_leaves_nothing_that_leads_to_the_person(town: Store) -> None:
    subject_ref, neighbour = uuid4(), uuid4()
    chosen, open_request = planned(WELDING, subject=subject_ref), planned(None, subject=subject_ref)
    await process(town, chosen, open_request, planned(DUTCH, subject=neighbour))
    await refer(town, subject_ref, DUTCH)
    await process(town, SubjectErased(subject_ref=subject_ref, at=MARCH))
    assert [event.subject_ref for event in await emitted_events(town, DirectoryPurged)] == [subject_ref]
    ended = await emitted_events(town, ReferralProgressed)
    assert {(event.status, event.reason) for event in ended} == {("cancelled", "withdrawn")}
    assert len(ended) == 2
    async with town.work() as work:
        # What was emitted stays in the log under references that now lead nowhere; the list against a return stays too.
        await work.session.execute(sa.delete(town.table("outbox")))
        await work.session.execute(sa.delete(town.table("inbox")))
        assert await work.session.get(ErasedSubject, subject_ref) is not None
        await work.session.execute(sa.delete(ErasedSubject))
    left = await store_text(town)
    for reference in (subject_ref, chosen.plan_id, chosen.action_id, open_request.action_id):
        assert str(reference) not in left
        assert reference.hex not in left
    assert str(neighbour) in left
    async with town.read() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Referral)) == 3
        assert list(await session.scalars(sa.select(col(SubjectKey.subject_ref)))) == [neighbour]


async def test_nobody_comes_back_after_an_erasure(town: Store) -> None:
    """The action is heard after the erasure, in the same batch and later; a counsellor has an old page open."""
    subject_ref = uuid4()
    erased = SubjectErased(subject_ref=subject_ref, at=MARCH)
    await process(town, erased, planned(WELDING, subject=subject_ref), planned(None, subject=subject_ref))
    await process(town, erased, planned(WELDING, subject=subject_ref))
    with pytest.raises(NotFound):
        await refer(town, subject_ref)
    assert await emitted_events(town, ReferralRequested) == []
    assert await undirected(town) == []
    # Each erasure is confirmed: intake may have been restored, and have erased the person again.
    assert len(await emitted_events(town, DirectoryPurged)) == 2


async def test_an_erasure_and_a_referral_at_once_leave_nobody_behind(town: Store) -> None:
    for _ in range(10):
        subject_ref = uuid4()
        await asyncio.gather(
            process(town, SubjectErased(subject_ref=subject_ref, at=MARCH)),
            refer(town, subject_ref),
            refer(town, subject_ref, DUTCH),
            return_exceptions=True,
        )
        async with town.read() as session:
            left = await session.scalars(sa.select(Referral).where(col(Referral.subject_ref) == subject_ref))
        assert list(left) == []


async def test_a_large_batch_of_actions_is_one_transaction(town: Store) -> None:
    events = [planned(WELDING if number % 2 else None) for number in range(300)]
    await process(town, *events)
    assert len(await emitted_events(town, ReferralRequested)) == 150
    assert len(await undirected(town)) == 150
