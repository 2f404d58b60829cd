"""The use cases of impact, called by requests, incoming events and jobs."""

from services.impact.actions.counting import count, uncount
from services.impact.actions.publishing import count_held_months, publish_due, publish_months
from services.impact.actions.reading import ReadForm, centres_for, log_read, prune_reads
from services.impact.actions.reports import exact_report, public_report

__all__ = [
    "ReadForm",
    "centres_for",
    "count",
    "count_held_months",
    "exact_report",
    "log_read",
    "prune_reads",
    "public_report",
    "publish_due",
    "publish_months",
    "uncount",
]
