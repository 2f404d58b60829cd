"""Each event counts once, on the centre's local day, whatever comes twice and however it is batched."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.brokers import broker_of
from services.chassis.events import rebuild
from services.chassis.events.rebuild import Rebuilding
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.store import Store
from services.chassis.testing import publish, quiet_settings, record_of
from services.contracts import Event
from services.contracts.appointments import AppointmentMode
from services.contracts.directory import ReferralStatus
from services.contracts.intake import VisitCalled
from services.contracts.interviews import InterviewOutcomeCorrected, InterviewResumed, InterviewUndone
from services.contracts.outcomes import InterviewOutcome
from services.contracts.scheduling import (
    InterviewBooked,
    InterviewCancelled,
    InterviewHeld,
    InterviewKind,
    InterviewMissed,
    Method,
    Side,
)
from services.impact.app import SERVICE
from services.impact.domain import Fact, Period, interview_report, sort_of
from services.impact.reactions import reactions
from services.impact.store import facts_counted, interviews_held
from services.launcher.embedded import EmbeddedKafka
from tests.givens.impact import (
    NOON,
    attended,
    centre,
    checked_in,
    corrected_area,
    held,
    plan_confirmed,
    process,
    recorded,
    records,
    referral_is,
    referral_requested,
    tallies,
)

DAY = date(2017, 3, 27)


@pytest.mark.parametrize(
    ("events", "counted"),
    [
        ([checked_in()], ("visitors", "find-job")),
        ([checked_in(area=None)], ("visitors", "")),
        ([recorded()], ("visitors", "find-job")),
        ([held()], ("information_interviews", "find-job")),
        ([held(InterviewKind.GUIDANCE)], ("guidance_interviews", "find-job")),
        ([attended(came=True)], ("workshop_attendances", "")),
        ([plan_confirmed()], ("plans_confirmed", "")),
        ([referral_requested()], ("referrals", "find-job")),
    ],
)
async def test_what_is_a_result_counts_once(store: Store, events: Sequence[Event], counted: tuple[str, str]) -> None:
    incoming = records(events)
    await publish(store, reactions, *incoming)
    measure, area = counted
    assert await tallies(store) == {(DAY, "liege", measure, area): 1}
    await publish(store, reactions, *incoming)
    await publish(store, reactions, *incoming, *incoming)
    assert await tallies(store) == {(DAY, "liege", measure, area): 1}, "what comes again counts no more"


async def test_who_did_not_come_and_steps_on_the_way_count_nothing(store: Store) -> None:
    sent = referral_requested()
    await process(store, attended(came=False), sent)
    moved = [ReferralStatus.RECEIVED, ReferralStatus.ACCEPTED, ReferralStatus.COMPLETED]
    incoming = [record_of(referral_is(status, sent.referral_id), number) for number, status in enumerate(moved, 2)]
    await publish(store, reactions, *incoming)
    assert await tallies(store) == {
        (DAY, "liege", "referrals", "find-job"): 1,
        (DAY, "liege", "referrals_completed", ""): 1,
    }


async def test_a_presence_that_is_corrected_is_taken_back_on_the_day_it_was_counted(store: Store) -> None:
    came = attended(came=True)
    later = NOON + timedelta(days=2)
    absent = came.model_copy(update={"at": later, "attended": False, "present_since": NOON})
    again = came.model_copy(update={"at": later})
    await publish(store, reactions, record_of(came, 1), record_of(absent, 2))
    assert set((await tallies(store)).values()) == {0}
    await publish(store, reactions, record_of(again, 3))
    counted = {cell: number for cell, number in (await tallies(store)).items() if number}
    assert counted == {(later.date(), "liege", "workshop_attendances", ""): 1}


async def test_a_corrected_need_moves_the_visitor_on_the_day_of_the_visit(store: Store) -> None:
    visit = checked_in()
    corrected = corrected_area(visit, before="find-job", area=None)
    again = corrected_area(visit, before=None, area="choose-path")
    await publish(store, reactions, record_of(visit, 1), record_of(corrected, 2), record_of(again, 3))
    counted = {cell: number for cell, number in (await tallies(store)).items() if number}
    assert counted == {(DAY, "liege", "visitors", "choose-path"): 1}


async def test_an_event_that_impact_does_not_count_is_passed_by(store: Store) -> None:
    visit = checked_in()
    called = VisitCalled(visit_id=visit.visit_id, centre="liege", at=NOON, desk="desk-1")
    await publish(store, reactions, record_of(visit, 1), record_of(called, 2))
    assert await tallies(store) == {(DAY, "liege", "visitors", "find-job"): 1}


async def test_bookings_count_nothing_and_people_interviews_and_workshops_stand_apart(store: Store) -> None:
    """A visitor books three times, is at one interview, and at a workshop with two others, one of whom is absent."""
    took_place = held(InterviewKind.GUIDANCE)
    ids = [took_place.interview_id, uuid4(), uuid4()]
    same: dict[str, Any] = {"kind": InterviewKind.GUIDANCE, "centre": "liege"}
    booked: dict[str, Any] = same | {
        "subject_ref": uuid4(),
        "path_id": uuid4(),
        "method": Method.INDIVIDUAL,
        "room": None,
    }
    booked |= {"counsellor": "c01", "starts_at": NOON, "minutes": 60}
    await process(store, *(InterviewBooked(interview_id=id, **booked) for id in ids))
    cancelled = InterviewCancelled(interview_id=ids[1], at=NOON, cancelled_by=Side.VISITOR, reason="other", **same)
    missed = InterviewMissed(interview_id=ids[2], at=NOON, **same)
    await publish(store, reactions, *(record_of(one, 2) for one in (took_place, cancelled, missed)))
    await process(store, checked_in(), attended(came=True), attended(came=True), attended(came=False))
    assert await tallies(store) == {
        (DAY, "liege", "visitors", "find-job"): 1,
        (DAY, "liege", "guidance_interviews", "find-job"): 1,
        (DAY, "liege", "workshop_attendances", ""): 2,
    }


async def test_many_of_a_cell_in_one_batch_and_in_several_add_up(store: Store) -> None:
    for size in (1, 7, 200):
        await process(store, *(checked_in() for _ in range(size)), *(held() for _ in range(size)))
    assert await tallies(store) == {
        (DAY, "liege", "visitors", "find-job"): 208,
        (DAY, "liege", "information_interviews", "find-job"): 208,
    }


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2017, 3, 26, 21, 59, 59, tzinfo=UTC), date(2017, 3, 26)),  # 23:59:59 in Brussels, summer time
        (datetime(2017, 3, 26, 22, 0, tzinfo=UTC), date(2017, 3, 27)),  # midnight in Brussels
        (datetime(2017, 1, 31, 22, 59, 59, tzinfo=UTC), date(2017, 1, 31)),  # 23:59:59, winter time
        (datetime(2017, 1, 31, 23, 0, tzinfo=UTC), date(2017, 2, 1)),  # midnight: another month
        (datetime(2017, 3, 25, 22, 59, 59, tzinfo=UTC), date(2017, 3, 25)),  # the last second before the short day
        (datetime(2017, 3, 25, 23, 0, tzinfo=UTC), date(2017, 3, 26)),  # the day of 23 hours begins
        (datetime(2017, 3, 26, 1, 0, tzinfo=UTC), date(2017, 3, 26)),  # 02:00 becomes 03:00
        (datetime(2017, 10, 28, 22, 0, tzinfo=UTC), date(2017, 10, 29)),  # the day of 25 hours begins
        (datetime(2017, 10, 29, 0, 30, tzinfo=UTC), date(2017, 10, 29)),  # 02:30 the first time
        (datetime(2017, 10, 29, 1, 30, tzinfo=UTC), date(2017, 10, 29)),  # 02:30 the second time
        (datetime(2017, 10, 29, 22, 59, 59, tzinfo=UTC), date(2017, 10, 29)),  # its last second
        (datetime(2017, 10, 29, 23, 0, tzinfo=UTC), date(2017, 10, 30)),
    ],
)
async def test_the_day_is_the_centres_own(store: Store, at: datetime, day: date) -> None:
    await process(store, checked_in(at), held(at=at.astimezone(BRUSSELS)))
    assert {cell[0] for cell in await tallies(store)} == {day}


@given(st.datetimes(datetime(2016, 1, 1), datetime(2019, 1, 1)))  # noqa: DTZ001
def test_a_local_day_has_no_gap_and_no_double(naive: datetime) -> None:
    """Two moments one second apart are on the same day or on two that follow each other."""
    moment = naive.replace(tzinfo=UTC)
    days = [at.astimezone(BRUSSELS).date() for at in (moment, moment + timedelta(seconds=1))]
    assert days[1] - days[0] in (timedelta(0), timedelta(days=1))


SINCE = Period(date(2017, 1, 1), date(2017, 12, 31))
CAME_BACK = InterviewOutcome(next_step="come-back", guidance_offered=True)
TAKEN = InterviewOutcome(next_step="guidance-path", guidance_offered=True, guidance_taken=True)


def changed(interview: InterviewHeld, event: type[Event], **more: object) -> Event:
    """What takes back or corrects this held interview."""
    facts = interview.model_dump() | {"at": NOON, "held": True, "visit_id": None} | more
    return event.model_validate(facts)


async def interviews(store: Store) -> dict[str, dict[str, tuple[int, int]]]:
    """Information and guidance interviews by code, those that count."""
    async with store.read() as session:
        made = interview_report(await interviews_held(session, SINCE))
    parts = {"mode": made.by_mode, "step": made.by_next_step, "offer": made.by_guidance}
    return {
        name: {row.code: (row.information, row.guidance) for row in rows if row.information or row.guidance}
        for name, rows in parts.items()
    }


async def facts(store: Store) -> dict[Fact, int]:
    async with store.read() as session:
        return await facts_counted(session, SINCE)


async def test_what_nobody_stated_counts_as_not_stated(store: Store) -> None:
    topics_only = InterviewOutcome(topics=("training",), next_step="not-stated", guidance_stated=False)
    of_older_version = InterviewOutcome.model_validate({"next_step": "none"})
    await process(store, *(held().model_copy(update={"outcome": one}) for one in (topics_only, of_older_version)))
    assert await interviews(store) == {
        "mode": {"in-person": (2, 0)},
        "step": {"none": (1, 0), "": (1, 0)},
        "offer": {"not-offered": (1, 0), "": (1, 0)},
    }


async def test_interviews_count_by_mode_and_outcome_information_and_guidance_apart(store: Store) -> None:
    by_video = held(InterviewKind.GUIDANCE).model_copy(update={"mode": AppointmentMode.VIDEOCONFERENCE})
    await process(store, held(), held().model_copy(update={"outcome": TAKEN}), by_video)
    assert await interviews(store) == {
        "mode": {"in-person": (2, 0), "videoconference": (0, 1)},
        "step": {"guidance-path": (1, 0), "": (1, 1)},
        "offer": {"taken": (1, 0), "": (1, 1)},
    }


async def test_what_is_undone_resumed_or_corrected_moves_in_every_count(store: Store) -> None:
    one = held().model_copy(update={"outcome": TAKEN})
    corrected = changed(
        one,
        InterviewOutcomeCorrected,
        area_before=one.area,
        area="choose-path",
        outcome_before=TAKEN.model_dump(),
        outcome=CAME_BACK.model_dump(),
    )
    await publish(store, reactions, record_of(one, 1), record_of(corrected, 2))
    assert await interviews(store) == {
        "mode": {"in-person": (1, 0)},
        "step": {"come-back": (1, 0)},
        "offer": {"offered": (1, 0)},
    }
    counted = {cell: number for cell, number in (await tallies(store)).items() if number}
    assert counted == {(DAY, "liege", "information_interviews", "choose-path"): 1}
    resumed = changed(one, InterviewResumed, area="choose-path", outcome=CAME_BACK.model_dump())
    again = one.model_copy(update={"outcome": None})
    undone = changed(one, InterviewUndone, outcome=None)
    await publish(store, reactions, record_of(resumed, 3))
    assert await interviews(store) == {"mode": {}, "step": {}, "offer": {}}
    await publish(store, reactions, record_of(again, 4))
    assert (await interviews(store))["step"] == {"": (1, 0)}
    await publish(store, reactions, record_of(undone, 5))
    assert await interviews(store) == {"mode": {}, "step": {}, "offer": {}}
    assert not any((await tallies(store)).values())


async def test_a_rebuild_counts_everything_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It empties every count, whatever the topics hold; then the same events come again."""
    by_video = held(InterviewKind.GUIDANCE).model_copy(update={"mode": AppointmentMode.VIDEOCONFERENCE})
    known = held().model_copy(update={"first_of_person": True})
    incoming = records([centre("namur"), checked_in(), known, by_video, attended(came=True), plan_confirmed()])
    await publish(store, reactions, *incoming)
    counted = (await interviews(store), await tallies(store), await facts(store))
    assert counted[2] == {Fact.INFORMATION_KNOWN: 1, Fact.INFORMATION_PEOPLE: 1, Fact.PRESENT: 1}
    monkeypatch.setattr(rebuild, "check_history", Mock())
    kafka = EmbeddedKafka()
    broker = broker_of(quiet_settings(Path(), kafka=kafka.bootstrap), embedded=True)
    await Rebuilding(store, broker, reactions, SERVICE.read_model_tables).start("t/ops")
    kafka.close()
    assert (await interviews(store), await tallies(store)) == ({"mode": {}, "step": {}, "offer": {}}, {})
    assert await facts(store) == {}
    await publish(store, reactions, *incoming)
    assert (await interviews(store), await tallies(store), await facts(store)) == counted


def test_what_was_counted_by_another_mode_before_is_never_below_zero() -> None:
    at_the_centre = sort_of(InterviewKind.GUIDANCE, AppointmentMode.IN_PERSON, None)
    by_video = sort_of(InterviewKind.GUIDANCE, AppointmentMode.VIDEOCONFERENCE, None)
    made = interview_report([(at_the_centre, 1), (by_video, -1)])
    assert {row.code: row.guidance for row in made.by_mode if row.guidance} == {"in-person": 1}


@given(
    st.lists(
        st.tuples(st.sampled_from(InterviewKind), st.sampled_from(AppointmentMode), st.sampled_from([None, TAKEN]))
    )
)
def test_each_list_adds_up_to_all_interviews(held: list[tuple[InterviewKind, AppointmentMode, None]]) -> None:
    made = interview_report([(sort_of(*one), 1) for one in held])
    for rows in (made.by_mode, made.by_next_step, made.by_guidance):
        assert sum(row.information + row.guidance for row in rows) == len(held)
        assert sum(row.guidance for row in rows) == sum(kind is InterviewKind.GUIDANCE for kind, _, _ in held)
