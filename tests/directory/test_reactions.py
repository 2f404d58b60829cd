"""Reactions of the directory: to actions that need a provider and to erasures, in any order and more than once."""

import asyncio
import itertools
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, publish, record_of
from services.contracts import Event
from services.contracts.cloudevents import Record
from services.contracts.directory import DirectoryPurged, ReferralProgressed, ReferralRequested
from services.contracts.intake import SubjectErased, VisitorConsentGiven, VisitorConsentWithdrawn, VisitorRegistered
from services.contracts.plans import ActionPlanned
from services.directory import actions
from services.directory.domain import ConsentMissing, PersonUnknown
from services.directory.reactions import reactions
from services.directory.store import ErasedSubject, Referral, RegisteredPerson, SubjectKey, UnassignedReferral
from tests.givens.directory import CLOSED, COUNSELLOR, DUTCH, MARCH, WELDING, refer, register
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
    event = planned(WELDING, subject=await register(town))
    await process(town, event)
    (opened,) = await emitted_events(town, ReferralRequested)
    assert (opened.action_id, opened.plan_id, opened.subject_ref) == (event.action_id, event.plan_id, event.subject_ref)
    async with town.read() as session:
        referral = await session.get(Referral, opened.referral_id)
    assert referral is not None
    assert (referral.status, referral.requested_by, referral.correlation_id) == ("requested", None, CHAIN)


async def test_an_action_heard_twice_opens_one_referral(town: Store) -> None:
    event, other = planned(WELDING, subject=await register(town)), planned(None)
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
    subject_ref, unknown = await register(town), uuid4()
    await process(town, planned(WELDING, subject=subject_ref))
    await process(town, planned(None), planned(CLOSED), planned(unknown), planned(WELDING, subject=subject_ref))
    waiting = await undirected(town)
    assert {one.wanted_service_id for one in waiting} == {None, CLOSED, unknown, WELDING}
    assert len(await emitted_events(town, ReferralRequested)) == 1


async def test_a_counsellor_directs_what_waits_and_keeps_the_chain(town: Store, clock: FixedClock) -> None:
    event = planned(None, subject=await register(town))
    await process(town, event)
    clock.forward(days=1)
    async with town.work() as work:
        referral = await actions.assign(work, event.action_id, DUTCH, requested_by=COUNSELLOR)
    assert (referral.action_id, referral.correlation_id, referral.reason) == (event.action_id, CHAIN, "training")
    assert await undirected(town) == []
    await process(town, event.model_copy(update={"plan_id": uuid4()}))
    assert await undirected(town) == []


