"""A backup that is restored brings no erased person back: in each service that keeps references, on both stores."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.chassis.brokers import Broker, broker_of
from services.chassis.brokers.reading import records_in
from services.chassis.events.reactions import Reactions
from services.chassis.events.relay import Relay
from services.chassis.runtime.live import Live
from services.chassis.service.definition import Runtime, Service
from services.chassis.service.erased_persons import ErasedPersons, erase_letters_of_listed, listed_since
from services.chassis.service.retention import prune_outbox
from services.chassis.service.suppression import Suppression
from services.chassis.storage.erased_list import ErasedList, UnreadableList
from services.chassis.storage.outbox import end_of_key
from services.chassis.storage.remains import clean
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, consumer_for, emitted, publish, quiet_settings, record_of, store_of
from services.contracts import Event
from services.contracts.cloudevents import Record
from services.contracts.directory import ReferralChanged, ReferralProgressed
from services.contracts.erasure import CONFIRMATIONS
from services.contracts.intake import SubjectErased, SubjectSuppressed, VisitorLinkChanged
from services.contracts.scheduling import InterviewCancelled, InterviewHeld, InterviewKind
from services.contracts.topics import ERASED
from services.directory import actions as directory
from services.directory.app import SERVICE as DIRECTORY
from services.directory.reactions import reactions as directory_reactions
from services.impact.app import SERVICE as IMPACT
from services.intake.actions import erasure, people
from services.intake.app import SERVICE as INTAKE
from services.intake.reactions import reactions as intake_reactions
from services.plans.app import SERVICE as PLANS
from services.plans.reactions import reactions as plans_reactions
from services.scheduling.actions import guidance, paths
from services.scheduling.app import SERVICE as SCHEDULING
from services.scheduling.reactions import reactions as scheduling_reactions
from tests.givens import directory as of_directory
from tests.givens import intake as of_intake
from tests.givens import plans as of_plans
from tests.givens import scheduling as of_scheduling
from tests.givens.events import react_to
from tests.givens.rows import all_rows, count, store_text
from tests.parts.stores import BOTH, empty_store

ENDS = {
    SubjectErased,
    SubjectSuppressed,
    InterviewCancelled,
    ReferralProgressed,
    ReferralChanged,
    *CONFIRMATIONS.values(),
}
"""What a service may emit about a person who is erased again: that something ended."""
Rows = dict[str, list[dict[str, Any]]]


def link_of(subject_ref: UUID) -> VisitorLinkChanged:
    """The person has a personal link."""
    return VisitorLinkChanged(subject_ref=subject_ref, at=of_scheduling.MONDAY, link_id=uuid4())


async def in_intake(store: Store) -> UUID:
    visit_id = uuid4()
    async with store.work() as work:
        await of_intake.walks_in(work, visit_id)
        await work.session.flush()
        visitor = await people.register_visitor(
            work,
            visit_id,
            given_name="Prénom",
            family_name=f"Démonstration {uuid4().hex}",
            contact=None,
            language="fr",
            purposes=["guidance", "plan"],
            recorded_by="test/desk-liege",
        )
    return visitor.id


async def in_scheduling(store: Store) -> UUID:
    adult = of_scheduling.Visitor()
    await of_scheduling.react(
        store, [adult.registered(), adult.checks_in(), adult.is_identified(), link_of(adult.subject_ref)]
    )
    booked = await count(store, "interviews")
    async with store.work() as work:
        path = await paths.open_path(work, adult.subject_ref, of_scheduling.LIEGE)
    async with store.work() as work:
        at = of_scheduling.MONDAY + timedelta(days=1 + booked, hours=1)
        await guidance.book(work, path.id, counsellor=of_scheduling.NADIA, room=None, starts_at=at, minutes=60)
    return adult.subject_ref


async def in_plans(store: Store) -> UUID:
    adult = of_plans.Adult(of_plans.Method.INDIVIDUAL)
    await of_plans.react(
        store, [adult.registered("plan"), adult.path_opened(), adult.interview(1), link_of(adult.subject_ref)]
    )
    return adult.subject_ref


async def in_directory(store: Store) -> UUID:
    subject_ref = uuid4()
    await of_directory.refer(store, subject_ref)
    await react_to(store, directory_reactions, [link_of(subject_ref)])
    return subject_ref


async def open_intake(store: Store) -> None:
    await of_intake.open_centres(store)


async def open_scheduling(store: Store) -> None:
    await of_scheduling.react(store, [of_scheduling.liege(), *of_scheduling.liege_team()])


async def open_plans(store: Store) -> None:
    await of_plans.react(store, [of_plans.mons()])


async def open_directory(store: Store) -> None:
    async with store.work() as work:
        await directory.open_feed(work)
        await directory.publish_centres(work)
        await directory.set_provider(work, *of_directory.atelier())


@dataclass(frozen=True, slots=True)
class Case:
    """A service, its reactions, how its store is set up, and a person in it."""

    service: Service
    reactions: Reactions
    opens: Callable[[Store], Awaitable[None]]
    person: Callable[[Store], Awaitable[UUID]]


CASES = {
    case.service.name: case
    for case in (
        Case(INTAKE, intake_reactions, open_intake, in_intake),
        Case(SCHEDULING, scheduling_reactions, open_scheduling, in_scheduling),
        Case(PLANS, plans_reactions, open_plans, in_plans),
        Case(DIRECTORY, directory_reactions, open_directory, in_directory),
    )
}


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(of_scheduling.MONDAY)


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture(params=BOTH)
async def store(request: pytest.FixtureRequest, case: Case, tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Store]:
    async with empty_store(request, case.service, tmp_path, clock) as made:
        await case.opens(made)
        yield made


@pytest.fixture
async def intake(tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Store]:
    """Intake's store on SQLite."""
    async with store_of(INTAKE, f"sqlite+aiosqlite:///{tmp_path}/intake.db", clock) as made:
        await open_intake(made)
        yield made


