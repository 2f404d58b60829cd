from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.i18n import language
from services.chassis.refusals import Refused
from services.chassis.web import explain
from services.contracts.plans import Dimension
from services.contracts.scheduling import Method
from services.plans.domain import (
    FARTHEST,
    REASONS,
    DimensionsMissing,
    DueInPast,
    DueTooFarAhead,
    FinalisingSessionNotHeld,
    NoActionTrack,
    NoGoal,
    OnlyCounsellorRefers,
    PlanIsConfirmed,
    SecondInterviewNotHeld,
    ServiceWithoutNeed,
    Standing,
    UnknownReason,
    WorkshopNotFinished,
    check_complete,
    check_due,
    check_open,
    check_planned,
    check_referral,
    checklist,
    first_guidance_session,
)

ALL = frozenset(Dimension)
READY = Standing(Method.INDIVIDUAL, interviews_held=2, written=ALL, goals=1, tracks=1)
READY_COLLECTIVE = Standing(
    Method.COLLECTIVE,
    interviews_held=1,
    sessions_recorded=3,
    sessions_total=3,
    workshop_finished=True,
    written=ALL,
    goals=1,
    tracks=1,
)

standings = st.builds(
    Standing,
    method=st.sampled_from(Method),
    interviews_held=st.integers(0, 4),
    sessions_recorded=st.integers(0, 6),
    sessions_total=st.none() | st.integers(1, 6),
    workshop_finished=st.booleans(),
    written=st.frozensets(st.sampled_from(Dimension)),
    goals=st.integers(0, 3),
    tracks=st.integers(0, 3),
)


@given(standings)
def test_a_plan_is_confirmed_exactly_when_the_methods_rule_holds(standing: Standing) -> None:
    if standing.method is Method.INDIVIDUAL:
        sessions_held = standing.interviews_held >= 2
    else:
        sessions_held = standing.workshop_finished and standing.interviews_held >= 1
    holds = sessions_held and standing.written == ALL and standing.goals >= 1 and standing.tracks >= 1
    try:
        check_complete(standing)
        confirmed = True
    except Refused:
        confirmed = False
    assert confirmed == holds
    assert confirmed == all(check.met for check in checklist(standing))


@pytest.mark.parametrize(
    ("standing", "refusal", "values"),
    [
        (
            Standing(Method.INDIVIDUAL, interviews_held=1, written=ALL, goals=1, tracks=1),
            SecondInterviewNotHeld,
            {"held": 1, "needed": 2},
        ),
        (
            Standing(Method.COLLECTIVE, 1, 2, 3, written=ALL, goals=1, tracks=1),
            WorkshopNotFinished,
            {"done": 2, "total": 3},
        ),
        (
            Standing(Method.COLLECTIVE, 0, 3, 3, workshop_finished=True, written=ALL, goals=1, tracks=1),
            FinalisingSessionNotHeld,
            {"held": 0, "needed": 1},
        ),
        (Standing(Method.INDIVIDUAL, 2, written=ALL, tracks=1), NoGoal, {"needed": 1, "found": 0}),
        (Standing(Method.INDIVIDUAL, 2, written=ALL, goals=1), NoActionTrack, {"needed": 1, "found": 0}),
    ],
)
def test_a_refused_confirmation_names_the_rule_and_both_values(
    standing: Standing, refusal: type[Refused], values: dict[str, int]
) -> None:
    with pytest.raises(refusal) as raised:
        check_complete(standing)
    assert raised.value.values == values


def test_missing_dimensions_are_named_in_the_readers_language() -> None:
    with pytest.raises(DimensionsMissing) as raised:
        check_complete(Standing(Method.INDIVIDUAL, 2, written=ALL - {Dimension.VALUES, Dimension.OBSTACLES}))
    reader = language.set("en")
    try:
        assert "Write a few words on: Values, Possible obstacles." in explain(raised.value)
    finally:
        language.reset(reader)


def test_a_workshop_that_nobody_announced_yet_is_explained_without_its_number_of_sessions() -> None:
    with pytest.raises(WorkshopNotFinished) as raised:
        check_complete(Standing(Method.COLLECTIVE, sessions_recorded=1, sessions_total=None))
    assert "?" not in explain(raised.value)


@pytest.mark.parametrize("standing", [READY, READY_COLLECTIVE])
def test_a_complete_plan_has_nothing_left_on_its_list(standing: Standing) -> None:
    assert [check for check in checklist(standing) if not check.met] == []


def test_the_first_guidance_session_depends_on_the_method() -> None:
    held, came = datetime(2026, 3, 9, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
    first = first_guidance_session(Method.INDIVIDUAL, first_held_at=held, first_attended_at=None)
    assert first == held
    assert first_guidance_session(Method.INDIVIDUAL, first_held_at=None, first_attended_at=came) is None
    assert first_guidance_session(Method.COLLECTIVE, first_held_at=held, first_attended_at=came) == came


def test_a_confirmed_plan_says_since_when() -> None:
    check_open(None)
    with pytest.raises(PlanIsConfirmed) as raised:
        check_open(datetime(2026, 4, 1, 10, 0, tzinfo=UTC))
    assert raised.value.values == {"confirmed": "2026-04-01"}


@given(st.dates(), st.dates(max_value=date(2199, 12, 31)))
def test_an_action_is_due_today_or_later(due: date, today: date) -> None:
    if today <= due <= today + FARTHEST:
        check_due(due, today)
        check_planned(due, today)
    else:
        with pytest.raises(DueInPast if due < today else DueTooFarAhead):
            check_due(due, today)


def test_a_referral_has_a_known_reason_and_comes_from_a_counsellor() -> None:
    check_referral(True, REASONS[0], uuid4(), by_counsellor=True)
    check_referral(False, None, None, by_counsellor=False)
    with pytest.raises(UnknownReason):
        check_referral(True, "because", None, by_counsellor=True)
    with pytest.raises(UnknownReason):
        check_referral(True, None, None, by_counsellor=True)
    with pytest.raises(OnlyCounsellorRefers):
        check_referral(True, REASONS[0], None, by_counsellor=False)
    with pytest.raises(ServiceWithoutNeed):
        check_referral(False, None, uuid4(), by_counsellor=True)
