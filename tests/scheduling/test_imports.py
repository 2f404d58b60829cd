from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from services.chassis.storage.store import Store
from services.chassis.web import Outcome
from services.contracts.scheduling import (
    AttendanceRecorded,
    FinalisingSessionDue,
    InterviewCancelled,
    InterviewHeld,
    InterviewMissed,
    Method,
    PathOpened,
    SeatTaken,
    Side,
    WorkshopAnnounced,
)
from services.scheduling.actions import guidance, paths
from services.scheduling.imports import InterviewLine, WorkshopLine, record_interviews, record_workshops
from tests.givens.events import emitted_events, numbered_events
from tests.givens.rows import count
from tests.givens.scheduling import LIEGE, NADIA, Visitor, react

SPRING = datetime(2017, 3, 27, 7, 5, tzinfo=UTC)


def information(**changed: Any) -> InterviewLine:
    line: dict[str, Any] = {
        "interview_id": uuid4(),
        "kind": "information",
        "centre": LIEGE,
        "area": "find-job",
        "counsellor": NADIA,
        "starts_at": SPRING,
        "minutes": 17,
        "status": "fulfilled",
        "visit_id": uuid4(),
    }
    return InterviewLine.model_validate(line | changed)


def guided(path_id: UUID, subject_ref: UUID, **changed: Any) -> InterviewLine:
    line: dict[str, Any] = {
        "visit_id": None,
        "kind": "guidance",
        "minutes": 60,
        "path_id": path_id,
        "method": "individual",
        "subject_ref": subject_ref,
    }
    return information(**line | changed)


def workshop(people: int = 2, **changed: Any) -> WorkshopLine:
    line: dict[str, Any] = {
        "workshop_id": uuid4(),
        "centre": LIEGE,
        "area": "choose-path",
        "title": "Changer de voie",
        "seats": 8,
        "counsellor": NADIA,
        "sessions": [
            {"session_id": uuid4(), "starts_at": SPRING + timedelta(days=7 * week), "minutes": 120} for week in (0, 1)
        ],
        "participants": [
            {"seat_id": uuid4(), "subject_ref": uuid4(), "path_id": uuid4(), "attended": [True, number == 0]}
            for number in range(people)
        ],
    }
    return WorkshopLine.model_validate(line | changed)


async def take_in(store: Store, *lines: InterviewLine) -> Outcome:
    async with store.work() as work:
        return await record_interviews(work, list(enumerate((line.model_copy() for line in lines), 1)))


async def take_in_workshops(store: Store, *lines: WorkshopLine) -> Outcome:
    async with store.work() as work:
        return await record_workshops(work, list(enumerate(lines, 1)))


def why(outcome: Outcome) -> list[tuple[int, str | None, str]]:
    return [(bad.line, bad.field, bad.rule) for bad in outcome.bad]


async def test_past_interviews_are_said_once_however_often_the_file_comes(store: Store) -> None:
    path, person = uuid4(), uuid4()
    lines = [
        information(),
        guided(path, person, number=1),
        guided(path, person, status="noshow"),
        guided(path, person, status="cancelled", cancelled_by="visitor"),
        guided(path, person, number=2, minutes=120),
    ]
    assert (await take_in(store, *lines)).accepted == 5
    again = await take_in(store, *lines)
    assert (again.accepted, again.bad) == (0, [])
    kinds = [type(event) for event in await emitted_events(store)]
    assert kinds == [InterviewHeld, PathOpened, InterviewHeld, InterviewMissed, InterviewCancelled, InterviewHeld]
    assert [one.number for one in await emitted_events(store, InterviewHeld)] == [None, 1, 2]
    (cancelled,) = await emitted_events(store, InterviewCancelled)
    assert (cancelled.cancelled_by, cancelled.reason) == (Side.VISITOR, "not-recorded")
    assert {number for _, number in await numbered_events(store)} == {1}