def suppression_of(
    store: Store, service: Service, folder: Path, broker: Broker | None = None, **more: Any
) -> Suppression:
    """The service's suppression list as its process has it; without a broker as on the embedded one, which is empty."""
    settings = quiet_settings(folder, **more)
    assert service.erasing is not None
    return Suppression(store, listed_for(store, folder, broker, **more), service.erasing, settings)


def listed_for(store: Store, folder: Path, broker: Broker | None = None, **more: Any) -> ErasedPersons:
    """The list as the service's process reads it; without a broker as on the embedded one, which is empty."""
    settings = quiet_settings(folder, **more)
    return ErasedPersons(store, broker or broker_of(settings, embedded=True), settings)


async def backup(store: Store) -> Rows:
    async with store.read() as session:
        return {
            table.name: [dict(row) for row in (await session.execute(sa.select(table))).mappings()]
            for table in store.metadata.sorted_tables
        }


async def restore(store: Store, rows: Rows) -> None:
    async with store.writer.begin() as connection:
        for table in reversed(store.metadata.sorted_tables):
            await connection.execute(sa.delete(table))
        for table in store.metadata.sorted_tables:
            if rows[table.name]:
                await connection.execute(sa.insert(table), rows[table.name])


def listed(folder: Path) -> set[UUID]:
    """Everyone in the file of this folder."""
    return {ref for page in ErasedList(quiet_settings(folder).erased_list).pages() for ref in page}


async def erase(store: Store, case: Case, subject_ref: UUID) -> None:
    """Erase the person as intake does, or as another service does when it processes intake's event."""
    if case.service is INTAKE:
        async with store.work() as work:
            await erasure.erase_subject(work, subject_ref)
    else:
        await react_to(store, case.reactions, [SubjectErased(subject_ref=subject_ref, at=store.clock())])


