from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.opening import Opening
from services.contracts.scheduling import Method
from services.scheduling.domain import refusals, rules, times

BRUSSELS = ZoneInfo("Europe/Brussels")
WEEK = ("MO", "TU", "WE", "TH", "FR")
HOURS = times.Hours(
    BRUSSELS,
    (Opening(WEEK, "09:00", "12:00"), Opening(WEEK, "13:00", "16:30")),
    frozenset({"2026-05-01"}),
)
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def naive(text: str) -> datetime:
    """As a person types it: a local time without zone."""
    return datetime.fromisoformat(text)


def local(text: str) -> datetime:
    return naive(text).replace(tzinfo=BRUSSELS)


moments = st.datetimes(naive("2026-01-01T00:00"), naive("2027-01-01T00:00")).map(lambda at: at.replace(tzinfo=UTC))
quarter_moments = moments.map(lambda at: at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0))
lengths = st.sampled_from([60, 120])


@given(quarter_moments, lengths, st.integers(-12, 12), lengths)
def test_two_appointments_share_a_quarter_hour_exactly_when_they_overlap(
    start: datetime, minutes: int, shift: int, other_minutes: int
) -> None:
    other = start + shift * times.QUARTER
    overlap = start < other + timedelta(minutes=other_minutes) and other < start + timedelta(minutes=minutes)
    shared = set(times.quarters(start, minutes)) & set(times.quarters(other, other_minutes))
    assert bool(shared) == overlap


@given(moments, st.integers(1, 600))
def test_quarter_hours_cover_the_interval_and_no_more(start: datetime, minutes: int) -> None:
    quarters = times.quarters(start, minutes)
    end = start + timedelta(minutes=minutes)
    assert quarters[0] <= start < quarters[0] + times.QUARTER
    assert quarters[-1] < end <= quarters[-1] + times.QUARTER
    assert all(later - earlier == times.QUARTER for earlier, later in pairwise(quarters))


@given(st.datetimes(naive("2025-01-01T00:00"), naive("2028-01-01T00:00")))
def test_a_typed_local_time_comes_back_as_typed_or_is_refused(typed: datetime) -> None:
    try:
        moment = times.from_local(typed, BRUSSELS)
    except refusals.NoSuchLocalTime:
        assert typed.month == 3
        assert typed.hour == 2
    else:
        assert moment.astimezone(BRUSSELS).replace(tzinfo=None) == typed


def test_the_hour_skipped_in_spring_is_refused_with_its_field() -> None:
    with pytest.raises(refusals.NoSuchLocalTime) as refused:
        times.from_local(naive("2026-03-29T02:30"), BRUSSELS, "time")
    assert refused.value.about == "time"


def test_of_the_hour_that_comes_twice_the_first_is_meant() -> None:
    assert times.from_local(naive("2026-10-25T02:30"), BRUSSELS) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_local_days_last_23_24_or_25_hours() -> None:
    def hours(day: date) -> float:
        start, end = times.local_day(day, BRUSSELS)
        return (end - start) / timedelta(hours=1)

    assert [hours(date(2026, 3, 29)), hours(date(2026, 6, 1)), hours(date(2026, 10, 25))] == [23, 24, 25]


@pytest.mark.parametrize(
    ("starts_at", "minutes"),
    [
        ("2026-03-03T08:45", 60),
        ("2026-03-03T11:15", 60),
        ("2026-03-03T11:00", 120),
        ("2026-03-03T16:00", 60),
        ("2026-03-07T10:00", 60),
        ("2026-05-01T10:00", 60),
        ("2026-03-03T23:30", 60),
    ],
)
def test_an_appointment_outside_opening_hours_is_refused_with_the_hours(starts_at: str, minutes: int) -> None:
    with pytest.raises(refusals.OutsideHours) as refused:
        rules.check_appointment(local(starts_at), minutes, HOURS, NOW)
    open_that_day = local(starts_at).weekday() < 5 and starts_at[:10] != "2026-05-01"
    assert refused.value.values == ({"hours": ["09:00–12:00", "13:00–16:30"]} if open_that_day else {})
    assert isinstance(refused.value, refusals.ClosedThatDay) is not open_that_day


