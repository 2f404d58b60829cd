"""Imports past interviews and workshops from an older system, in batches. A repeated line changes nothing."""

from services.scheduling.imports.interviews import interview_checks, record_interviews
from services.scheduling.imports.lines import InterviewLine, WorkshopLine
from services.scheduling.imports.workshops import record_workshops, workshop_checks

__all__ = [
    "InterviewLine",
    "WorkshopLine",
    "interview_checks",
    "record_interviews",
    "record_workshops",
    "workshop_checks",
]
