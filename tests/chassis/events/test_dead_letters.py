"""Dead letters: the row that describes a record, and the headers that explain its copy in the dead-letter topic."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from services.chassis.events.dead_letters import (
    OutOfOrder,
    dead_letter_row,
    decision_of,
    erase_dead_letters,
    explained_headers,
    fault_of,
)
from services.chassis.events.reactions import Reactions
from services.chassis.events.sealing import RecordSealer, kept_record
from services.chassis.refusals import Refused
from services.chassis.storage.store import Store, Work
from services.chassis.storage.tables import CONTENTS, DeadLetterState
from services.chassis.testing import consumer_for, quiet_settings, record_of
from services.contracts.cloudevents import Record, UnreadableEvent
from services.contracts.intake import SubjectErased, VisitServed
from services.contracts.scheduling import InterviewHeld, InterviewKind

NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)
SERVED = VisitServed(visit_id=uuid4(), centre="huy", at=NOON)
RECORD = record_of(SERVED, 3)._replace(partition=1, offset=7)
ABOUT = {"type": SERVED.type, "source": "/intake", "subject": SERVED.key, "sequence": 3}


def row_of(folder: Path, record: Any = RECORD, **more: Any) -> Any:
    kept = RecordSealer(quiet_settings(folder)).keep(record, NOON)
    facts: dict[str, Any] = {"state": DeadLetterState.DEAD, "reason": "x", "detail": "y", "attempts": 5, "at": NOON}
    return SimpleNamespace(**dead_letter_row(record, kept, **facts | more))


def test_texts_are_cut_and_cleaned_to_what_every_store_takes(tmp_path: Path) -> None:
    row = row_of(tmp_path, reason="r" * 100, detail="\0\ud800" + "d" * 3000)
    assert (row.reason, row.state) == ("r" * 80, "dead")
    assert row.detail.startswith("\\0?d")
    assert len(row.detail) == 2000


def test_the_event_is_described_as_far_as_its_attributes_are_well_formed(tmp_path: Path) -> None:
    row = row_of(tmp_path, **ABOUT)
    assert {name: getattr(row, name) for name in ABOUT} == ABOUT
    odd = row_of(tmp_path, **ABOUT | {"source": "/Anna Dubois"})
    assert (odd.source, odd.sequence) == (None, None)


def test_the_copy_in_the_topic_names_reason_service_and_position(tmp_path: Path) -> None:
    row = row_of(tmp_path, RECORD._replace(headers=[*RECORD.headers, ("x-kiosk", b"Anna")]), detail="no\0text")
    headers = explained_headers(kept_record(row), row, service="impact")
    assert headers[: len(RECORD.headers)] == RECORD.headers
    assert dict(headers[len(RECORD.headers) :]) == {
        "cefo-reason": b"x",
        "cefo-detail": b"no\\0text",
        "cefo-service": b"impact",
        "cefo-attempts": b"5",
        "cefo-position": b"cefo.intake.visits/1/7",
        "cefo-withheld": b"x-kiosk",
    }


def test_a_fault_is_a_slug_a_text_and_the_readable_attributes() -> None:
    refused = fault_of(RECORD, OutOfOrder(sequence=3, missing=2))
    assert (refused[0], refused[2]) == ("out-of-order", ABOUT)
    assert "before event 2" in refused[1]
    assert fault_of(RECORD, ZeroDivisionError("a fault")) == ("ZeroDivisionError", "a fault", ABOUT)
    unreadable = UnreadableEvent("bad-data", "not JSON", {"subject": "x"})
    assert fault_of(RECORD, unreadable) == ("bad-data", "not JSON", {"subject": "x"})


async def test_erasing_a_person_empties_their_dead_letters_and_lets_the_others_go_on(store: Store) -> None:
    anna, bruno, applied = uuid4(), uuid4(), list[UUID]()
    reactions = Reactions()

    @reactions.on(InterviewHeld)
    async def on_interview_held(work: Work, event: InterviewHeld) -> None:
        if event.subject_ref is not None:
            raise Refused()
        applied.append(event.interview_id)

    @reactions.on(SubjectErased)
    async def on_subject_erased(work: Work, event: SubjectErased) -> None:
        await erase_dead_letters(work, event.subject_ref)

    def held(interview: UUID, sequence: int, subject_ref: UUID | None = None) -> Record:
        facts: dict[str, Any] = {"kind": InterviewKind.GUIDANCE, "centre": "huy", "area": None, "counsellor": "a.b"}
        event = InterviewHeld(interview_id=interview, starts_at=NOON, minutes=60, subject_ref=subject_ref, **facts)
        return record_of(event, sequence)

    refused, early, other = uuid4(), uuid4(), uuid4()
    unreadable = held(uuid4(), 1, anna)
    unreadable = unreadable._replace(value=unreadable.value.replace(b'"huy"', b'"Anna Dubois"'))
    consumer = consumer_for(store, reactions, attempts=1, hold_seconds=1000)
    await consumer.process([held(refused, 1, anna), held(refused, 2), held(early, 2, anna)])
    decided = unreadable._replace(key=(id := str(uuid4()).encode()), headers=[*unreadable.headers, ("ce_subject", id)])
    await consumer.process([unreadable, decided, held(other, 1, bruno)])
    ids = {row.subject: row.id for row in await rows_of(store, "dead_letters")}
    for letter, reason in ((ids[key_of(decided)], "Anna Dubois rang"), (ids[str(other)], "ticket 12")):
        async with store.work() as work:
            noted = {"id": uuid4(), "dead_letter": letter, "at": NOON, "by": "account/a", "reason": reason}
            await work.session.execute(store.table("dead_letter_reveals").insert(), noted)
    await consumer.discard(ids[key_of(decided)], decision_of("account/a", "Anna Dubois rang: a mistake"))
    await consumer.process([record_of(SubjectErased(subject_ref=anna, at=NOON), 1)])
    await consumer.expire_held()
    assert applied == [refused]
    rows = await rows_of(store, "dead_letters")
    states = {(row.subject, row.state, row.reason) for row in rows}
    assert states == {
        (str(refused), "discarded", "subject-erased"),
        (str(early), "discarded", "ahead"),
        (key_of(unreadable), "discarded", "subject-erased"),
        (key_of(decided), "discarded", "bad-data"),
        (str(other), "dead", "refused"),
    }
    for row in rows:
        if row.subject != str(other):
            assert (row.key, row.value, row.sealed, row.subject_ref) == (None, b"", None, None)
    assert {row.decision for row in rows} == {"subject-erased", "account/a", None}
    reveals = await rows_of(store, "dead_letter_reveals")
    assert {(row.by, row.reason) for row in reveals} == {("account/a", ""), ("account/a", "ticket 12")}
    assert store.remains == CONTENTS


async def rows_of(store: Store, table: str) -> list[Any]:
    async with store.read() as session:
        return list((await session.execute(store.table(table).select())).all())


def key_of(record: Record) -> str:
    return (record.key or b"").decode()
