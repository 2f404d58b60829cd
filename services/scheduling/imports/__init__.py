"""Interviews and workshops of the past, taken over from an older system: many at a time, each once."""

from services.scheduling.imports.interviews import record_interviews
from services.scheduling.imports.lines import InterviewLine, WorkshopLine
from services.scheduling.imports.workshops import record_workshops

__all__ = ["InterviewLine", "WorkshopLine", "record_interviews", "record_workshops"]