async def is_back(store: Store, case: Case, subject_ref: UUID) -> bool:
    """Whether a row leads to the person, other than the one that says that they were erased, and than sent events."""
    assert case.service.erasing is not None
    marker = case.service.erasing.subject_ref.class_.__table__
    ignored = {marker.name, "outbox", "inbox", "erasure_confirmations"}
    rows = await all_rows(store)
    text = "\n".join(row for name, some in rows.items() if name not in ignored for row in some)
    return str(subject_ref) in text or subject_ref.hex in text


async def test_a_restored_store_is_cleaned_before_it_serves(store: Store, case: Case, tmp_path: Path) -> None:
    suppression = suppression_of(store, case.service, tmp_path)
    subject_ref, neighbour = await case.person(store), await case.person(store)
    yesterday = await backup(store)
    await erase(store, case, subject_ref)
    assert not await is_back(store, case, subject_ref)
    await restore(store, yesterday)
    async with store.work() as work:
        await work.open_epoch(28_000_000, None)  # as `cefo restore` does, with seconds since 2026
    assert await is_back(store, case, subject_ref)

    await suppression.enforce()
    assert not await is_back(store, case, subject_ref)
    assert await is_back(store, case, neighbour)
    new = (await emitted(store))[len(yesterday["outbox"]) :]
    assert {type(one.event) for one in new} <= ENDS

    before = await all_rows(store)
    await suppression.enforce()
    assert await all_rows(store) == before, "a second start changes nothing"


def of_a_person_in_scheduling() -> tuple[UUID, list[Event]]:
    adult = of_scheduling.Visitor()
    return adult.subject_ref, [adult.registered(), adult.checks_in(), adult.is_identified(), link_of(adult.subject_ref)]


def of_a_person_in_plans() -> tuple[UUID, list[Event]]:
    adult = of_plans.Adult(of_plans.Method.INDIVIDUAL)
    events: list[Event] = [
        adult.registered("plan"),
        adult.path_opened(),
        adult.interview(1),
        link_of(adult.subject_ref),
    ]
    return adult.subject_ref, events


def of_a_person_in_directory() -> tuple[UUID, list[Event]]:
    adult = of_plans.Adult(of_plans.Method.INDIVIDUAL)
    return adult.subject_ref, [adult.registered("referral"), link_of(adult.subject_ref)]


@pytest.mark.parametrize(
    ("case", "story"),
    [
        ("scheduling", of_a_person_in_scheduling),
        ("plans", of_a_person_in_plans),
        ("directory", of_a_person_in_directory),
    ],
    indirect=["case"],
)
async def test_late_events_bring_nobody_back(
    store: Store, case: Case, story: Callable[[], tuple[UUID, list[Event]]], tmp_path: Path
) -> None:
    """The backup is older than the person: its inbox has seen nothing of them, and everything arrives again."""
    subject_ref, events = story()
    ErasedList(quiet_settings(tmp_path).erased_list).add({subject_ref: store.clock()})
    await suppression_of(store, case.service, tmp_path).enforce()
    numbers: dict[str, int] = {}
    for event in events:
        numbers[event.key] = numbers.get(event.key, 0) + 1
        await publish(store, case.reactions, record_of(event, numbers[event.key]))
    assert (await count(store, "inbox"), await count(store, "dead_letters")) == (len(numbers), 0)
    assert not await is_back(store, case, subject_ref)


@pytest.mark.parametrize("case", ["plans"], indirect=True)
async def test_the_list_of_an_earlier_version_is_read_and_carried_over(
    store: Store, case: Case, tmp_path: Path
) -> None:
    subject_ref, unknown = await case.person(store), uuid4()
    data = tmp_path / "data"
    ErasedList(quiet_settings(data).earlier_erased_list).add(dict.fromkeys((subject_ref, unknown), store.clock()))
    await suppression_of(store, case.service, data).enforce()
    assert not await is_back(store, case, subject_ref)
    assert listed(data) == {subject_ref, unknown}


