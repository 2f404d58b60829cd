from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from services.chassis.storage.store import Store
from services.chassis.testing import consumer_for, emitted, publish, record_of
from services.contracts.directory import CentrePublished
from services.contracts.intake import Channel, DeskCheckIn, VisitBeingServed, VisitCheckedIn
from services.contracts.scheduling import InterviewKind, InterviewStarted
from services.intake.actions import visits
from services.intake.reactions import reactions
from services.intake.store import Centre, Visit
from tests.givens.intake import MONDAY


def arrival(**fields: object) -> DeskCheckIn:
    """What a front desk's own software says."""
    what: dict[str, object] = {"visit_id": uuid4(), "centre": "liege", "area": "find-job", "at": MONDAY, **fields}
    return DeskCheckIn.model_validate(what)


async def kept(store: Store) -> list[Visit]:
    async with store.read() as session:
        return list((await session.scalars(sa.select(Visit).order_by(sa.text("ticket")))).all())


async def letters(store: Store) -> list[tuple[str, str]]:
    async with store.read() as session:
        table = store.table("dead_letters")
        return [(row.state, row.reason) for row in await session.execute(sa.select(table.c.state, table.c.reason))]


async def test_a_desks_own_software_checks_people_in(store: Store) -> None:
    arrivals = [arrival(), arrival(area=None, channel=Channel.KIOSK), arrival(queue=False)]
    await publish(store, reactions, *[record_of(one, 1) for one in arrivals])
    visits = {visit.id: (visit.status, visit.ticket, visit.channel) for visit in await kept(store)}
    assert visits == {
        arrivals[0].visit_id: ("waiting", "E-001", "desk"),
        arrivals[1].visit_id: ("waiting", "A-002", "kiosk"),
        arrivals[2].visit_id: ("no_queue", None, "desk"),
    }


async def test_a_check_in_with_a_name_is_refused_and_the_name_is_kept_nowhere(store: Store) -> None:
    """A retry checks in without it."""
    record = record_of(arrival(), None)
    named = record._replace(value=record.value[:-1] + b',"nom":"Anna Dubois","contact":{"tel":"0470 12 34 56"}}')
    consumer = consumer_for(store, reactions)
    await consumer.process([named])
    assert await kept(store) == []
    assert await letters(store) == [("dead", "undeclared-fields")]
    async with store.read() as session:
        rows = [
            tuple(row)
            for name in ("dead_letters", "outbox")
            for row in await session.execute(store.table(name).select())
        ]
        [dead_letter] = (await session.execute(store.table("dead_letters").select())).all()
    assert not [text for text in ("Anna", "Dubois", "0470") if text in str(rows)]
    assert dead_letter.withheld == ["contact", "nom"]
    await consumer.retry(dead_letter.id)
    assert [str(visit.id) for visit in await kept(store)] == [(record.key or b"").decode()]


async def test_a_batch_of_desks_check_ins_asks_once_for_their_centre(store: Store) -> None:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.extend([statement] if "FROM centres" in statement else [])

    event.listen(store.writer.sync_engine, "before_cursor_execute", note)
    await consumer_for(store, reactions).process([record_of(arrival(), 1) for _ in range(20)])
    assert len(await kept(store)) == 20
    assert len(asked) == 1


async def test_the_chain_goes_on_from_what_the_desk_said(store: Store) -> None:
    chain, cause = uuid4(), uuid4()
    await publish(store, reactions, record_of(arrival(), 1, id=cause, correlation_id=chain))
    (checked_in,) = await emitted(store, VisitCheckedIn)
    assert (checked_in.correlation_id, checked_in.causation_id) == (chain, cause)


async def test_hearing_the_same_check_in_twice_is_one_visit(store: Store) -> None:
    record = record_of(arrival(), 1)
    await publish(store, reactions, record, record)
    await publish(store, reactions, record)
    assert len(await kept(store)) == 1
    assert len(await emitted(store, VisitCheckedIn)) == 1
    assert await letters(store) == []


