"""The use cases of impact, called by requests, incoming events and jobs."""

from services.impact.actions.counting import (
    HeldInterview,
    count,
    count_facts,
    count_interview,
    uncount,
    uncount_facts,
    uncount_interview,
)
from services.impact.actions.publishing import count_held_months, publish_due, publish_months
from services.impact.actions.reading import ReadForm, centres_for, log_read, prune_reads
from services.impact.actions.reports import exact_attended, exact_interviews, exact_report, public_report

__all__ = [
    "HeldInterview",
    "ReadForm",
    "centres_for",
    "count",
    "count_facts",
    "count_held_months",
    "count_interview",
    "exact_attended",
    "exact_interviews",
    "exact_report",
    "log_read",
    "prune_reads",
    "public_report",
    "publish_due",
    "publish_months",
    "uncount",
    "uncount_facts",
    "uncount_interview",
]
