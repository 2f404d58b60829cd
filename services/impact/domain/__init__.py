"""Impact's rules: the figures and how they add up, periods, and which figures are published."""

from services.impact.domain.attended import (
    Fact,
    PeopleReport,
    WorkshopReport,
    attended_report,
    of_interview,
    of_presence,
    of_released,
)
from services.impact.domain.disclosure import ALL, Published, is_small, protect
from services.impact.domain.figures import NAMES, WITHOUT_AREA, Count, Figures, Measure, Report, names_of, report
from services.impact.domain.interviews import (
    NOT_STATED,
    InterviewReport,
    InterviewSort,
    interview_report,
    sort_of,
)
from services.impact.domain.periods import (
    MAX_DAYS,
    Months,
    MonthsBackwards,
    NotAMonth,
    Period,
    PeriodBackwards,
    PeriodTooLong,
    first_day,
    last_day,
    month_of,
)
from services.impact.domain.refusals import FiguresRebuilding, MonthNotEnded, PublishedBefore

__all__ = [
    "ALL",
    "MAX_DAYS",
    "NAMES",
    "NOT_STATED",
    "WITHOUT_AREA",
    "Count",
    "Fact",
    "Figures",
    "FiguresRebuilding",
    "InterviewReport",
    "InterviewSort",
    "Measure",
    "MonthNotEnded",
    "Months",
    "MonthsBackwards",
    "NotAMonth",
    "PeopleReport",
    "Period",
    "PeriodBackwards",
    "PeriodTooLong",
    "Published",
    "PublishedBefore",
    "Report",
    "WorkshopReport",
    "attended_report",
    "first_day",
    "interview_report",
    "is_small",
    "last_day",
    "month_of",
    "names_of",
    "of_interview",
    "of_presence",
    "of_released",
    "protect",
    "report",
    "sort_of",
]