async def test_the_same_id_with_other_content_is_refused(store: Store) -> None:
    line = information()
    await take_in(store, line)
    outcome = await take_in(store, line.model_copy(update={"minutes": 99}), information())
    assert why(outcome) == [(1, "interview_id", "already-different")]
    assert outcome.accepted == 1


async def test_numbers_are_counted_when_the_file_has_none(store: Store) -> None:
    path, person = uuid4(), uuid4()
    await take_in(store, guided(path, person))
    await take_in(store, guided(path, person), guided(path, person))
    assert [one.number for one in await emitted_events(store, InterviewHeld)] == [1, 2, 3]
    assert len(await emitted_events(store, PathOpened)) == 1


@pytest.mark.parametrize("batches", [1, 5])
async def test_a_fifth_held_interview_of_a_path_is_refused(store: Store, batches: int) -> None:
    path, person = uuid4(), uuid4()
    lines = [guided(path, person) for _ in range(5)]
    if batches == 1:
        outcome = await take_in(store, *lines)
    else:
        outcome = [await take_in(store, line) for line in lines][-1]
    assert [rule for _, _, rule in why(outcome)] == ["fifth-interview"]
    assert await count(store, "interviews") == 4


@pytest.mark.parametrize(
    ("changed", "field", "rule"),
    [
        ({"centre": "atlantis"}, "centre", "unknown-centre"),
        ({"area": "gardening"}, "area", "unknown-area"),
        ({"starts_at": datetime(2031, 1, 1, tzinfo=UTC)}, "starts_at", "in-the-future"),
        ({"subject_ref": uuid4()}, "subject_ref", "field-out-of-place"),
        ({"status": "cancelled"}, "cancelled_by", "field-missing"),
        ({"cancelled_by": "centre"}, "cancelled_by", "field-out-of-place"),
        ({"reason": "other"}, "reason", "field-out-of-place"),
        ({"number": 1}, "number", "field-out-of-place"),
    ],
)
async def test_each_rule_of_a_line_is_named_with_its_field(
    store: Store, changed: dict[str, Any], field: str, rule: str
) -> None:
    outcome = await take_in(store, information(**changed), information())
    assert why(outcome) == [(1, field, rule)]
    assert outcome.accepted == 1


async def test_a_line_that_breaks_several_rules_is_refused_with_each(store: Store) -> None:
    outcome = await take_in(store, information(kind="guidance", centre="atlantis"), information())
    assert why(outcome) == [
        (1, "centre", "unknown-centre"),
        (1, "path_id", "field-missing"),
        (1, "method", "field-missing"),
        (1, "subject_ref", "field-missing"),
        (1, "minutes", "wrong-length"),
    ]
    assert outcome.accepted == 1


async def test_ninety_minutes_of_guidance_are_refused(store: Store) -> None:
    outcome = await take_in(store, guided(uuid4(), uuid4(), minutes=90))
    assert why(outcome) == [(1, "minutes", "wrong-length")]
    assert await emitted_events(store) == []