async def test_two_counsellors_direct_the_same_request_once(town: Store) -> None:
    event = planned(None, subject=await register(town))
    await process(town, event)

    async def direct(service: UUID) -> None:
        async with town.work() as work:
            await actions.assign(work, event.action_id, service, requested_by=COUNSELLOR)

    outcomes = await asyncio.gather(direct(DUTCH), direct(WELDING), return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["NoneType", "NotFound"]
    assert len(await emitted_events(town, ReferralRequested)) == 1


async def test_an_erasure_leaves_nothing_that_leads_to_the_person(town: Store) -> None:
    subject_ref, neighbour = await register(town), await register(town)
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
    """The action is consumed after the erasure, in the same batch and later; a counsellor has an old page open."""
    subject_ref = uuid4()
    erased = SubjectErased(subject_ref=subject_ref, at=MARCH)
    await process(town, erased, planned(WELDING, subject=subject_ref), planned(None, subject=subject_ref))
    await process(town, erased, planned(WELDING, subject=subject_ref))
    with pytest.raises(PersonUnknown):
        await refer(town, subject_ref)
    assert await emitted_events(town, ReferralRequested) == []
    assert await undirected(town) == []
    # Each erasure is confirmed: intake may have been restored, and have erased the person again.
    assert len(await emitted_events(town, DirectoryPurged)) == 2


async def test_an_erasure_and_a_referral_at_once_leave_nobody_behind(town: Store) -> None:
    for _ in range(10):
        subject_ref = await register(town)
        await asyncio.gather(
            process(town, SubjectErased(subject_ref=subject_ref, at=MARCH)),
            refer(town, subject_ref, registered=True),
            refer(town, subject_ref, DUTCH, registered=True),
            return_exceptions=True,
        )
        async with town.read() as session:
            left = await session.scalars(sa.select(Referral).where(col(Referral.subject_ref) == subject_ref))
        assert list(left) == []


async def test_a_large_batch_of_actions_is_one_transaction(town: Store) -> None:
    events = [planned(WELDING, subject=await register(town)) for _ in range(150)]
    events += [planned(None) for _ in range(150)]
    await process(town, *events)
    assert len(await emitted_events(town, ReferralRequested)) == 150
    assert len(await undirected(town)) == 150


class Adult:
    """A person registered in Mons, and intake's numbered events about their consent."""

    def __init__(self) -> None:
        self.subject_ref = uuid4()
        self._number = 0

    def _numbered(self, event: Event) -> Record:
        self._number += 1
        return record_of(event, self._number, time=MARCH, correlation_id=CHAIN)

    def registers(self, *purposes: str) -> Record:
        facts = {
            "subject_ref": self.subject_ref,
            "centre": "mons",
            "at": MARCH,
            "language": "fr",
            "retain_until": MARCH,
        }
        return self._numbered(VisitorRegistered.model_validate(facts | {"purposes": purposes}))

    def gives(self, *in_force: str) -> Record:
        facts = {"subject_ref": self.subject_ref, "centre": "mons", "at": MARCH, "purposes": ("referral",)}
        return self._numbered(VisitorConsentGiven.model_validate(facts | {"in_force": in_force}))

    def withdraws(self, *in_force: str) -> Record:
        facts = {"subject_ref": self.subject_ref, "at": MARCH, "purposes": ("referral",), "in_force": in_force}
        return self._numbered(VisitorConsentWithdrawn.model_validate(facts))


async def test_a_referral_needs_a_person_of_the_centre_who_consents(town: Store) -> None:
    adult = Adult()
    with pytest.raises(PersonUnknown):
        await refer(town, adult.subject_ref, registered=True)
    await publish(town, reactions, adult.registers("plan"))
    with pytest.raises(PersonUnknown):
        await refer(town, adult.subject_ref, registered=True, centre="arlon")
    with pytest.raises(ConsentMissing):
        await refer(town, adult.subject_ref, registered=True)
    await publish(town, reactions, adult.gives("plan", "referral"))
    await refer(town, adult.subject_ref, registered=True)


async def test_what_a_plan_asks_for_waits_for_the_person_s_consent(town: Store) -> None:
    adult = Adult()
    event, unchosen = planned(WELDING, subject=adult.subject_ref), planned(None, subject=adult.subject_ref)
    await publish(town, reactions, adult.registers("plan"))
    await process(town, event, unchosen)
    assert {one.id: one.awaits_consent for one in await undirected(town)} == {
        event.action_id: True,
        unchosen.action_id: False,
    }
    with pytest.raises(ConsentMissing):
        async with town.work() as work:
            await actions.assign(work, unchosen.action_id, DUTCH, requested_by=COUNSELLOR)
    assert await emitted_events(town, ReferralRequested) == []
    await publish(town, reactions, adult.gives("plan", "referral"))
    (sent,) = await emitted_events(town, ReferralRequested)
    assert (sent.action_id, sent.service_id) == (event.action_id, WELDING)
    assert [one.id for one in await undirected(town)] == [unchosen.action_id]


async def test_a_withdrawal_cancels_what_is_open_and_spares_what_ended(town: Store) -> None:
    adult = Adult()
    await publish(town, reactions, adult.registers("referral"))
    ended, is_open = await refer(town, adult.subject_ref), await refer(town, adult.subject_ref, DUTCH)
    async with town.work() as work:
        await actions.cancel(work, ended.id, "other", by=COUNSELLOR)
    await publish(town, reactions, adult.withdraws())
    *_, last = await emitted_events(town, ReferralProgressed)
    assert (last.referral_id, last.status, last.reason) == (is_open.id, "cancelled", "withdrawn")
    assert len(await emitted_events(town, ReferralProgressed)) == 2
    await publish(town, reactions, adult.gives("referral"))
    assert len(await emitted_events(town, ReferralRequested)) == 2, "nothing that was cancelled is sent again"


async def test_withdrawn_and_given_again_end_the_same_in_any_order_of_arrival(town: Store) -> None:
    for arrival in itertools.permutations(range(3)):
        adult = Adult()
        records = [adult.registers("plan", "referral"), adult.withdraws("plan"), adult.gives("referral")]
        await publish(town, reactions, *(records[number] for number in arrival))
        async with town.read() as session:
            assert (await session.get_one(RegisteredPerson, adult.subject_ref)).purposes == ["referral"]