@pytest.mark.parametrize("case", ["plans"], indirect=True)
async def test_fifty_erased_at_once_are_on_the_list(store: Store, case: Case, tmp_path: Path) -> None:
    suppression = suppression_of(store, case.service, tmp_path)
    everyone = [await case.person(store) for _ in range(50)]
    yesterday = await backup(store)
    events = [SubjectErased(subject_ref=ref, at=store.clock()) for ref in everyone]
    await react_to(store, case.reactions, events, in_one_batch=True)
    await restore(store, yesterday)
    await suppression.enforce()
    assert [ref for ref in everyone if await is_back(store, case, ref)] == []
    assert listed(tmp_path) == set(everyone)


async def test_dead_letters_about_a_listed_person_are_emptied_where_nobody_is_erased(
    tmp_path: Path, clock: FixedClock
) -> None:
    """In impact, which keeps nothing else about persons."""
    erased, neighbour = uuid4(), uuid4()
    facts: dict[str, Any] = {"kind": InterviewKind.GUIDANCE, "area": None, "counsellor": "a.b", "minutes": 60}

    def unreadable(subject_ref: UUID) -> Record:
        held = InterviewHeld(interview_id=uuid4(), starts_at=clock(), centre="huy", subject_ref=subject_ref, **facts)
        record = record_of(held, 1)
        return record._replace(value=record.value.replace(b'"huy"', b'"Anna Dubois"'))

    async with store_of(IMPACT, f"sqlite+aiosqlite:///{tmp_path}/impact.db", clock) as store:
        await consumer_for(store, IMPACT.reactions).process([unreadable(erased), unreadable(neighbour)])
        ErasedList(quiet_settings(tmp_path).erased_list).add({erased: clock()})
        assert await erase_letters_of_listed(store, listed_for(store, tmp_path)) is False
        letters = "\n".join((await all_rows(store))["dead_letters"])
        assert (str(erased) in letters or erased.hex in letters, str(neighbour) in letters) == (False, True)
        async with store.read() as session:
            sealed = (await session.execute(sa.text("select reason, sealed is null from dead_letters"))).all()
        assert sorted(map(tuple, sealed)) == [("bad-data", 0), ("subject-erased", 1)]


@pytest.mark.parametrize("case", ["directory"], indirect=True)
async def test_two_replicas_that_start_together_leave_nobody(store: Store, case: Case, tmp_path: Path) -> None:
    subject_ref = await case.person(store)
    ErasedList(quiet_settings(tmp_path).erased_list).add({subject_ref: store.clock()})
    replicas = [suppression_of(store, case.service, tmp_path) for _ in range(2)]
    await asyncio.gather(*(replica.enforce() for replica in replicas))
    assert not await is_back(store, case, subject_ref)
    assert {one.event.key for one in await emitted(store, CONFIRMATIONS["directory"]) if one.event} == {
        str(subject_ref)
    }


