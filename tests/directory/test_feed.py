"""The referral feed: every event once, in one order, for each partner under its own references."""

import asyncio
from uuid import UUID, uuid4

import orjson
import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.refusals import NotFound
from services.chassis.storage.outbox import unpack_headers
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.cloudevents import Record, read_event
from services.contracts.directory import ReferralChanged
from services.contracts.directory import ReferralStatus as Status
from services.contracts.topics import REFERRAL_EVENTS
from services.directory import actions, domain
from services.directory.actions.partners import (
    FeedData,
    cursor,
    newest,
    position_of,
    provider_ref,
    read_feed,
    reference_of,
)
from services.directory.domain import Party
from services.directory.store import Referral, ReferralEvent, Service, keys_of
from tests.givens.directory import DUTCH, refer, register
from tests.givens.rows import store_text

CHARLEROI, LIEGE = "cite/charleroi", "cite/liege"


async def accept(store: Store, id: UUID) -> None:
    async with store.work() as work:
        await actions.progress(work, id, Status.ACCEPTED, party=Party.PROVIDER, by="provider")


async def test_a_partner_reads_every_event_once_in_order(town: Store) -> None:
    one, other = await refer(town), await refer(town, service=DUTCH)
    await accept(town, one.id)
    read: list[tuple[str, str]] = []
    after: str | None = None
    async with town.read() as session:
        while page := await read_feed(session, CHARLEROI, after, 2):
            read += [(event.event["subject"], event.event["data"]["status"]) for event in page]
            after = page[-1].cursor
        assert [event.cursor for event in await newest(session, CHARLEROI, 1)] == [after]
    assert read == [(str(one.id), "requested"), (str(other.id), "requested"), (str(one.id), "accepted")]


async def test_an_event_is_a_cloud_event_that_says_no_shared_reference(town: Store) -> None:
    subject_ref = uuid4()
    referral = await refer(town, subject_ref)
    async with town.read() as session:
        ((event),) = await read_feed(session, CHARLEROI, None, 10)
    assert {"specversion", "id", "source", "type", "subject", "time"} <= event.event.keys()
    assert event.event["source"] == "/directory"
    assert event.event["type"] == "cefo.directory.referral-changed.v1"
    data = FeedData.model_validate(event.event["data"])
    assert (data.referral_id, data.status, data.centre, data.reason) == (referral.id, "requested", "mons", "training")
    assert str(subject_ref) not in str(event.event)
    assert set(event.event["data"]) == set(FeedData.model_fields)


async def test_the_partners_topic_carries_the_same_event_and_leads_to_nobody(town: Store) -> None:
    """One transaction, one id and one sequence, and neither the chain nor the cause of what happened."""
    subject_ref = uuid4()
    referral = await refer(town, subject_ref)
    await accept(town, referral.id)
    outbox = town.table("outbox")
    async with town.read() as session:
        chosen = outbox.select().where(outbox.c.topic == REFERRAL_EVENTS.name).order_by(outbox.c.seq)
        published = [
            (row, read_event(Record(row.topic, row.key, unpack_headers(row.headers), row.value)))
            for row in await session.execute(chosen)
        ]
        feed = [one.event for one in await read_feed(session, CHARLEROI, None, 10)]
        kept = await session.get_one(Referral, referral.id)
    assert [one.sequence for _, one in published] == [1, 2]
    for (row, one), shown in zip(published, feed, strict=True):
        attributes = ("id", "source", "type", "subject")
        assert tuple(getattr(one, name) for name in attributes) == tuple(shown[name] for name in attributes)
        assert str(one.sequence) == shown["cefosequence"]
        assert orjson.loads(row.value) == {k: v for k, v in shown["data"].items() if k != "partner_ref"}
        wire = (row.headers + row.value).decode()
        assert str(kept.correlation_id) not in wire
        assert str(subject_ref) not in wire
        assert one.causation_id is None
        assert one.correlation_id == UUID(one.id), "a chain of its own"
    assert [one.event.status for _, one in published if isinstance(one.event, ReferralChanged)] == [
        "requested",
        "accepted",
    ]


async def test_a_plan_is_no_way_to_join_either(town: Store) -> None:
    """A referral from a plan's action says neither plan nor action to partners."""
    plan, action, subject_ref = uuid4(), uuid4(), await register(town)
    async with town.work() as work:
        service = (await work.session.scalars(sa.select(Service).limit(1))).one()
        await actions.refer_from_plan(
            work,
            action,
            subject_ref=subject_ref,
            centre="mons",
            area=None,
            service_id=service.id,
            reason="training",
            plan_id=plan,
        )
    outbox = town.table("outbox")
    async with town.read() as session:
        rows = (await session.execute(outbox.select().where(outbox.c.topic == REFERRAL_EVENTS.name))).all()
    [published] = [(row.headers + row.value).decode() for row in rows]
    assert not [one for one in (plan, action, subject_ref) if str(one) in published]


async def test_a_reader_of_the_topic_asks_for_its_own_reference(town: Store) -> None:
    subject_ref = uuid4()
    referral = await refer(town, subject_ref)
    async with town.read() as session:
        ((event),) = await read_feed(session, CHARLEROI, None, 10)
        assert str(await reference_of(session, CHARLEROI, referral.id)) == event.event["data"]["partner_ref"]
        assert await reference_of(session, LIEGE, referral.id) != await reference_of(session, CHARLEROI, referral.id)
        with pytest.raises(NotFound):
            await reference_of(session, CHARLEROI, uuid4())
    async with town.work() as work:
        await actions.erase_subject(work, subject_ref, work.now)
    async with town.read() as session:
        assert await reference_of(session, CHARLEROI, referral.id) is None