@pytest.mark.parametrize(
    "wrong",
    [{"minutes": 0}, {"starts_at": "2017-03-27T09:05:00"}, {"counsellor": "Nadia B."}, {"name": "x"}, {"number": 5}],
)
def test_a_line_of_the_wrong_shape_is_no_line(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        information(**wrong)


async def test_a_path_is_one_persons_by_one_method_with_each_number_once(store: Store) -> None:
    path, person = uuid4(), uuid4()
    outcome = await take_in(
        store,
        guided(path, person, number=1),
        guided(path, uuid4()),
        guided(path, person, method="collective"),
        guided(path, person, number=1),
    )
    assert why(outcome) == [
        (2, "path_id", "path-differs"),
        (3, "path_id", "path-differs"),
        (4, "number", "number-taken"),
    ]


async def test_an_import_counts_what_is_booked_here(store: Store, adult: Visitor) -> None:
    async with store.work() as work:
        path = await paths.open_path(work, adult.subject_ref, LIEGE)
    async with store.work() as work:
        at = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
        await guidance.book(work, path.id, counsellor=NADIA, room=None, starts_at=at, minutes=60)
    outcome = await take_in(store, *(guided(path.id, adult.subject_ref) for _ in range(4)))
    assert (outcome.accepted, [rule for _, _, rule in why(outcome)]) == (3, ["fifth-interview"])


async def test_nobody_forgotten_comes_back_by_an_import(store: Store, adult: Visitor) -> None:
    await react(store, [adult.erased()])
    outcome = await take_in(store, guided(uuid4(), adult.subject_ref))
    assert why(outcome) == [(1, "subject_ref", "person-unknown")]


async def test_a_workshop_is_told_from_its_announcement_to_the_finalising_sessions(store: Store) -> None:
    line = workshop(people=2)
    assert (await take_in_workshops(store, line)).accepted == 1
    again = await take_in_workshops(store, line)
    assert (again.accepted, again.bad) == (0, [])
    numbered = [(event, number) for event, number in await numbered_events(store) if event.key == str(line.workshop_id)]
    assert [number for _, number in numbered] == list(range(1, 9))
    kinds = [type(event) for event, _ in numbered]
    assert kinds == [WorkshopAnnounced, *[SeatTaken] * 2, *[AttendanceRecorded] * 4, FinalisingSessionDue]
    assert [event.final for event in await emitted_events(store, AttendanceRecorded)] == [False, False, True, True]
    opened = await emitted_events(store, PathOpened)
    assert {(one.path_id, one.method, one.workshop_id) for one in opened} == {
        (person.path_id, Method.COLLECTIVE, line.workshop_id) for person in line.participants
    }


async def test_after_an_imported_workshop_one_finalising_interview_for_who_stayed(store: Store) -> None:
    line = workshop(people=2)
    await take_in_workshops(store, line)
    stayed, left = line.participants
    outcome = await take_in(
        store,
        guided(stayed.path_id, stayed.subject_ref, method="collective", number=1),
        guided(left.path_id, left.subject_ref, method="collective"),
        guided(stayed.path_id, stayed.subject_ref, method="collective"),
        guided(uuid4(), uuid4(), method="collective"),
    )
    assert why(outcome) == [
        (2, "path_id", "finalising-not-due"),
        (3, "path_id", "one-finalising-session"),
        (4, "path_id", "finalising-not-due"),
    ]


def _with_person(line: WorkshopLine, **changed: Any) -> WorkshopLine:
    person = line.participants[0].model_copy(update=changed)
    return line.model_copy(update={"participants": [person, *line.participants[1:]]})


async def test_each_rule_of_a_workshop_is_named_with_its_field(store: Store) -> None:
    good = workshop()
    lines: Sequence[WorkshopLine] = [
        good,
        workshop(centre="atlantis"),
        workshop(people=9),
        _with_person(workshop(), subject_ref=(double := workshop()).participants[1].subject_ref),
        double.model_copy(update={"participants": [double.participants[1]] * 2}),
        _with_person(workshop(), attended=[True]),
        workshop(sessions=[one.model_dump() for one in reversed(workshop().sessions)]),
        workshop(sessions=good.sessions),
        good.model_copy(update={"title": "Autre raison"}),
        workshop(
            sessions=[{"session_id": uuid4(), "starts_at": datetime(2031, 1, 1, tzinfo=UTC), "minutes": 60}],
            participants=[],
        ),
    ]
    outcome = await take_in_workshops(store, *lines)
    assert why(outcome) == [
        (2, "centre", "unknown-centre"),
        (3, "participants", "too-many-participants"),
        (5, "participants", "double-seat"),
        (6, "participants", "attendance-incomplete"),
        (7, "sessions", "sessions-overlap"),
        (8, "workshop_id", "already-different"),
        (9, "workshop_id", "already-different"),
        (10, "sessions", "in-the-future"),
    ]
    assert outcome.accepted == await count(store, "workshops") == 2