@pytest.mark.parametrize("case", ["intake"], indirect=True)
async def test_a_list_that_lacks_someone_is_completed_from_the_store(
    store: Store, case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk was full when a person was erased, and the file was lost later."""
    suppression = suppression_of(store, case.service, tmp_path)
    subject_ref = await case.person(store)

    def full(self: ErasedList, erased: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(ErasedList, "add", full)
        await erase(store, case, subject_ref)
    assert listed(tmp_path) == set()
    await suppression.keep_list()
    assert listed(tmp_path) == {subject_ref}
    quiet_settings(tmp_path).erased_list.unlink()
    await suppression.enforce()
    assert listed(tmp_path) == {subject_ref}


@pytest.mark.parametrize("case", ["plans"], indirect=True)
async def test_what_a_killed_process_left_in_the_files_is_removed_after_the_next_start(
    store: Store, case: Case, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await erase(store, case, await case.person(store))
    removed: list[Store] = []

    async def remove(store: Store, tables: set[str]) -> bool:
        assert tables == store.metadata.tables.keys()
        removed.append(store)
        return True

    monkeypatch.setattr("services.chassis.storage.remains.remove_remains", remove)
    await clean(store)
    removed.clear()
    for days, rounds in ((0, 1), (2, 1)):
        clock.forward(days=days)
        started = suppression_of(store, case.service, tmp_path)
        await started.enforce()
        await clean(store)
        await clean(store)
        assert len(removed) == rounds


@pytest.mark.parametrize("case", ["intake"], indirect=True)
async def test_entries_end_with_the_oldest_backup(store: Store, case: Case, clock: FixedClock, tmp_path: Path) -> None:
    suppression = suppression_of(store, case.service, tmp_path, backup_days=30)
    settings = quiet_settings(tmp_path, backup_days=30)
    confirmed, unconfirmed = await case.person(store), await case.person(store)
    for subject_ref in (confirmed, unconfirmed):
        await erase(store, case, subject_ref)
    await react_to(store, case.reactions, [kind(subject_ref=confirmed, at=clock()) for kind in CONFIRMATIONS.values()])

    async def a_round() -> None:
        since = listed_since(settings, clock())
        assert since is not None
        await erasure.end_entries(store, since)
        await suppression.keep_list()

    clock.forward(days=30)
    await a_round()
    assert listed(tmp_path) == {confirmed, unconfirmed}
    clock.forward(days=2)
    await a_round()
    assert listed(tmp_path) == set()
    text = await store_text(store)
    assert str(unconfirmed) in text, "an erasure that a service has not confirmed stays"
    outbox = store.table("outbox")
    async with store.work() as work:
        ends = sa.select(outbox.c.key, outbox.c.value).where(outbox.c.topic == ERASED.name).order_by(outbox.c.seq)
        *_, last = (await work.session.execute(ends)).all()
        assert (last.key, last.value) == (str(confirmed).encode(), b"")
        await work.session.execute(sa.update(outbox).values(sent_at=work.now))
    clock.forward(days=2)
    await prune_outbox(store, 1)
    async with store.read() as session:
        assert (await session.scalars(sa.select(outbox.c.key))).all() == [str(unconfirmed).encode()]


@pytest.mark.kafka
@pytest.mark.parametrize("case", ["plans"], indirect=True)
async def test_the_topic_alone_keeps_people_erased(
    store: Store, case: Case, intake: Store, kafka: Any, tmp_path: Path, clock: FixedClock
) -> None:
    """A service on another machine, whose file was lost; and an entry that ended brings nothing."""
    broker = broker_of(quiet_settings(tmp_path, kafka=kafka.bootstrap))
    await broker.ensure_topics()
    ended, listed_person = await in_intake(intake), await in_intake(intake)
    for subject_ref in (ended, listed_person):
        await erase(intake, CASES["intake"], subject_ref)
    async with intake.work() as work:
        work.publish_raw(end_of_key(ERASED, str(ended), work.now))
    relay = Relay(intake, broker)
    await relay.relay_once()
    await relay.close()
    records = [record for page in [page async for page in records_in(broker, ERASED.name)] for record in page]
    ours = [(record.key or b"", bool(record.value)) for record in records if str(ended).encode() == record.key]
    assert ours == [(str(ended).encode(), True), (str(ended).encode(), False)]

    adult = of_plans.Adult(of_plans.Method.INDIVIDUAL)
    adult.subject_ref = listed_person
    await of_plans.react(store, [adult.registered("plan"), adult.path_opened(), adult.interview(1)])
    assert await is_back(store, case, listed_person)
    await suppression_of(store, case.service, tmp_path, broker).enforce()
    assert not await is_back(store, case, listed_person)
    assert listed_person in listed(tmp_path)


def unreadable_records(subject_ref: UUID) -> dict[str, Record]:
    """What a broken program, a newer version or a forger may have written under this person's reference."""
    true = record_of(SubjectSuppressed(subject_ref=subject_ref, at=of_scheduling.MONDAY), 1)
    foreign = [(name, (value or b"").replace(b"/intake", b"/desks")) for name, value in true.headers]
    newer = [(name, (value or b"").replace(b".v1", b".v2")) for name, value in true.headers]
    return {
        "no JSON": true._replace(value=b"\xff{"),
        "no field": true._replace(value=b"{}"),
        "no envelope": true._replace(headers=[]),
        "a newer type": true._replace(headers=newer, value=b'{"whom": 1}'),
        "another source": true._replace(headers=foreign),
    }


@pytest.mark.kafka
@pytest.mark.parametrize("case", ["plans"], indirect=True)
async def test_an_unreadable_record_of_the_topic_counts_as_erased_and_stops_nothing(
    store: Store, case: Case, kafka: Any, tmp_path: Path
) -> None:
    broker = broker_of(quiet_settings(tmp_path, kafka=kafka.bootstrap))
    broker.creates = {ERASED.name}
    await broker.ensure_topics()
    people = {what: await case.person(store) for what in (*unreadable_records(uuid4()), "readable")}
    records = [unreadable_records(people[what])[what] for what in unreadable_records(uuid4())]
    true = record_of(SubjectSuppressed(subject_ref=people["readable"], at=store.clock()), 1)
    without_reference = [true._replace(key=key, value=value) for key, value in ((b"", b""), (b"\xff", b"{"))]
    producer = await broker.producer(broker.stream("sample"))
    await producer.send([*without_reference, *records, true])
    await producer.close()
    erased = listed_for(store, tmp_path, broker)
    assert case.service.erasing is not None
    await Suppression(store, erased, case.service.erasing, quiet_settings(tmp_path)).enforce()
    assert [what for what, person in people.items() if await is_back(store, case, person)] == []
    assert listed(tmp_path) >= set(people.values())
    assert int(erased.warnings()["erased-records"].split()[0]) >= len(records) + len(without_reference)


@pytest.mark.kafka
async def test_a_topic_is_read_whole_in_pages(kafka: Any, tmp_path: Path) -> None:
    broker = broker_of(quiet_settings(tmp_path, kafka=kafka.bootstrap))
    broker.creates = {ERASED.name}
    await broker.ensure_topics()
    producer = await broker.producer(broker.stream("sample"))
    keys = [str(uuid4()).encode() for _ in range(2500)]
    for first in range(0, len(keys), 500):
        await producer.send([Record(ERASED.name, key, [], b"") for key in keys[first : first + 500]])
    await producer.close()
    pages = [page async for page in records_in(broker, ERASED.name)]
    assert {record.key for page in pages for record in page} >= set(keys)
    assert max(map(len, pages)) <= 1000


@pytest.mark.kafka
async def test_a_topic_that_not_every_broker_knows_yet_is_waited_for(kafka: Any, tmp_path: Path) -> None:
    broker, topic = broker_of(quiet_settings(tmp_path, kafka=kafka.bootstrap)), f"cefo.test.{uuid4()}"

    async def read() -> list[list[Record]]:
        return [page async for page in records_in(broker, topic)]

    reading = asyncio.create_task(read())
    await asyncio.wait([reading], timeout=1)
    assert not reading.done()
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    assert await reading == []


async def test_the_store_is_clean_when_the_service_starts(tmp_path: Path, clock: FixedClock) -> None:
    """Before its own start, its relay and its consumer; a list that cannot be read stops it."""
    adult = of_plans.Adult(of_plans.Method.INDIVIDUAL)
    settings = quiet_settings(tmp_path)
    found: list[bool] = []

    async def look(runtime: Runtime) -> None:
        found.append(await is_back(runtime.store, CASES["plans"], adult.subject_ref))

    async def start() -> None:
        service = replace(PLANS, on_start=look)
        runtime = Runtime(service, settings, broker_of(settings, embedded=True), Live(None), clock)
        try:
            await runtime.start()
        finally:
            await runtime.stop()

    async with store_of(PLANS, settings.store_url("plans"), clock) as store:
        await of_plans.react(
            store, [of_plans.mons(), adult.registered("plan"), adult.path_opened(), adult.interview(1)]
        )
        assert await is_back(store, CASES["plans"], adult.subject_ref)
    ErasedList(settings.erased_list).add({adult.subject_ref: clock()})
    await start()
    assert found == [False]
    with settings.erased_list.open("a") as file:
        file.write("nobody\n")
    with pytest.raises(UnreadableList):
        await start()
    assert found == [False]
