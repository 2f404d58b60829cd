"""Periods of a report: days for people who may see exact figures, whole months for everyone."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from services.chassis.refusals import Invalid, msg


class PeriodBackwards(Invalid):
    """The period ends before it begins."""

    slug = "period-backwards"
    message = msg("The end date ({until}) is before the start date ({since}). Change one of the two dates.")
    field_name = "to"


class MonthsBackwards(PeriodBackwards):
    """The last month is before the first one."""

    message = msg("The last month is before the first month. Change one of the two months.")


class PeriodTooLong(Invalid):
    """The period is longer than a page can show."""

    slug = "period-too-long"
    message = msg("The period is too long: choose a shorter one. Maximum number of days: {limit}. Days chosen: {days}.")
    field_name = "to"


class NotAMonth(Invalid):
    """A month that cannot be read."""

    slug = "not-a-month"
    message = msg("“{text}” is not a month. Public figures are for whole months. Write for example 2017-01.")


MAX_DAYS = 366 * 10
_MONTH = re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both included, in the centres' local days."""

    since: date
    until: date

    def __post_init__(self) -> None:
        days = (self.until - self.since).days + 1
        if days < 1:
            raise PeriodBackwards(since=self.since, until=self.until)
        if days > MAX_DAYS:
            raise PeriodTooLong(limit=MAX_DAYS, days=days)


@dataclass(frozen=True, slots=True)
class Months:
    """From the first month (`2017-01`) to the last, both included."""

    since: str
    until: str

    def __post_init__(self) -> None:
        for field, text in (("from", self.since), ("to", self.until)):
            if _MONTH.fullmatch(text) is None:
                raise NotAMonth(about=field, text=text)
        if self.until < self.since:
            raise MonthsBackwards(since=self.since, until=self.until)
        days = (last_day(self.until) - first_day(self.since)).days + 1
        if days > MAX_DAYS:
            raise PeriodTooLong(limit=MAX_DAYS, days=days)


def month_of(day: date) -> str:
    """The month of a day: `2017-03`."""
    return f"{day:%Y-%m}"


def first_day(month: str) -> date:
    """The first day of a month."""
    return date.fromisoformat(f"{month}-01")


def last_day(month: str) -> date:
    """The last day of a month."""
    return (first_day(month) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