async def test_one_bad_check_in_waits_as_a_dead_letter_and_the_others_come_in(store: Store) -> None:
    wrong = [arrival(centre="bruges"), arrival(area="mobility"), arrival(at=MONDAY + timedelta(days=1))]
    await consumer_for(store, reactions, attempts=2).process(
        [record_of(one, 1) for one in (arrival(), *wrong, arrival())]
    )
    assert [visit.ticket for visit in await kept(store)] == ["E-001", "E-002"]
    assert sorted(await letters(store)) == [
        ("dead", "in-the-future"),
        ("dead", "unknown-area"),
        ("dead", "unknown-centre"),
    ]


def bruges() -> CentrePublished:
    facts: dict[str, object] = {"name": "Bruges", "kind": "cite", "areas": ["find-job"], "opening_hours": []}
    return CentrePublished.model_validate({"centre": "bruges", "timezone": "Europe/Brussels"} | facts)


async def test_a_check_in_finds_the_centre_that_was_published_just_before_it(store: Store) -> None:
    """In one batch, where an earlier one was refused because the centre was not there yet."""
    consumer = consumer_for(store, reactions)
    arrivals = [arrival(centre="bruges", area=None) for _ in range(3)]
    first, *later = [record_of(one, None) for one in arrivals]
    await consumer.process([first, record_of(bruges(), 1), *later])
    assert {visit.id for visit in await kept(store)} >= {one.visit_id for one in arrivals[1:]}
    await consumer.expire_held()
    assert {visit.id for visit in await kept(store)} == {one.visit_id for one in arrivals}