async def test_each_partner_has_its_own_reference_of_a_person(town: Store) -> None:
    subject_ref = uuid4()
    one, other, third = await refer(town, subject_ref), await refer(town, subject_ref, DUTCH), await refer(town)

    async def references(partner: str) -> dict[str, str]:
        async with town.read() as session:
            return {
                event.event["subject"]: event.event["data"]["partner_ref"]
                for event in await read_feed(session, partner, None, 10)
            }

    charleroi, liege = await references(CHARLEROI), await references(LIEGE)
    assert charleroi[str(one.id)] == charleroi[str(other.id)] != charleroi[str(third.id)]
    assert await references(CHARLEROI) == charleroi
    assert not set(charleroi.values()) & set(liege.values())
    async with town.read() as session:
        keys = await keys_of(session, [subject_ref])
    providers = {str(provider_ref(keys, one)), str(provider_ref(keys, other))}
    assert len(providers) == 2
    assert not providers & {*charleroi.values(), *liege.values(), str(subject_ref)}


async def test_places_have_no_holes_however_many_write_at_once(town: Store) -> None:
    referrals = [(await refer(town)).id for _ in range(6)]
    seen: list[int] = []
    done = asyncio.Event()

    async def read_on() -> None:
        """A reader that never looks back; it must not miss a place."""
        last = 0
        while not (done.is_set() and len(seen) >= 18):
            async with town.read() as session:
                rows = await session.scalars(
                    sa.select(col(ReferralEvent.position))
                    .where(col(ReferralEvent.position) > last)
                    .order_by(col(ReferralEvent.position))
                )
                seen.extend(rows)
            last = seen[-1] if seen else 0
            await asyncio.sleep(0.001)

    async def write() -> None:
        await asyncio.gather(*(accept(town, id) for id in referrals), *(refer(town) for _ in range(6)))
        done.set()

    async with asyncio.timeout(60):
        await asyncio.gather(read_on(), write())
    assert seen == list(range(1, 19))


async def test_a_writer_that_commits_late_is_not_skipped(town: Store) -> None:
    """The trap: the first takes its place, the second commits first. Here the second waits for the first."""
    first, second = await refer(town), await refer(town)
    taken, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with town.work() as work:
            await actions.progress(work, first.id, Status.ACCEPTED, party=Party.PROVIDER, by="slow")

            async def wait() -> None:
                taken.set()
                await go_on.wait()

            work.before_commit(wait)

    async def quick() -> None:
        await taken.wait()
        await accept(town, second.id)

    writers = [asyncio.create_task(slow()), asyncio.create_task(quick())]
    await taken.wait()
    await asyncio.sleep(0.2)
    async with town.read() as session:
        assert len(await read_feed(session, CHARLEROI, cursor(2), 10)) == 0
    go_on.set()
    await asyncio.gather(*writers)
    async with town.read() as session:
        later = await read_feed(session, CHARLEROI, cursor(2), 10)
    assert [event.event["subject"] for event in later] == [str(first.id), str(second.id)]


async def test_after_an_erasure_the_feed_names_nobody(town: Store, clock: FixedClock) -> None:
    subject_ref = uuid4()
    referral = await refer(town, subject_ref)
    clock.forward(days=1)
    async with town.work() as work:
        await actions.erase_subject(work, subject_ref, work.now)
    async with town.read() as session:
        events = await read_feed(session, CHARLEROI, None, 10)
        kept = await session.get(Referral, referral.id)
    assert [(event.event["data"]["status"], event.event["data"]["partner_ref"]) for event in events] == [
        ("requested", None),
        ("cancelled", None),
    ]
    assert kept is not None
    assert (kept.subject_ref, kept.status, kept.status_reason) == (None, "cancelled", "withdrawn")


async def test_a_work_that_fails_leaves_no_place(town: Store) -> None:
    referral = await refer(town)

    async def accept_twice() -> None:
        async with town.work() as work:
            for _ in range(2):
                await actions.progress(work, referral.id, Status.ACCEPTED, party=Party.PROVIDER, by="provider")

    with pytest.raises(domain.WrongReferralStep):
        await accept_twice()
    await accept(town, referral.id)
    async with town.read() as session:
        events = await read_feed(session, CHARLEROI, None, 10)
    assert [position_of(event.cursor) for event in events] == [1, 2]


@pytest.mark.parametrize("text", ["", "1", "cjE=x", "eDE", "c-", "cmFi", "ré"])
def test_a_made_up_cursor_is_refused(text: str) -> None:
    with pytest.raises(domain.UnknownCursor):
        position_of(text)


def test_a_cursor_leads_back_to_its_place() -> None:
    assert [position_of(cursor(place)) for place in (0, 1, 10**15)] == [0, 1, 10**15]
    assert position_of(None) == 0


async def test_the_store_holds_no_partner_s_reference(town: Store) -> None:
    subject_ref = uuid4()
    await refer(town, subject_ref)
    async with town.read() as session:
        ((event),) = await read_feed(session, CHARLEROI, None, 10)
    reference = event.event["data"]["partner_ref"]
    everything = await store_text(town)
    assert reference not in everything
    assert UUID(reference).hex not in everything
