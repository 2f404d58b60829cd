"""The figures add up, whatever was counted."""

from dataclasses import asdict
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.impact.domain import MAX_DAYS, Count, Figures, Measure, Period, PeriodBackwards, PeriodTooLong, report

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
    return {name: sum(asdict(part)[name] for part in parts) for name in asdict(Figures())}


@given(COUNTS)
def test_every_breakdown_adds_up_to_the_whole(counts: list[Count]) -> None:
    made = report(counts)
    whole = asdict(made.total)
    assert added(list(made.by_centre.values())) == whole
    assert added(list(made.by_month.values())) == whole
    for centre, months in made.by_centre_and_month.items():
        assert added(list(months.values())) == asdict(made.by_centre[centre])
    cells = [(month, f) for months in made.by_centre_and_month.values() for month, f in months.items()]
    for month, figures in made.by_month.items():
        assert added([f for other, f in cells if other == month]) == asdict(figures)


@given(COUNTS)
def test_nothing_is_lost_and_guidance_is_an_individual_interview_too(counts: list[Count]) -> None:
    total = report(counts).total

    def of(measure: Measure) -> int:
        return sum(count.number for count in counts if count.measure is measure)

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