async def test_many_check_ins_of_an_unknown_centre_ask_once_for_it(store: Store) -> None:
    asked: list[str] = []
    event.listen(store.writer.sync_engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    await consumer_for(store, reactions).process([record_of(arrival(centre="gent"), None) for _ in range(60)])
    assert await letters(store) == [("dead", "unknown-centre")] * 60
    assert len([statement for statement in asked if "FROM centres" in statement]) == 2
    assert len(asked) < 20


async def test_check_ins_of_a_centre_that_is_published_later_are_retried_by_themselves_in_order(store: Store) -> None:
    early = [arrival(centre="bruges", area=None) for _ in range(3)]
    elsewhere = arrival(centre="gent", area=None)
    consumer = consumer_for(store, reactions)
    await consumer.process([record_of(one, None) for one in (*early, elsewhere)])
    assert await letters(store) == [("dead", "unknown-centre")] * 4
    await consumer.process([record_of(bruges(), 1)])
    await consumer.expire_held()
    assert [visit.id for visit in await kept(store)] == [one.visit_id for one in early]
    assert Counter(await letters(store)) == {("retried", "unknown-centre"): 3, ("dead", "unknown-centre"): 1}
    await consumer.expire_held()  # the other is not tried again until a centre is published


FORGED_AT = "cefo.desk.check-ins"


async def test_what_a_desk_may_not_say_has_no_effect_and_is_not_taken_for_the_true_event(store: Store) -> None:
    """A forged change of a centre renamed it, and the true change was then ignored as a repeat."""
    liege = CentrePublished(
        centre="liege", name="Liège", kind="cite", areas=("find-job",), timezone="Europe/Brussels", opening_hours=()
    )
    visit = uuid4()
    started = began(visit)
    await publish(store, reactions, record_of(arrival(visit_id=visit), None))
    await publish(store, reactions, record_of(liege, 1))
    forged = liege.model_copy(update={"name": "Casino"})
    unknown = [(n, b"cefo.directory.centre-moved.v1" if n == "ce_type" else v) for n, v in record_of(forged, 4).headers]
    told = [
        record_of(forged, 2)._replace(topic=FORGED_AT),
        record_of(forged, 2, source="/desks/liege/kiosk-1")._replace(topic=FORGED_AT),
        record_of(forged, 3, source="/desks/liege/kiosk-1"),
        record_of(started, 1)._replace(topic=FORGED_AT),
        record_of(forged, 4)._replace(topic=FORGED_AT, headers=unknown),
        record_of(arrival(), 2, source="/directory"),
        record_of(arrival(centre="namur", area=None), None, source="/desks/liege")._replace(topic=f"{FORGED_AT}.liege"),
    ]
    await consumer_for(store, reactions).process(told)
    assert Counter(await letters(store)) == {
        ("dead", "foreign-topic"): 3,
        ("dead", "foreign-source"): 3,
        ("dead", "foreign-centre"): 1,
    }
    await publish(store, reactions, record_of(liege.model_copy(update={"name": "Liège-Guillemins"}), 2))
    await publish(store, reactions, record_of(started, 1))
    assert [(one.id, one.status) for one in await kept(store)] == [(visit, "being_served")]
    async with store.read() as session:
        assert (await session.get_one(Centre, "liege")).name == "Liège-Guillemins"


async def test_a_centres_own_software_checks_in_on_its_topic(store: Store) -> None:
    record = record_of(arrival(), None, source="/desks/liege/kiosk-1")._replace(topic=f"{FORGED_AT}.liege")
    await publish(store, reactions, record)
    assert [visit.ticket for visit in await kept(store)] == ["E-001"]
    assert await letters(store) == []


async def test_a_centre_is_known_as_it_was_published_last(store: Store) -> None:
    def published(name: str, *areas: str) -> CentrePublished:
        return CentrePublished(
            centre="mons", name=name, kind="carrefour", areas=areas, timezone="Europe/Brussels", opening_hours=()
        )

    listening = consumer_for(store, reactions)
    await listening.process([record_of(published("Mons"), 1)])
    await listening.process([record_of(published("Carrefour des métiers de Mons", "find-job"), 2)])
    async with store.read() as session:
        centre = await session.get(Centre, "mons")
    assert centre is not None
    assert (centre.name, centre.areas) == ("Carrefour des métiers de Mons", ["find-job"])


def began(visit_id: UUID | None, at: datetime = MONDAY) -> InterviewStarted:
    """A counsellor and a visitor sat down."""
    information = InterviewKind.INFORMATION
    return InterviewStarted(
        interview_id=uuid4(), kind=information, centre="liege", area=None, counsellor="anne", at=at, visit_id=visit_id
    )


@pytest.mark.parametrize("called", [False, True])
async def test_whoever_sits_with_a_counsellor_waits_no_longer(store: Store, called: bool) -> None:
    visit = arrival()
    await publish(store, reactions, record_of(visit, 1))
    if called:
        async with store.work() as work:
            await visits.call(work, visit.visit_id, "desk-1")
    interview = began(visit.visit_id)
    await consumer_for(store, reactions).process(
        [record_of(interview, 1), record_of(interview, 1), record_of(began(None), 1)]
    )
    (row,) = await kept(store)
    assert row.status == "being_served"
    assert row.served_at == (row.called_at if called else MONDAY)
    assert len(await emitted(store, VisitBeingServed)) == 1


async def test_what_the_desk_said_of_a_visit_stays_when_an_interview_begins(store: Store) -> None:
    there, gone = arrival(), arrival()
    await publish(store, reactions, *[record_of(one, 1) for one in (there, gone)])
    async with store.work() as work:
        await visits.serve(work, there.visit_id)
        await visits.leave(work, gone.visit_id)
    before = {visit.id: (visit.status, visit.version) for visit in await kept(store)}
    everybody = (there.visit_id, gone.visit_id, uuid4())
    await publish(store, reactions, *[record_of(began(visit_id), 1) for visit_id in everybody])
    assert {visit.id: (visit.status, visit.version) for visit in await kept(store)} == before
    assert len(await emitted(store, VisitBeingServed)) == 1
    assert await letters(store) == []
