from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.contracts.consent import Purpose
from services.contracts.intake import VisitStatus
from services.intake import domain
from tests.givens.intake import AREAS, MONDAY

BRUSSELS = ZoneInfo("Europe/Brussels")
STATUSES = st.sampled_from(VisitStatus)
AREA = st.sampled_from([*AREAS, None, "mobility"])
MINUTES = st.integers(0, 60 * 24)
RANK = {
    VisitStatus.NO_QUEUE: 0,
    VisitStatus.WAITING: 0,
    VisitStatus.CALLED: 1,
    VisitStatus.BEING_SERVED: 2,
    VisitStatus.SERVED: 3,
    VisitStatus.LEFT: 3,
}


def stepped(status: VisitStatus, wanted: VisitStatus) -> VisitStatus:
    try:
        domain.check_step(status, wanted)
    except domain.WrongStep:
        return status
    return wanted


@given(start=st.sampled_from([VisitStatus.WAITING, VisitStatus.NO_QUEUE]), wishes=st.lists(STATUSES, max_size=12))
def test_whatever_is_wished_a_visit_only_goes_forward_and_ends_once(
    start: VisitStatus, wishes: list[VisitStatus]
) -> None:
    path = [start]
    for wish in wishes:
        path.append(stepped(path[-1], wish))
    assert [RANK[status] for status in path] == sorted(RANK[status] for status in path)
    ends = {status for status in path if status in (VisitStatus.SERVED, VisitStatus.LEFT)}
    assert len(ends) <= 1
    if start is VisitStatus.NO_QUEUE:
        assert set(path) == {VisitStatus.NO_QUEUE}
    if VisitStatus.SERVED in path:
        assert VisitStatus.BEING_SERVED in path


@given(status=STATUSES)
def test_nobody_goes_back_to_waiting_or_leaves_once_being_served(status: VisitStatus) -> None:
    with pytest.raises(domain.WrongStep):
        domain.check_step(status, VisitStatus.WAITING)
    assert stepped(VisitStatus.BEING_SERVED, VisitStatus.LEFT) is VisitStatus.BEING_SERVED


def test_somebody_who_did_not_hear_is_called_again() -> None:
    domain.check_step(VisitStatus.CALLED, VisitStatus.CALLED)


@given(one=st.integers(1, 99_999), other=st.integers(1, 99_999), area=AREA, other_area=AREA)
def test_two_numbers_of_a_day_are_two_tickets_whatever_their_areas(
    one: int, other: int, area: str | None, other_area: str | None
) -> None:
    assume(one != other)
    assert domain.ticket(area, one) != domain.ticket(other_area, other)


@given(gaps=st.tuples(MINUTES, MINUTES, MINUTES))
def test_times_in_order_are_believed(gaps: tuple[int, int, int]) -> None:
    called, served, ended = (MONDAY + timedelta(minutes=sum(gaps[: n + 1])) for n in range(3))
    domain.check_times(VisitStatus.SERVED, MONDAY, called, served, ended)
    domain.check_times(VisitStatus.SERVED, MONDAY, None, served, ended)
    domain.check_times(VisitStatus.LEFT, MONDAY, called, None, ended)
    domain.check_times(VisitStatus.NO_QUEUE, MONDAY, None, None, None)


@given(minutes=st.tuples(*[st.integers(-600, 600)] * 3))
def test_times_out_of_order_name_the_first_that_is_wrong(minutes: tuple[int, int, int]) -> None:
    offsets = dict(zip(("called_at", "served_at", "ended_at"), minutes, strict=True))
    last, wrong = 0, None
    for field, offset in offsets.items():
        if offset < last:
            wrong = field
            break
        last = offset
    assume(wrong is not None)
    with pytest.raises(domain.OutOfSequence) as refused:
        domain.check_times(VisitStatus.SERVED, MONDAY, *(MONDAY + timedelta(minutes=offset) for offset in minutes))
    assert refused.value.about == wrong


@pytest.mark.parametrize(
    ("status", "times", "field"),
    [
        (VisitStatus.SERVED, (None, None, MONDAY), "served_at"),
        (VisitStatus.SERVED, (None, MONDAY, None), "ended_at"),
        (VisitStatus.LEFT, (None, None, None), "ended_at"),
        (VisitStatus.LEFT, (None, MONDAY, MONDAY), "served_at"),
        (VisitStatus.NO_QUEUE, (None, None, MONDAY), "ended_at"),
    ],
)
def test_times_fit_how_the_visit_ended(
    status: VisitStatus, times: tuple[datetime | None, datetime | None, datetime | None], field: str
) -> None:
    with pytest.raises(domain.OutOfSequence) as refused:
        domain.check_times(status, MONDAY, *times)
    assert refused.value.about == field


def test_a_desks_clock_may_run_two_minutes_ahead_and_no_more() -> None:
    domain.check_past(MONDAY + domain.CLOCK_TOLERANCE, MONDAY, BRUSSELS)
    with pytest.raises(domain.InTheFuture):
        domain.check_past(MONDAY + domain.CLOCK_TOLERANCE + timedelta(seconds=1), MONDAY, BRUSSELS)


def test_a_live_check_in_is_at_most_thirty_days_late() -> None:
    since = MONDAY - domain.CHECK_IN_WITHIN
    domain.check_past(since, MONDAY, BRUSSELS, earliest=since)
    with pytest.raises(domain.TooLongAgo):
        domain.check_past(since - timedelta(seconds=1), MONDAY, BRUSSELS, earliest=since)


def test_a_time_before_there_were_centres_is_a_mistake() -> None:
    domain.check_past(domain.EARLIEST, MONDAY, BRUSSELS)
    with pytest.raises(domain.TooLongAgo):
        domain.check_past(datetime(1979, 12, 31, tzinfo=UTC), MONDAY, BRUSSELS)


def test_people_agree_only_to_purposes_there_are() -> None:
    domain.check_purposes([purpose.value for purpose in Purpose])
    with pytest.raises(domain.UnknownPurpose):
        domain.check_purposes(["guidance", "advertising"])