@pytest.mark.parametrize("starts_at", ["2026-03-03T09:00", "2026-03-03T11:00", "2026-03-03T15:30", "2026-07-01T15:30"])
def test_an_hour_within_opening_hours_is_possible_in_winter_and_summer(starts_at: str) -> None:
    rules.check_appointment(local(starts_at), 60, HOURS, NOW)


@pytest.mark.parametrize("night", ["2026-03-28", "2026-10-24", "2026-06-06"])
def test_an_opening_until_24_00_goes_on_after_midnight_on_nights_of_any_length(night: str) -> None:
    openings = (Opening(("SA",), "18:00", "24:00"), Opening(("SU",), "00:00", "01:00"))
    hours = times.Hours(BRUSSELS, openings, frozenset())
    for starts_at in (f"{night}T22:00", f"{night}T23:00", f"{night}T23:30"):
        hours.check_open(local(starts_at), 60)
    with pytest.raises(refusals.OutsideHours) as refused:
        hours.check_open(local(f"{night}T23:30"), 120)
    assert refused.value.values["hours"] == ["18:00–24:00"]


@pytest.mark.parametrize("minutes", [0, 30, 59, 90, 61, 180, -60])
def test_a_guidance_interview_takes_60_or_120_minutes(minutes: int) -> None:
    with pytest.raises(refusals.WrongLength) as refused:
        rules.check_appointment(local("2026-03-03T09:00"), minutes, HOURS, NOW)
    assert refused.value.about == "minutes"


def test_an_appointment_begins_on_a_quarter_hour() -> None:
    with pytest.raises(refusals.NotOnQuarterHour):
        rules.check_appointment(local("2026-03-03T09:10"), 60, HOURS, NOW)


def test_an_appointment_lies_in_the_future() -> None:
    with pytest.raises(refusals.NotInFuture):
        rules.check_appointment(NOW, 60, HOURS, NOW)


@given(st.integers(0, 6), st.integers(0, 6))
def test_an_individual_path_takes_four_and_no_fifth(held: int, booked: int) -> None:
    if held + booked < 4:
        rules.check_path_capacity(Method.INDIVIDUAL, held, booked, due=False)
    else:
        with pytest.raises(refusals.FifthInterview):
            rules.check_path_capacity(Method.INDIVIDUAL, held, booked, due=False)


def test_a_collective_path_takes_one_finalising_session_once_it_is_due() -> None:
    with pytest.raises(refusals.FinalisingNotDue):
        rules.check_path_capacity(Method.COLLECTIVE, 0, 0, due=False)
    rules.check_path_capacity(Method.COLLECTIVE, 0, 0, due=True)
    for held, booked in ((1, 0), (0, 1)):
        with pytest.raises(refusals.OneFinalisingSession):
            rules.check_path_capacity(Method.COLLECTIVE, held, booked, due=True)


@given(moments, st.integers(0, 36_000))
def test_begun_minutes_count_and_nothing_takes_no_time(start: datetime, seconds: int) -> None:
    minutes = times.duration_minutes(start, start + timedelta(seconds=seconds))
    assert minutes >= 1
    assert minutes == max(1, (seconds + 59) // 60)


def test_sessions_follow_each_other() -> None:
    first = local("2026-03-03T09:00")
    rules.check_sessions([(first, 120), (first + timedelta(minutes=120), 60)], NOW, BRUSSELS)
    with pytest.raises(refusals.SessionsOverlap):
        rules.check_sessions([(first, 120), (first + timedelta(minutes=105), 60)], NOW, BRUSSELS)
    with pytest.raises(refusals.NotOnQuarterHour):
        rules.check_sessions([(first + timedelta(minutes=5), 120)], NOW, BRUSSELS)
    with pytest.raises(refusals.WorkshopTooOld):
        rules.check_sessions([(first - timedelta(days=60), 120)], NOW, BRUSSELS)


def test_no_reason_for_cancelling_says_anything_about_health() -> None:
    assert not any(
        word in reason.value for reason in rules.CancelReason for word in ("ill", "sick", "health", "unwell")
    )
    assert set(rules.REASON_LABELS) == set(rules.CancelReason)
