"""The pieces a season is made of, each by itself."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.launcher.season.booking import Site, Step, book_series, quarter_hours
from services.launcher.season.diary import CounsellorBusy, Diary
from services.launcher.season.dice import Dice, WeightedChoice
from services.launcher.season.network import CENTRES
from services.launcher.season.opening import open_days
from services.launcher.season.paths import path_lengths, plan_individual
from services.launcher.season.shape import Published, apportion, day_weight, totals


@given(st.integers(0, 200_000), st.lists(st.integers(1, 10_000), min_size=1, max_size=60))
def test_apportioning_loses_nothing_and_stays_within_one_of_the_exact_share(total: int, weights: list[int]):
    shares = apportion(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share * sum(weights) - total * weight) < sum(weights)


def test_apportioning_breaks_ties_towards_the_earlier_place():
    assert apportion(2, [1, 1, 1]) == [1, 1, 0]


@given(st.integers(2, 2_000), st.integers(0, 50))
def test_path_lengths_add_up_and_are_two_to_four(interviews: int, seed: int):
    lengths = path_lengths(Dice(seed), interviews)
    assert sum(lengths) == interviews
    assert set(lengths) <= {2, 3, 4}


def test_one_interview_makes_no_path():
    with pytest.raises(ValueError, match="1 interviews make no path"):
        path_lengths(Dice("huy"), 1)


def test_kinds_add_up_to_the_published_figures():
    split = totals(Published(visitors=181_689, individual_interviews=87_532, guidance_interviews=5_296))
    guidance = split.individual + split.finalising
    assert guidance == 5_296
    assert split.information + guidance == 87_532
    assert split.no_queue + split.left + split.brief + split.information + guidance == 181_689


def test_the_season_opens_on_working_days_in_belgian_time():
    days = open_days(2017)
    assert (days[0].date, days[-1].date) == (date(2017, 1, 2), date(2017, 9, 29))
    # 195 weekdays less Easter Monday, Labour Day, Ascension, Whit Monday, National Day and Assumption.
    assert len(days) == 189
    assert [day.index for day in days] == list(range(189))
    by_date = {day.date: day for day in days}
    assert by_date[date(2017, 3, 24)].moment(9 * 3600 + 65) == "2017-03-24T09:01:05+01:00"
    assert by_date[date(2017, 3, 27)].moment(9 * 3600 + 300) == "2017-03-27T09:05:00+02:00"


def test_a_day_outside_the_season_has_no_weight():
    with pytest.raises(ValueError, match="2017-10-02 is outside the season"):
        day_weight(date(2017, 10, 2))


def test_dice_of_the_same_name_fall_alike_on_every_python():
    assert [Dice("huy", 7).below(1000) for _ in range(2)] == [Dice("huy", 7).below(1000)] * 2
    dice = Dice("huy", 7)
    assert [dice.below(1000) for _ in range(4)] == [371, 944, 370, 436]
    assert Dice("huy", 8).below(10**9) != Dice("huy", 7).below(10**9)


def test_a_lot_is_drawn_as_often_as_it_weighs():
    dice = Dice("lot")
    lot = WeightedChoice({"desk": 3, "never": 0, "kiosk": 1})
    drawn = [dice.draw(lot) for _ in range(4000)]
    assert 0.72 < drawn.count("desk") / 4000 < 0.78
    assert drawn.count("never") == 0


def test_a_diary_finds_the_first_gap_that_is_long_enough():
    diary = Diary(counsellors=1)
    diary.book(0, 0, 600, 30)
    diary.book(0, 0, 540, 30)
    assert diary.earliest(0, 0, 540, 30, 720) == 570
    assert diary.earliest(0, 0, 540, 45, 720) == 630
    assert diary.earliest(0, 0, 540, 91, 720) is None
    assert diary.earliest(1, 0, 540, 91, 720) == 540


def test_a_diary_refuses_a_second_booking_but_not_one_that_touches():
    diary = Diary(counsellors=1)
    diary.book(0, 0, 540, 60)
    diary.book(0, 0, 600, 60)
    with pytest.raises(CounsellorBusy) as refusal:
        diary.book(0, 0, 599, 1)
    assert refusal.value.slug == "counsellor-busy"
    diary.drop_day(0)
    assert diary.bookings(0, 0) == 0


def test_a_series_goes_to_a_newcomer_when_everybody_is_full():
    site = Site(CENTRES[4], 0, open_days(2017))
    for day in range(20):
        for counsellor in range(site.diary.counsellors):
            site.diary.book(day, counsellor, 9 * 60, 450)
    staff = site.diary.counsellors
    steps = [Step(0, 60, quarter_hours(60)), Step(3, 120, quarter_hours(120))]
    counsellor, slots = book_series(site, 2, steps, range(staff), last=5)
    assert counsellor == staff
    assert [(slot.day, slot.start, slot.minutes) for slot in slots] == [(2, 555, 60), (5, 555, 120)]


def test_a_series_that_begins_too_late_is_refused():
    site = Site(CENTRES[4], 0, open_days(2017))
    steps = [Step(0, 60, quarter_hours(60)), Step(3, 60, quarter_hours(60))]
    with pytest.raises(ValueError, match="begin earlier"):
        book_series(site, 187, steps, range(2), last=188)


def test_more_missed_appointments_than_paths_are_refused():
    with pytest.raises(ValueError, match="9 missed appointments do not fit on"):
        plan_individual(Site(CENTRES[4], 0, open_days(2017)), 4, missed=9)
