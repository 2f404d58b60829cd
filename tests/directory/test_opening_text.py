"""Opening hours as text: what is read, what is refused and why, and the fields that others read."""

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.refusals import Invalid
from services.contracts.directory import WEEKDAYS
from services.contracts.opening import Hours
from services.directory.domain.centres import DEFAULT_HOURS, public_holidays
from services.directory.domain.opening_text import Spans, Week, fields_of, text_of, week_of, week_of_fields

TEXT = "Mo-Fr 09:00-12:00,13:00-16:30; Sa 09:00-12:00; PH off; 2026 Dec 24 09:00-12:00; 2026 Dec 31 off"
HOLIDAYS = public_holidays(2026, 2027)


def _spans(quarters: list[int]) -> Spans:
    times = [f"{one // 4:02d}:{one % 4 * 15:02d}" for one in sorted(quarters)]
    return tuple(zip(times[::2], times[1::2], strict=True))


_DAY = st.lists(st.integers(0, 96), unique=True, max_size=6).filter(lambda one: len(one) % 2 == 0).map(_spans)
_DATES = st.dates(min_value=date(2020, 1, 1)).map(lambda day: day.isoformat())


@given(st.dictionaries(st.sampled_from(WEEKDAYS), _DAY), st.booleans(), st.dictionaries(_DATES, _DAY, max_size=5))
def test_every_week_is_read_back(usual: dict[str, Spans], holidays: bool, exceptions: dict[str, Spans]) -> None:
    usual = {day: usual[day] for day in WEEKDAYS if usual.get(day)}
    week = Week(usual, holidays, dict(sorted(exceptions.items())))
    assert week_of(text_of(week)) == week


@given(st.text(alphabet="MoTuFrSaPH of,;:-0123456789Dec", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    week = Week({}, False, {})
    with contextlib.suppress(Invalid):
        week = week_of(text)
    assert week_of(text_of(week)) == week


def test_dates_may_be_written_as_iso() -> None:
    assert text_of(week_of(TEXT.replace("2026 Dec 24", "2026-12-24"))) == TEXT
    assert text_of(week_of(TEXT.replace("09:00", "9:00"))) == TEXT


@pytest.mark.parametrize(
    ("text", "slug", "rule"),
    [
        ("Mo 9-12", "opening-rule", "Mo 9-12"),
        ("1926 Dec 24 off", "opening-rule", "1926 Dec 24 off"),
        ("Fr-Mo 09:00-12:00", "opening-rule", "Fr-Mo 09:00-12:00"),
        ("Mo 09:00-25:00", "opening-rule", "Mo 09:00-25:00"),
        ("2026 Feb 30 off", "opening-rule", "2026 Feb 30 off"),
        ("Mo 09:00-12:00; PH off; Tu 09:00-12:00", "opening-rule-order", "Tu 09:00-12:00"),
        ("Mo-We 09:00-12:00; Tu 13:00-14:00", "opening-rule-order", "Tu 13:00-14:00"),
        ("PH off; PH off", "opening-rule-order", "PH off"),
        ("2026 Dec 24 off; 2026-12-24 09:00-12:00", "opening-rule-order", "2026-12-24 09:00-12:00"),
        ("Mo 12:00-09:00", "wrong-hours", None),
        ("Mo 09:00-12:00,11:00-13:00", "hours-overlap", None),
        ("Mo 09:00-12:00; Fr 09:00-12:00,11:00-13:00", "hours-overlap", None),
    ],
)
def test_a_rule_that_is_refused_is_named(text: str, slug: str, rule: str | None) -> None:
    with pytest.raises(Invalid) as caught:
        week_of(text)
    assert (caught.value.slug, caught.value.values.get("rule")) == (slug, rule)
    if slug == "hours-overlap":
        assert caught.value.values["weekday"] == text.rpartition("; ")[2]


def test_older_readers_see_a_day_with_other_hours_as_closed() -> None:
    fields = fields_of(week_of(TEXT), HOLIDAYS)
    assert "2026-12-24" in fields["closed_on"]
    assert "2026-12-25" in fields["closed_on"]

    hours = Hours.of_fields("Europe/Brussels", **fields)
    assert hours.of(date(2026, 12, 24)) == [("09:00", "12:00")]
    assert hours.of(date(2026, 12, 25)) == []
    assert hours.of(date(2026, 12, 31)) == []
    assert hours.of(date(2026, 12, 26)) == [("09:00", "12:00")]


def test_a_holiday_with_hours_of_its_own_is_open() -> None:

    fields = fields_of(week_of("Mo-Fr 09:00-12:00; PH off; 2026 Jul 21 10:00-11:00"), HOLIDAYS)
    assert Hours.of_fields("Europe/Brussels", **fields).of(date(2026, 7, 21)) == [("10:00", "11:00")]


def test_the_older_fields_have_a_text() -> None:
    week = week_of_fields(DEFAULT_HOURS, [*HOLIDAYS, "2026-12-24"], HOLIDAYS)
    assert text_of(week) == "Mo-Fr 09:00-12:00,13:00-16:30; PH off; 2026 Dec 24 off"
    assert fields_of(week, HOLIDAYS)["closed_on"] == sorted({*HOLIDAYS, "2026-12-24"})


def test_a_holiday_that_a_manager_took_out_is_an_exception() -> None:
    open_on = "2026-11-11"
    week = week_of_fields(DEFAULT_HOURS, [day for day in HOLIDAYS if day != open_on], HOLIDAYS)
    assert open_on in HOLIDAYS
    assert (week.closed_on_holidays, list(week.exceptions)) == (True, [open_on])
    assert week.exceptions[open_on] == week.usual["WE"]
