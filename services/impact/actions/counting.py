"""Counts results, and takes back what was entered in error."""

from dataclasses import dataclass
from datetime import datetime

from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.store import Work
from services.contracts.appointments import AppointmentMode
from services.contracts.outcomes import InterviewOutcome
from services.contracts.scheduling import InterviewKind
from services.impact.domain import Fact, Measure, sort_of
from services.impact.store import add_facts, add_interviews, add_to_count


@dataclass(frozen=True, slots=True)
class HeldInterview:
    """What is counted of an interview, on the day on which it began."""

    kind: InterviewKind
    starts_at: datetime
    centre: str
    area: str | None
    mode: AppointmentMode
    outcome: InterviewOutcome | None


def count(work: Work, measure: Measure, at: datetime, centre: str, area: str | None = None) -> None:
    """Count one, on the centre's local day."""
    add_to_count(work, measure, at.astimezone(BRUSSELS).date(), centre, area, 1)


def uncount(work: Work, measure: Measure, at: datetime, centre: str, area: str | None = None) -> None:
    """Subtract one that was counted."""
    add_to_count(work, measure, at.astimezone(BRUSSELS).date(), centre, area, -1)


def count_facts(work: Work, at: datetime, centre: str, *facts: Fact) -> None:
    """Count one of each, on the centre's local day."""
    add_facts(work, at.astimezone(BRUSSELS).date(), centre, facts, 1)


def uncount_facts(work: Work, at: datetime, centre: str, *facts: Fact) -> None:
    """Subtract one of each that was counted."""
    add_facts(work, at.astimezone(BRUSSELS).date(), centre, facts, -1)


def count_interview(work: Work, held: HeldInterview) -> None:
    """Count an interview, by area, and by mode and outcome."""
    _add(work, held, 1)


def uncount_interview(work: Work, held: HeldInterview) -> None:
    """Subtract an interview that was counted so."""
    _add(work, held, -1)


def _add(work: Work, held: HeldInterview, number: int) -> None:
    day = held.starts_at.astimezone(BRUSSELS).date()
    measure = Measure.GUIDANCE if held.kind is InterviewKind.GUIDANCE else Measure.INFORMATION
    add_to_count(work, measure, day, held.centre, held.area, number)
    add_interviews(work, day, held.centre, sort_of(held.kind, held.mode, held.outcome), number)
