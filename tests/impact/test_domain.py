"""The figures add up, whatever was counted."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.impact.domain import (
    MAX_DAYS,
    NAMES,
    Count,
    Figures,
    Measure,
    Months,
    Period,
    PeriodBackwards,
    PeriodTooLong,
    last_day,
    report,
)

COUNTS = st.lists(
    st.builds(
        Count,
        measure=st.sampled_from(Measure),
        centre=st.sampled_from(["liege", "mons", "huy"]),
        month=st.sampled_from(["2017-01", "2017-02", "2017-09"]),
        number=st.integers(0, 100_000),
    )
)


def added(parts: list[Figures]) -> dict[str, int]:
    """The parts, added up field by field."""
    return {name: sum(getattr(part, name) for part in parts) for name in NAMES}


@given(COUNTS)
def test_every_breakdown_adds_up_to_the_whole(counts: list[Count]) -> None:
    made = report(counts)
    whole = added([made.total])
    assert added(list(made.by_centre.values())) == whole
    assert added(list(made.by_month.values())) == whole
    for centre, months in made.by_centre_and_month.items():
        assert added(list(months.values())) == added([made.by_centre[centre]])
    cells = [(month, f) for months in made.by_centre_and_month.values() for month, f in months.items()]
    for month, figures in made.by_month.items():
        assert added([f for other, f in cells if other == month]) == added([figures])


@given(COUNTS)
def test_nothing_is_lost_and_guidance_is_an_individual_interview_too(counts: list[Count]) -> None:
    total = report(counts).total

    def of(measure: Measure) -> int:
        return sum(count.number or 0 for count in counts if count.measure is measure)

    assert total.visitors == of(Measure.VISITORS)
    assert total.guidance_interviews == of(Measure.GUIDANCE)
    assert total.individual_interviews == of(Measure.INFORMATION) + of(Measure.GUIDANCE)
    assert total.workshop_attendances == of(Measure.WORKSHOP_SEATS)
    assert total.plans_confirmed == of(Measure.PLANS)
    assert (total.referrals, total.referrals_completed) == (of(Measure.REFERRALS), of(Measure.REFERRALS_COMPLETED))


@given(COUNTS)
def test_the_order_of_counting_does_not_matter(counts: list[Count]) -> None:
    assert report(list(reversed(counts))) == report(counts)


def test_the_brochures_own_ratios() -> None:
    """48 interviews per 100 visitors; 6 % of the interviews are guidance (p. 28)."""
    figures = Figures()
    for measure, number in ((Measure.VISITORS, 181_689), (Measure.INFORMATION, 82_236), (Measure.GUIDANCE, 5_296)):
        figures.add(measure, number)
    assert figures.individual_interviews == 87_532
    assert (figures.interviews_per_100_visitors, figures.guidance_percent) == (48, 6)


def test_without_visitors_there_is_no_ratio() -> None:
    assert (Figures().interviews_per_100_visitors, Figures().guidance_percent) == (None, None)


def test_a_period_holds_a_day_and_ten_years_at_most() -> None:
    day = date(2017, 1, 1)
    Period(day, day)
    Period(day, day + timedelta(days=MAX_DAYS - 1))
    with pytest.raises(PeriodBackwards):
        Period(day, day - timedelta(days=1))
    with pytest.raises(PeriodTooLong) as refused:
        Period(day, day + timedelta(days=MAX_DAYS))
    assert refused.value.values == {"limit": MAX_DAYS, "days": MAX_DAYS + 1}


def test_a_figure_with_a_part_that_is_not_published_has_no_ratio_and_is_at_least_the_rest() -> None:
    figures = Figures()
    for measure, number in ((Measure.VISITORS, 100), (Measure.INFORMATION, 40), (Measure.GUIDANCE, None)):
        figures.add(measure, number)
    assert [figures.number(name) for name in NAMES[:3]] == [100, 40, None]
    assert figures.withheld == {"individual_interviews", "guidance_interviews"}
    assert (figures.interviews_per_100_visitors, figures.guidance_percent) == (None, None)


def test_public_totals_are_those_of_the_network_not_the_sums_of_the_centres() -> None:
    centres = [Count(Measure.VISITORS, "liege", "2017-01", 40), Count(Measure.VISITORS, "mons", "2017-01", None)]
    made = report(centres, [Count(Measure.VISITORS, "*", "2017-01", 43)])
    assert (made.total.visitors, made.by_month["2017-01"].visitors, made.total.withheld) == (43, 43, set())
    assert report(centres).total.withheld == {"visitors"}


def test_months_are_whole_and_in_order() -> None:
    assert Months("2017-01", "2017-09").until == "2017-09"
    for since, until in (("2017-09", "2017-01"), ("2017-01", "2027-02")):
        with pytest.raises((PeriodBackwards, PeriodTooLong)):
            Months(since, until)
    assert [last_day(month).day for month in ("2017-02", "2020-02", "2017-12")] == [28, 29, 31]
